"""The folder sink as sites want it: forms, folders by day, several sidecars and their order, a day's table, owners."""

from __future__ import annotations

import csv
import grp
import io
import json
import os
import stat
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import img2pdf
import pytest
from PIL import Image, ImageSequence
from pydantic import ValidationError
from support.desk import (
    CONTENT,
    ID,
    NAME,
    OTHER_ID,
    WHEN,
    Crash,
    Crashing,
    fax,
    seen,
    sidecar,
    sink,
    staged,
    tiff,
)
from support.hostile import HOSTILE
from support.windows_names import trouble

from faxdaemon.core.errors import FilesError
from faxdaemon.core.ids import FaxId
from faxdaemon.files import open_files
from faxdaemon.sinks.folder import Options


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power is cut here, and waiting for the disk would be most of the time (durability: tests/files)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


TABLE = "faxes_2026-11-20.csv"


def delivered(desk: Path, document: Path, **options: Any) -> list[str]:
    """What a reader sees of one fax."""
    one = sink(desk, **options)
    content = document.read_bytes()
    media = "application/pdf" if content.startswith(b"%PDF") else "image/tiff"
    one.publish(json.loads(json.dumps(one.stage(fax(content, media=media), document))))
    return seen(desk)


def everything(desk: Path) -> list[str]:
    """What a reader sees, also below."""
    found = (path.relative_to(desk) for path in desk.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parts[0] != ".faxdaemon")


def rows(desk: Path, table: str = TABLE) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((desk / table).read_text("utf-8"), newline="")))


def pixels(content: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(content)) as image:
        return [frame.convert("1").tobytes() for frame in ImageSequence.Iterator(image)]


# -- forms


def test_each_page_is_a_file(desk: Path, spooled: Path) -> None:
    spooled.write_bytes(tiff(3))
    assert delivered(desk, spooled, **{"as": "pages"}) == [
        f"{NAME}.json",
        *(f"{NAME}_p{number}.tif" for number in (1, 2, 3)),
    ]
    pages = [(desk / f"{NAME}_p{number}.tif").read_bytes() for number in (1, 2, 3)]
    assert [pixels(page) for page in pages] == [[page] for page in pixels(tiff(3))]
    told = sidecar(desk / f"{NAME}.json")
    assert [each["file"] for each in told["files"]] == [f"{NAME}_p{number}.tif" for number in (1, 2, 3)]
    assert [each["size"] for each in told["files"]] == [len(page) for page in pages]
    assert (told["file"], told["lossless"], told["original"]["size"]) == (f"{NAME}_p1.tif", True, len(tiff(3)))


def test_pages_by_their_own_numbers(desk: Path, spooled: Path) -> None:
    spooled.write_bytes(tiff(2))
    found = delivered(desk, spooled, name="{messageId}_{currentPage}_{totalPages}", **{"as": "pages"})
    assert found == ["p-4711_1_3.json", "p-4711_1_3.tif", "p-4711_2_3.tif"]


def test_many_pages_sort_as_they_came(desk: Path, spooled: Path) -> None:
    spooled.write_bytes(tiff(11))
    found = delivered(desk, spooled, sidecar="none", **{"as": "pages"})
    assert found == [f"{NAME}_p{number:02}.tif" for number in range(1, 12)]


def test_a_pdf_of_fax_images_becomes_the_tiff_that_it_was(desk: Path, spooled: Path) -> None:
    spooled.write_bytes(bytes(img2pdf.convert(tiff(2), nodate=True, engine=img2pdf.Engine.internal)))
    assert delivered(desk, spooled, **{"as": "tiff"}) == [f"{NAME}.json", f"{NAME}.tif"]
    assert pixels((desk / f"{NAME}.tif").read_bytes()) == pixels(tiff(2))
    assert sidecar(desk / f"{NAME}.json")["lossless"] is True


@pytest.mark.parametrize("form", ["tiff", "pages"])
def test_what_cannot_be_converted_is_delivered_as_it_came(desk: Path, spooled: Path, form: str) -> None:
    assert delivered(desk, spooled, **{"as": form}) == [f"{NAME}.json", f"{NAME}.pdf"]
    told = sidecar(desk / f"{NAME}.json")
    assert (told["original"], told["lossless"], told["media"]) == (None, None, "application/pdf")


# -- folders


def test_folders_by_day_and_caller(desk: Path, spooled: Path) -> None:
    delivered(desk, spooled, name="{received:%Y}/{received:%m-%d}/{from}", sidecar=["json", "csv"])
    assert everything(desk) == ["2026/11-20/+13035550177.json", "2026/11-20/+13035550177.pdf", TABLE]
    assert staged(desk) == ["table.lock"]


def test_folders_that_a_caller_would_like(desk: Path, spooled: Path) -> None:
    one = sink(desk, name="{csid}/{name}", sidecar="none")
    odd = replace(fax(), listed=replace(fax().listed, csid="../..", name=".faxdaemon/mark-x"))
    one.publish(one.stage(odd, spooled))
    assert everything(desk) == ["_/faxdaemon_mark-x.pdf"]


def test_a_name_that_is_lost_in_the_last_moment(desk: Path, spooled: Path) -> None:
    class Slow(Watching):
        def move(self, moves: Sequence[tuple[Path, Path]]) -> None:
            if not self.shown:
                (desk / f"{NAME}.pdf").write_bytes(b"somebody's")
            super().move(moves)

    files: Any = Slow()
    one = sink(desk, files)
    one.publish(one.stage(fax(), spooled))
    assert seen(desk) == [f"{NAME}.pdf", f"{NAME}_{ID}.json", f"{NAME}_{ID}.pdf"]
    assert (desk / f"{NAME}.pdf").read_bytes() == b"somebody's"
    assert sidecar(desk / f"{NAME}_{ID}.json")["file"] == f"{NAME}_{ID}.pdf"


def test_a_folder_that_somebody_removed_is_made_again(desk: Path, spooled: Path) -> None:
    one = sink(desk, name="{received:%Y}/{from}", sidecar="none")
    first = one.stage(fax(), spooled)
    one.publish(first)
    second = one.stage(fax(fax_id=OTHER_ID), spooled)
    (desk / "2026" / "+13035550177.pdf").unlink()
    (desk / "2026").rmdir()
    one.publish(second)
    assert everything(desk) == ["2026/+13035550177_2.pdf"]


# -- sidecars, and which comes first


def test_several_sidecars_at_once(desk: Path, spooled: Path) -> None:
    found = delivered(desk, spooled, sidecar=["json", "xml", "properties", "idx", "csv"])
    assert found == sorted([TABLE, *(f"{NAME}.{end}" for end in ("json", "xml", "properties", "idx", "pdf"))])
    assert b"RECEIPT.ID=+13035550100" in (desk / f"{NAME}.idx").read_bytes()
    (row,) = rows(desk)
    assert (row["id"], row["file"], row["received_at"]) == (ID, f"{NAME}.pdf", "2026-11-20T16:31:05+00:00")


class Watching:
    """Files that note the names in the order in which they appear."""

    def __init__(self) -> None:
        self._files = open_files()
        self.shown: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    def move(self, moves: Sequence[tuple[Path, Path]]) -> None:
        self.shown += [target.suffix for _, target in moves]
        self._files.move(moves)

    def replace(self, source: Path, target: Path) -> None:
        self.shown.append(target.suffix)
        self._files.replace(source, target)


@pytest.mark.parametrize(
    ("first", "order"),
    [("sidecar", [".xml", ".json", ".pdf", ".csv"]), ("document", [".pdf", ".xml", ".json", ".csv"])],
)
def test_what_comes_first_is_a_setting_and_the_table_comes_last(
    desk: Path, spooled: Path, first: str, order: list[str]
) -> None:
    files: Any = Watching()
    one = sink(desk, files, first=first, sidecar=["csv", "xml", "json"])
    one.publish(one.stage(fax(), spooled))
    assert files.shown == order


def test_a_sidecar_of_another_form_takes_the_name_as_well(desk: Path, spooled: Path) -> None:
    (desk / f"{NAME}.idx").touch()
    assert delivered(desk, spooled) == [f"{NAME}.idx", f"{NAME}_2.json", f"{NAME}_2.pdf"]


# -- the day's table


def test_a_fax_has_one_row_however_often_it_is_published(desk: Path, spooled: Path) -> None:
    one = sink(desk, sidecar="csv")
    for fax_id in (ID, OTHER_ID):
        plan = one.stage(fax(fax_id=fax_id), spooled)
        one.publish(plan)
        one.publish(plan)
        (desk / ".faxdaemon" / f"{fax_id}-csv").touch()  # as if the process had died before it could tidy up
        one.publish(plan)
    assert [row["id"] for row in rows(desk)] == [ID, OTHER_ID]


def test_the_table_of_the_site_s_day(desk: Path, spooled: Path) -> None:
    late = replace(fax(), listed=replace(fax().listed, received_at=WHEN.replace(hour=3)))
    one = sink(desk, sidecar="csv")
    one.publish(one.stage(late, spooled))
    assert "faxes_2026-11-19.csv" in seen(desk)


def test_what_a_person_wrote_into_the_table_stays(desk: Path, spooled: Path) -> None:
    (desk / TABLE).write_bytes(b"id;remark\r\nx;call back")
    delivered(desk, spooled, sidecar="csv")
    lines = (desk / TABLE).read_bytes().splitlines()
    assert lines[:2] == [b"id;remark", b"x;call back"]
    assert lines[2].startswith(ID.encode() + b",")


def test_the_row_names_the_file_that_lost_its_name(desk: Path, spooled: Path) -> None:
    one = sink(desk, sidecar=["json", "csv"])
    plan = one.stage(fax(), spooled)
    (desk / f"{NAME}.pdf").touch()
    one.publish(plan)
    (row,) = rows(desk)
    assert row["file"] == f"{NAME}_{ID}.pdf"


def test_a_table_that_cannot_be_written_keeps_no_fax_from_its_readers(desk: Path, spooled: Path) -> None:
    (desk / TABLE).mkdir()
    one = sink(desk, sidecar=["json", "csv"])
    plan = one.stage(fax(), spooled)
    with pytest.raises(FilesError, match="folder"):
        one.publish(plan)
    assert {f"{NAME}.json", f"{NAME}.pdf"} <= set(seen(desk))
    (desk / TABLE).rmdir()
    one.publish(plan)
    assert [row["id"] for row in rows(desk)] == [ID]
    assert len(seen(desk)) == 3


def test_two_destinations_that_share_a_folder_lose_no_row(desk: Path, spooled: Path) -> None:
    ids = [[FaxId(f"01jd00000000000000000{which}{n:04}") for n in range(25)] for which in (1, 2)]

    def deliver(mine: Iterable[FaxId]) -> None:
        one = sink(desk, sidecar="csv")
        for fax_id in mine:
            one.publish(one.stage(fax(fax_id=fax_id), spooled))

    workers = [threading.Thread(target=deliver, args=(mine,)) for mine in ids]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(row["id"] for row in rows(desk)) == sorted(ids[0] + ids[1])
    assert {row["file"] for row in rows(desk)} == {path.name for path in desk.glob("*.pdf")}


# -- crashes, with everything switched on


ALL: Mapping[str, Any] = {"as": "pages", "sidecar": ["json", "xml", "csv"], "mode": "0640"}


@pytest.mark.parametrize("first", ["sidecar", "document"])
@pytest.mark.parametrize("taken", [(), ("_p1.tif",), (".json",), (".xml", "_p2.tif")], ids=str)
def test_whatever_step_a_crash_interrupts_every_page_and_sidecar_is_there_once(
    spooled: Path, tmp_path: Path, first: str, taken: Sequence[str]
) -> None:
    content = tiff(2)
    spooled.write_bytes(content)
    received = fax(content, media="image/tiff")
    options = {**ALL, "first": first, "name": "{received:%Y}/{from}"}
    stem = "+13035550177"
    for at in range(1, 80):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        plan: Mapping[str, Any] | None = None
        crashing: Any = Crashing(at, done=True)
        crashed = False
        try:
            plan = sink(folder, crashing, **options).stage(received, spooled)
            take(folder, stem, taken)
            sink(folder, crashing, **options).publish(plan)
        except Crash:
            crashed = True
        again = sink(folder, **options)
        if plan is None:
            plan = again.stage(received, spooled)
            take(folder, stem, taken)
        again.publish(plan)
        again.publish(plan)
        inside = folder / "2026"
        theirs = {f"{stem}{ending}" for ending in taken}
        assert all((inside / name).read_bytes() == b"somebody's" for name in theirs)
        ours = {path.name for path in inside.iterdir()} - theirs
        assert sorted(Path(name).suffix for name in ours) == [".json", ".tif", ".tif", ".xml"], ours
        told = sidecar(next(inside / name for name in ours if name.endswith(".json")))
        assert {each["file"] for each in told["files"]} == {name for name in ours if name.endswith(".tif")}
        assert [pixels((inside / each["file"]).read_bytes()) for each in told["files"]] == [
            [page] for page in pixels(content)
        ]
        assert [row["file"] for row in rows(folder)] == [f"'{told['file']}"], "no formula"
        assert all(stat.S_IMODE((inside / name).stat().st_mode) == 0o640 for name in ours)
        assert [name for name in staged(folder) if name != "table.lock"] == []
        if not crashed:
            assert at > 18
            return
    pytest.fail("it never came through")


def take(folder: Path, stem: str, endings: Iterable[str]) -> None:
    """Somebody's files, under names that were free."""
    if endings:
        (folder / "2026").mkdir(exist_ok=True)
    for ending in endings:
        (folder / "2026" / f"{stem}{ending}").write_bytes(b"somebody's")


# -- owners


def test_what_is_shown_has_its_mode_from_the_first_moment(desk: Path, spooled: Path) -> None:
    class Looking(Watching):
        def move(self, moves: Sequence[tuple[Path, Path]]) -> None:
            self.shown += [f"{stat.S_IMODE(source.stat().st_mode):o}" for source, _ in moves]
            self._files.move(moves)

    files: Any = Looking()
    one = sink(desk, files, mode="0644", name="{received:%Y}/{from}", sidecar=["json", "csv"])
    one.publish(one.stage(fax(), spooled))
    assert files.shown == ["755", "644", "644", ".csv"]
    assert stat.S_IMODE((desk / TABLE).stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owner_and_group(desk: Path, spooled: Path) -> None:
    delivered(desk, spooled, owner="daemon", group="mail", mode="0660", name="{received:%Y}/{from}")
    group = grp.getgrnam("mail").gr_gid
    for path in (desk / "2026", *(desk / "2026").iterdir()):
        assert (path.stat().st_uid, path.stat().st_gid) == (1, group)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"group": "nemo"}, "there is no group “nemo”"),
        ({"owner": "nemo"}, "there is no user “nemo”"),
        ({"mode": 416}, "in quotes"),
        ({"mode": "0999"}, "octal"),
        ({"name": "{received:%Y}//{from}"}, "a folder in the name"),
        ({"sidecar": "yaml"}, "json"),
        ({"longest": 300}, "200"),
    ],
    ids=str,
)
def test_mistakes_are_told(desk: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Options.model_validate({"path": desk, **options})


# -- whatever a caller calls itself (names by themselves: test_names)


def test_200_hostile_callers_end_inside_the_folder_under_valid_names(desk: Path, spooled: Path) -> None:
    outside = sorted(path for path in desk.parent.rglob("*") if desk not in path.parents)
    one = sink(desk, name="{csid}_{name}", sidecar=["json", "csv"])
    odd = [text for text in HOSTILE if "\0" not in text] + ["a\0b"]
    for number, text in enumerate(odd):
        listed = replace(fax().listed, csid=text, name=text, caller=text)
        one.publish(one.stage(replace(fax(fax_id=FaxId(f"01jd{number:022}")), listed=listed), spooled))
    assert len(odd) >= 200
    assert sorted(path for path in desk.parent.rglob("*") if desk not in path.parents) == outside
    names = seen(desk)
    assert [(name, trouble(name)) for name in names if trouble(name)] == []
    assert len(names) == 2 * len(odd) + 1
    assert len({name.casefold() for name in names}) == len(names)
    told = {path.stem: sidecar(path) for path in desk.glob("*.json")}
    assert {facts["file"] for facts in told.values()} == {path.name for path in desk.glob("*.pdf")}
    assert all((desk / facts["file"]).read_bytes() == CONTENT for facts in told.values())
    assert sorted(facts["csid"] for facts in told.values()) == sorted(odd)
    assert [row["id"] for row in rows(desk)] == [f"01jd{number:022}" for number in range(len(odd))]
