"""The folder sink: what a reader sees, what a crash or a vanished share does, what the sidecar tells."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pydantic import ValidationError
from support.desk import CONTENT, ID, NAME, OTHER_ID, Crash, Crashing, fax, seen, sidecar, sink, staged, tiff

from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.files import open_files
from faxdaemon.sinks.folder import Options


def test_a_fax_appears_whole_with_its_sidecar(desk: Path, spooled: Path) -> None:
    one = sink(desk)
    plan = one.stage(fax(), spooled)
    assert seen(desk) == []
    one.publish(plan)
    assert seen(desk) == [f"{NAME}.json", f"{NAME}.pdf"]
    assert (desk / f"{NAME}.pdf").read_bytes() == CONTENT
    assert staged(desk) == []
    assert one.key == "main:desk"


def test_the_plan_survives_json_and_shows_the_sidecar_first(desk: Path, spooled: Path) -> None:
    plan = json.loads(json.dumps(sink(desk).stage(fax(), spooled)))
    assert [Path(target).suffix for _, target, _ in plan["files"]] == [".json", ".pdf"]
    sink(desk).publish(plan)
    assert seen(desk) == [f"{NAME}.json", f"{NAME}.pdf"]


def test_the_sidecar_tells_everything(desk: Path, spooled: Path) -> None:
    one = sink(desk)
    odd = fax()
    assert odd.document is not None
    one.publish(one.stage(replace(odd, document=replace(odd.document, warning="4 pages were announced")), spooled))
    file = {
        "file": f"{NAME}.pdf",
        "media": "application/pdf",
        "size": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    assert sidecar(desk / f"{NAME}.json") == {
        "schema": 1,
        "id": ID,
        "account": "main",
        "service": "faxage",
        "provider_id": "p-4711",
        "line": "+13035550100",
        "from": "+13035550177",
        "name": "Dr Weiss",
        "csid": "DR. WEISS ®",
        "station": None,
        "received_at": "2026-11-20T16:31:05+00:00",
        "first_seen": "2026-11-20T16:31:05+00:00",
        "duration_s": 85,
        "pages": 3,
        "announced": 3,
        "resolution": "fine",
        "speed": 14400,
        "partial": False,
        "warning": "4 pages were announced",
        **file,
        "files": [file],
        "original": None,
        "lossless": None,
        "provider": {"RecvID": 4711, "Note": "für Büro"},
    }


def test_the_same_fax_gives_the_same_sidecar_bytes(desk: Path, spooled: Path) -> None:
    one = sink(desk)
    first, second = (one.stage(fax(), spooled) and (desk / ".faxdaemon" / f"{ID}-json").read_bytes() for _ in range(2))
    assert first == second
    assert list(json.loads(first)) == sorted(json.loads(first))


def test_the_sidecar_can_be_left_out(desk: Path, spooled: Path) -> None:
    one = sink(desk, sidecar="none")
    one.publish(one.stage(fax(), spooled))
    assert seen(desk) == [f"{NAME}.pdf"]


def test_what_nobody_knows_is_called_unknown_and_nothing_leads_out_of_the_folder(desk: Path, spooled: Path) -> None:
    one = sink(desk, name="{from}_{csid}_{received:%H:%M}")
    listed = replace(fax().listed, caller=None, csid="../../etc/passwd\n", received_at=None)
    one.publish(one.stage(replace(fax(), listed=listed), spooled))
    assert seen(desk) == [f"unknown_.._.._etc_passwd_09_31{suffix}" for suffix in (".json", ".pdf")]


# -- names that are taken


@pytest.mark.parametrize("suffix", [".pdf", ".json", ".tif"])
def test_a_taken_name_is_numbered_for_both_files(desk: Path, spooled: Path, suffix: str) -> None:
    (desk / f"{NAME}{suffix}").write_bytes(b"somebody's")
    one = sink(desk)
    one.publish(one.stage(fax(), spooled))
    assert seen(desk) == sorted([f"{NAME}{suffix}", f"{NAME}_2.json", f"{NAME}_2.pdf"])
    assert (desk / f"{NAME}{suffix}").read_bytes() == b"somebody's"
    assert sidecar(desk / f"{NAME}_2.json")["file"] == f"{NAME}_2.pdf"


def test_with_all_numbers_taken_the_id_makes_the_name(desk: Path, spooled: Path) -> None:
    for stem in (NAME, *(f"{NAME}_{number}" for number in range(2, 20))):
        (desk / f"{stem}.pdf").touch()
    one = sink(desk)
    one.publish(one.stage(fax(), spooled))
    assert (desk / f"{NAME}_{ID}.pdf").read_bytes() == CONTENT


@pytest.mark.parametrize("suffix", [".pdf", ".json"])
def test_a_name_taken_after_staging_is_left_alone_and_the_sidecar_names_the_right_file(
    desk: Path, spooled: Path, suffix: str
) -> None:
    one = sink(desk)
    plan = one.stage(fax(), spooled)
    (desk / f"{NAME}{suffix}").write_bytes(b"somebody's")
    one.publish(plan)
    aside = f"{NAME}_{ID}"
    assert seen(desk) == sorted([f"{NAME}{suffix}", f"{aside}.json", f"{aside}.pdf"])
    assert (desk / f"{NAME}{suffix}").read_bytes() == b"somebody's"
    assert sidecar(desk / f"{aside}.json")["file"] == f"{aside}.pdf"
    assert staged(desk) == []


def test_a_name_lost_between_sidecar_and_document_leaves_no_sidecar_that_names_a_stranger(
    desk: Path, spooled: Path
) -> None:
    one = sink(desk)
    plan = one.stage(fax(), spooled)
    (beside, target, _), _ = plan["files"]
    Path(beside).rename(target)  # published; then the process was killed
    (desk / f"{NAME}.pdf").write_bytes(b"somebody's")
    one.publish(plan)
    aside = f"{NAME}_{ID}"
    assert seen(desk) == sorted([f"{NAME}.pdf", f"{aside}.json", f"{aside}.pdf"])
    assert sidecar(desk / f"{aside}.json")["file"] == f"{aside}.pdf"


def test_two_faxes_of_the_same_minute_both_arrive(desk: Path, spooled: Path) -> None:
    """Two lines with one folder, staged side by side under one name."""
    one, two = sink(desk), sink(desk)
    plans = [one.stage(fax(), spooled), two.stage(fax(fax_id=OTHER_ID), spooled)]
    for each, plan in zip((one, two), plans, strict=True):
        each.publish(plan)
    sidecars = [sidecar(path) for path in sorted(desk.glob("*.json"))]
    assert {each["id"] for each in sidecars} == {ID, OTHER_ID}
    assert {each["file"] for each in sidecars} == {path.name for path in desk.glob("*.pdf")}


# -- crashes


@pytest.mark.parametrize("taken", [(), (".pdf",), (".json",), (".json", ".pdf")], ids=str)
@pytest.mark.parametrize("done", [True, False], ids=["after", "before"])
def test_whatever_step_a_crash_interrupts_the_fax_is_there_once(
    desk: Path, spooled: Path, tmp_path: Path, taken: Sequence[str], done: bool
) -> None:
    crashes = 0
    for at in range(1, 40):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        plan: Mapping[str, Any] | None = None
        crashing: Any = Crashing(at, done=done)
        try:
            plan = sink(folder, crashing).stage(fax(), spooled)
            for suffix in taken:
                (folder / f"{NAME}{suffix}").write_bytes(b"somebody's")
            sink(folder, crashing).publish(plan)
        except Crash:
            crashes += 1
        else:
            assert crashes >= (8 if taken else 6)
            break
        again = sink(folder)
        if plan is None:  # staging did not end, so no plan was recorded
            plan = again.stage(fax(), spooled)
            for suffix in taken:
                (folder / f"{NAME}{suffix}").write_bytes(b"somebody's")
        again.publish(plan)
        again.publish(plan)
        theirs = {f"{NAME}{suffix}" for suffix in taken}
        ours = set(seen(folder)) - theirs
        assert {Path(name).suffix for name in ours} == {".json", ".pdf"} and len(ours) == 2
        document = next(name for name in ours if name.endswith(".pdf"))
        assert (folder / document).read_bytes() == CONTENT
        assert sidecar(folder / f"{Path(document).stem}.json")["file"] == document
        assert all((folder / name).read_bytes() == b"somebody's" for name in theirs)
        assert staged(folder) == []
    else:
        pytest.fail("it never came through")


def test_what_a_reader_took_away_does_not_come_back(desk: Path, spooled: Path) -> None:
    one = sink(desk)
    plan = one.stage(fax(), spooled)
    one.publish(plan)
    for name in seen(desk):
        (desk / name).unlink()
    one.publish(plan)
    assert seen(desk) == []


def test_staging_again_uses_the_same_temporaries(desk: Path, spooled: Path) -> None:
    one = sink(desk)
    assert one.stage(fax(), spooled) == one.stage(fax(), spooled)
    assert staged(desk) == [f"{ID}-1", f"{ID}-json"]


def test_what_is_staged_is_durable_before_the_plan_is_returned(
    desk: Path, spooled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = open_files()
    seen_at_sync: list[list[str]] = []
    sync = files.sync

    def record(folders: Iterable[Path]) -> None:
        folders = list(folders)
        if desk / ".faxdaemon" in folders:
            seen_at_sync.append(staged(desk))
        sync(folders)

    monkeypatch.setattr(files, "sync", record)
    sink(desk, files).stage(fax(), spooled)
    assert seen_at_sync[-1] == [f"{ID}-1", f"{ID}-json"]


def test_what_was_published_by_a_killed_process_is_synced_before_it_counts(
    desk: Path, spooled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = open_files()
    one = sink(desk, files)
    plan = one.stage(fax(), spooled)
    one.publish(plan)
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync", synced.extend)
    one.publish(plan)
    assert synced == [desk, desk / ".faxdaemon"]


# -- folders that are away


@pytest.mark.parametrize("missing", ["desk", "none/desk"])
def test_a_missing_folder_is_offline_and_not_made(tmp_path: Path, spooled: Path, missing: str) -> None:
    with pytest.raises(FolderOffline, match="does not exist"):
        sink(tmp_path / missing).stage(fax(), spooled)
    assert not (tmp_path / missing).exists()


@pytest.mark.parametrize("used_before", [False, True])
def test_an_unmounted_share_is_not_taken_for_a_published_fax(
    desk: Path, spooled: Path, tmp_path: Path, used_before: bool
) -> None:
    """What lies under the mount point may even have been used before the share was first mounted."""
    below = tmp_path / "below"
    below.mkdir()
    if used_before:
        other = sink(below)
        other.publish(other.stage(fax(fax_id=OTHER_ID), spooled))
    one = sink(desk)
    plan = one.stage(fax(), spooled)
    desk.rename(tmp_path / "server")
    below.rename(desk)
    with pytest.raises(FolderOffline, match="not mounted"):
        one.publish(plan)
    desk.rename(below)
    (tmp_path / "server").rename(desk)
    one.publish(plan)
    assert seen(desk) == [f"{NAME}.json", f"{NAME}.pdf"]


def test_a_spool_that_changed_is_not_delivered(desk: Path, spooled: Path) -> None:
    for received, rotten, options in ((CONTENT, b"rotten", {}), (tiff(2), tiff(1), {"as": "pdf"})):
        spooled.write_bytes(rotten)
        media = "application/pdf" if received == CONTENT else "image/tiff"
        with pytest.raises(FilesError, match="changed in the spool"):
            sink(desk, **options).stage(fax(received, media=media), spooled)
    assert seen(desk) == []


def test_a_fax_without_document_is_told(desk: Path, spooled: Path) -> None:
    with pytest.raises(FilesError, match="no document"):
        sink(desk).stage(replace(fax(), document=None), spooled)


# -- conversion


def test_a_tiff_becomes_a_pdf_pixel_for_pixel(desk: Path, spooled: Path) -> None:
    content = tiff()
    spooled.write_bytes(content)
    one = sink(desk, **{"as": "pdf"})
    one.publish(one.stage(fax(content, media="image/tiff"), spooled))
    made = desk / f"{NAME}.pdf"
    document = pypdfium2.PdfDocument(made)
    try:
        assert len(document) == 2
        width, height = document[1].get_size()
        assert (round(width), round(height)) == (round(1728 / 204 * 72), round(1100 / 98 * 72))
        [image] = document[1].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
        pixels = image.get_bitmap().to_pil().convert("1")
        assert pixels.size == (1728, 1100)
        assert [xy for xy in ((0, 7), (1, 7), (2, 7)) if not pixels.getpixel(xy)] == [(1, 7)]
    finally:
        document.close()
    told = sidecar(desk / f"{NAME}.json")
    assert (told["media"], told["size"]) == ("application/pdf", made.stat().st_size)
    assert told["sha256"] == hashlib.sha256(made.read_bytes()).hexdigest()
    assert told["original"] == {
        "media": "image/tiff",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def test_the_same_tiff_makes_the_same_pdf(desk: Path, spooled: Path) -> None:
    spooled.write_bytes(tiff())
    one = sink(desk, **{"as": "pdf"})
    made = []
    for _ in range(2):
        one.stage(fax(tiff(), media="image/tiff"), spooled)
        made.append((desk / ".faxdaemon" / f"{ID}-1").read_bytes())
    assert made[0] == made[1]
    assert b"Date" not in made[0]


def test_a_tiff_stays_one_unless_asked(desk: Path, spooled: Path) -> None:
    spooled.write_bytes(tiff())
    one = sink(desk)
    one.publish(one.stage(fax(tiff(), media="image/tiff"), spooled))
    assert (desk / f"{NAME}.tif").read_bytes() == tiff()


def test_a_pdf_is_not_touched(desk: Path, spooled: Path) -> None:
    one = sink(desk, **{"as": "pdf"})
    one.publish(one.stage(fax(), spooled))
    assert (desk / f"{NAME}.pdf").read_bytes() == CONTENT


def test_a_damaged_tiff_is_delivered_as_it_is(desk: Path, spooled: Path) -> None:
    spooled.write_bytes(tiff()[:8])
    one = sink(desk, **{"as": "pdf"})
    one.publish(one.stage(fax(tiff()[:8], media="image/tiff"), spooled))
    assert (desk / f"{NAME}.tif").read_bytes() == tiff()[:8]
    assert sidecar(desk / f"{NAME}.json")["original"] is None


# -- options


def test_a_bad_name_is_refused_with_the_reason(desk: Path) -> None:
    with pytest.raises(ValidationError, match=re.escape("did you mean {from}")):
        Options.model_validate({"path": desk, "name": "{form}"})


def test_the_defaults_are_valid(desk: Path) -> None:
    options = Options.model_validate({"path": desk})
    assert (options.as_, options.sidecar) == ("received", ("json",))
