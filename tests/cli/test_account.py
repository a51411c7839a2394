"""`faxdaemon account`: against the sandbox, and against services that have nothing to offer."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from support.boxes import ACCOUNTS, PASSWORD
from support.papers import make_tiff, pdf_bytes
from support.wire import WireServer, always, reply
from typer.testing import CliRunner

from faxdaemon import cli
from faxdaemon.clock import SystemClock
from faxdaemon.contracts.journal import Routed, Settled
from faxdaemon.contracts.provider import Accepted, Content, JobStatus, Progress
from faxdaemon.core.ids import new_fax_id
from faxdaemon.core.model import Document, Drop, Origin, Route
from faxdaemon.parts import open_account
from faxdaemon.providers.faxage import Options
from faxdaemon.sandbox import Sandbox

CLOCK = SystemClock()
LINE, FREE, TO = "+13035550100", "+13035550130", "+13035550177"


@pytest.fixture(scope="module")
def shared():
    with Sandbox(seconds_per_page=0.01, accounts=ACCOUNTS) as sandbox:
        yield sandbox


@pytest.fixture
def box(shared):
    yield shared
    shared.clear_faults()


@pytest.fixture
def main(empty, box):
    """Runs a command of account `main`, a FAXAGE account at the sandbox."""
    empty.configure(url=box.faxage_url)
    return lambda *words, given=None: CliRunner().invoke(
        cli.app, ["account", "main", *words, "--config", str(empty.config)], input=given
    )


@pytest.fixture
def other(empty, box):
    """Lets account `main` be one of another provider."""

    def use(provider, **settings):
        secret = empty.place / "password"
        plain = {"provider": provider, "url": box.url_of(provider), "password": "${file:password}", **settings}
        text = "\n".join(f"    {key}: {json.dumps(value)}" for key, value in plain.items())
        empty.config.write_text(
            f"state: {empty.state}\naccounts:\n  main:\n{text}\n"
            f"outbound:\n  - folder: {empty.out}\n    accounts: [main]\n"
        )
        assert secret.exists()
        return lambda *words, given=None: CliRunner().invoke(
            cli.app, ["account", "main", *words, "--config", str(empty.config)], input=given
        )

    return use


def followed(site, box, *, numbers=(TO,), ended=True, account="main"):
    """A fax that the sandbox really sent, as the journal knows it."""
    options = Options(provider="faxage", url=box.faxage_url, username="clinic", company="12345", password=PASSWORD)
    provider, journal = open_account(options, CLOCK), site.journal()
    fax = new_fax_id(int(CLOCK.now().timestamp() * 1000), CLOCK.entropy(10))
    content = pdf_bytes(pages=1)
    document = Document("x.pdf", f"out/{fax}-1.pdf", len(content), "0" * 64)
    journal.accept([Drop(fax, Origin(str(site.out), "x.pdf", len(content), 1, 1), (document,))])
    journal.route([Routed(fax, tuple(Route(number, None, (account,), {}) for number in numbers), (1,))])
    jobs = []
    for submission in journal.claim_ready(account, 10, 60):
        answer = provider.submit(submission, [Content("x.pdf", len(content), lambda: io.BytesIO(content))])
        assert isinstance(answer, Accepted)
        journal.accepted(submission, answer.provider_id, 0.0)
        jobs.append(answer.provider_id)
    box.wait(lambda: all(entry.ended_at for entry in box.sent() if entry.job in jobs))
    if ended:
        done = [Settled(s, JobStatus(s.provider_id, Progress.SENT, "")) for s in journal.claim_accepted(account, 9, 60)]
        assert journal.settle(done) == len(numbers)
    journal.close()
    provider.close()
    return fax, jobs


def says_no(result, *words):
    assert result.exit_code == 1, (result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


# -- what there is


def test_an_account_that_is_not_configured(empty, main):
    says_no(empty.run("account", "nobody", "lines", "list"), "nobody", "main")


def test_what_each_service_offers_is_told(main, other):
    assert "numbers" in main("offers").stdout
    assert json.loads(main("offers", "--json").stdout)
    concord = other("concord", user_id="mbx1234567890")
    assert "broadcast" in concord("offers").stdout
    assert other("faxde", customer="faxde")("offers").stdout == "broadcast\n"
    opentext = other("opentext", username="opentext")
    assert opentext("offers").stdout == "nothing beyond sending and receiving\n"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("covers",), "covers"),
        (("profile",), "profile"),
        (("broadcast", "status", "7"), "broadcast"),
        (("simple", "status", "7"), "simple"),
        (("broadcast", "report", "7", "a@example.org"), "broadcast report"),
    ],
)
def test_what_faxage_does_not_have(main, words, what):
    says_no(main(*words), f"no “{what}”", "numbers", "lines")


@pytest.mark.parametrize(
    "words",
    [
        ("lines", "list"),
        ("numbers", "areas"),
        ("numbers", "order", FREE),
        ("records",),
        ("records", "--after", "1"),
        ("web", TO, "http://x"),
    ],
)
def test_what_faxde_does_not_have(other, words):
    says_no(other("faxde", customer="faxde")(*words), "it offers: broadcast")


# -- lines and numbers


def test_lines(main, box):
    assert main("lines", "list").stdout.split()[:2] == ["line", LINE]
    assert main("lines", "disable", "303-555-0100").stdout == f"{LINE} is disabled\n"
    assert LINE in box.network.disabled
    assert main("lines", "enable", LINE).stdout == f"{LINE} is enabled\n"
    assert LINE not in box.network.disabled
    says_no(main("lines", "enable", "+13035559999"), "ERR17")
    says_no(main("lines", "enable", "12"), "country code")


def test_numbers_are_ordered_and_given_back_only_after_a_yes(main, box):
    assert "303" in main("numbers", "areas").stdout
    assert main("numbers", "exchanges", "--area", "303").stdout.splitlines()[1].split() == ["303555", "DENVER", "CO"]
    assert FREE in main("numbers", "search", "--area", "303").stdout
    assert FREE in main("numbers", "search", "--exchange", "303555").stdout
    for given in (None, "n\n", ""):
        assert main("numbers", "order", FREE, given=given).exit_code == 1
    assert box.network.inbox.owner(FREE) is None
    assert main("numbers", "order", FREE, given="y\n").exit_code == 0
    assert box.network.inbox.owner(FREE).name == "clinic"
    assert main("numbers", "return", FREE, given="n\n").exit_code == 1
    assert box.network.inbox.owner(FREE).name == "clinic"
    assert "money" in main("numbers", "order", FREE, given="n\n").stderr
    assert main("numbers", "return", FREE, "--yes").exit_code == 0
    assert box.network.inbox.owner(FREE) is None


def test_an_order_whose_answer_was_lost_says_how_to_find_out(main, box):
    from faxdaemon.sandbox.faults import Fault

    box.fault(Fault("accept-then-drop", operation="provdid"))
    says_no(main("numbers", "order", FREE, "--yes"), "may have been done", "account main lines list")
    assert main("numbers", "return", FREE, "--yes").exit_code == 0


def test_portable(main):
    assert "can be moved" in main("numbers", "portable", "+13035550199").stdout
    assert json.loads(main("numbers", "portable", "+12125550199", "--json").stdout) == {"portable": False}


# -- records


def test_records_as_table_csv_and_json(empty, main, box):
    followed(empty, box)
    rows = list(csv.DictReader(io.StringIO(main("records", "--since", "1d", "--csv").stdout)))
    assert {row["direction"] for row in rows} == {"OUT"}
    assert rows == json.loads(main("records", "--json").stdout)
    assert main("records").stdout.split()[:3] == ["calldate", "direction", "src"]
    marks = [int(row["nuid"]) for row in json.loads(main("records", "--after", "0", "--json").stdout)]
    nothing = main("records", "--after", str(max(marks)))
    assert (nothing.stdout, nothing.stderr) == ("", "there are none\n")
    assert json.loads(main("records", "--number", LINE, "--json").stdout) == []
    assert json.loads(main("records", "--since", "2d", "--until", "1d", "--json").stdout) == []


# -- one fax


def test_the_image_of_a_fax_is_found_by_our_id(empty, main, box, monkeypatch):
    fax, _ = followed(empty, box)
    monkeypatch.chdir(empty.place)
    assert main("image", fax[:20]).exit_code == 0
    assert Path(f"{fax}.pdf").read_bytes().startswith(b"%PDF")
    says_no(main("image", fax), "exists already")
    assert main("image", fax, "--form", "tiff", "--output", "x.tif").exit_code == 0
    assert Path("x.tif").read_bytes().startswith(b"II*\0")
    assert main("transmittal", fax).exit_code == 0
    assert Path(f"{fax}-transmittal.pdf").read_bytes().startswith(b"%PDF")
    assert main("transmittal", fax, "--output", "-").stdout_bytes.startswith(b"%PDF")


def test_a_download_that_fails_leaves_no_file(empty, main, box, monkeypatch):
    from faxdaemon.sandbox.faults import Fault

    fax, _ = followed(empty, box)
    monkeypatch.chdir(empty.place)
    box.fault(Fault("cut-reply", operation="dlstatus"))
    says_no(main("image", fax))
    assert list(empty.place.glob("*.pdf")) == []


def test_of_several_recipients_one_must_be_named(empty, main, box, monkeypatch):
    fax, jobs = followed(empty, box, numbers=(TO, "+13035550178"))
    monkeypatch.chdir(empty.place)
    says_no(main("image", fax), "--recipient")
    assert main("image", fax, "--recipient", "2").exit_code == 0
    says_no(main("image", fax, "--recipient", "3"), "no service has accepted")
    assert len(jobs) == 2


def test_a_fax_of_another_account_is_not_asked_for_here(empty, main, box):
    fax, _ = followed(empty, box, account="second")
    says_no(main("image", fax), "account second")


def test_forgetting(empty, main, box):
    fax, (job,) = followed(empty, box)
    assert main("forget", fax, given="n\n").exit_code == 1
    assert box.network.job("clinic", int(job)) is not None
    assert main("forget", fax, "--yes").exit_code == 0
    assert box.network.job("clinic", int(job)) is None
    says_no(main("forget", fax, "--yes"), "ERR07")


def test_a_fax_that_the_journal_still_follows_is_never_forgotten(empty, main, box):
    fax, (job,) = followed(empty, box, ended=False)
    says_no(main("forget", fax, "--yes"), "accepted", "tells its fate")
    assert box.network.job("clinic", int(job)) is not None


# -- outside the promise


def test_again_and_web_say_that_they_stand_outside(empty, main, box):
    fax, _ = followed(empty, box)
    before = len(box.sent())
    for words in (("again", fax), ("web", TO, "https://example.org/x")):
        result = main(*words, given="n\n")
        assert result.exit_code == 1
        assert "outside the promise" in result.stderr
    assert len(box.sent()) == before
    assert main("again", fax, "--yes").stdout.startswith("job ")
    assert main("again", fax, "--to", "+13035550155", "--yes").exit_code == 0
    assert main("web", TO, "https://example.org/x", "--kind", "html", "--name", "Dr Lee", "--yes").exit_code == 0
    assert [entry.destination for entry in box.sent()[before:]] == [TO, "+13035550155", TO]
    says_no(main("web", TO, "file:///etc/passwd", "--yes"), "http://")


def test_a_broadcast(other, box, tmp_path):
    concord = other("concord", user_id="mbx1234567890")
    paper = tmp_path / "news.pdf"
    paper.write_bytes(pdf_bytes(pages=1))
    refused = concord("broadcast", "start", str(paper), TO, "+13035550178", given="n\n")
    assert refused.exit_code == 1
    assert "outside the promise" in refused.stderr
    before = len(box.sent())
    started = concord("broadcast", "start", str(paper), TO, "+13035550178", "--yes", "--json")
    assert started.exit_code == 0, started.stderr
    assert len(box.sent()) == before + 2
    job = json.loads(started.stdout)["job"]
    rows = json.loads(concord("broadcast", "status", job, "--json").stdout)
    assert {row["FaxNumber"][-4:] for row in rows} == {"0177", "0178"}
    assert concord("broadcast", "report", job, "office@example.org").exit_code == 0
    says_no(concord("broadcast", "start", str(tmp_path / "none.pdf"), TO, "--yes"), "cannot be read")


def test_a_broadcast_with_a_list_of_recipients(other, box, tmp_path):
    faxde = other("faxde", customer="faxde")
    paper = tmp_path / "news.pdf"
    paper.write_bytes(pdf_bytes(pages=1))
    before = len(box.sent())
    started = faxde("broadcast", "start", str(paper), TO, "+13035550178", "--yes", "--json")
    assert started.exit_code == 0, started.stderr
    box.wait(lambda: len(box.sent()) == before + 2 and all(entry.result for entry in box.sent()[before:]))
    rows = json.loads(faxde("broadcast", "status", json.loads(started.stdout)["job"], "--json").stdout)
    assert {row["RECIPIENT"][-4:] for row in rows} == {"0177", "0178"}
    says_no(faxde("broadcast", "start", str(paper), TO, "+13035550178", "--yes"), "double")
    assert len(box.sent()) == before + 2


def test_the_plainest_call(other, box, tmp_path):
    concord = other("concord", user_id="mbx1234567890")
    paper = make_tiff(tmp_path / "letter.tif")
    before = len(box.sent())
    refused = concord("simple", "send", str(paper), TO, given="n\n")
    assert refused.exit_code == 1
    assert "outside the promise" in refused.stderr
    assert len(box.sent()) == before
    started = concord("simple", "send", str(paper), "303-555-0177", "--name", "Dr Lee", "--yes", "--json")
    assert started.exit_code == 0, started.stderr
    job = json.loads(started.stdout)["job"]
    box.wait(lambda: all(entry.result for entry in box.sent()[before:]))
    assert [(entry.job, entry.destination) for entry in box.sent()[before:]] == [(job, TO)]
    assert concord("simple", "status", job, "--csv").stdout.splitlines()[1] == f"{job},1,succeeded"
    assert "simple status br" in concord("simple", "send", str(paper), TO, "--yes").stdout
    paper.write_bytes(pdf_bytes())
    says_no(concord("simple", "send", str(paper), TO, "--yes"), "TIFF")
    says_no(concord("simple", "send", str(tmp_path / "none.tif"), TO, "--yes"), "cannot be read")
    assert len(box.sent()) == before + 2


def test_a_plain_fax_whose_answer_was_lost_says_that_it_may_have_gone(other, box, tmp_path):
    from faxdaemon.sandbox.faults import Fault

    paper = make_tiff(tmp_path / "letter.tif")
    before = len(box.sent())
    box.fault(Fault("accept-then-drop", operation="SimpleSendFax"))
    concord = other("concord", user_id="mbx1234567890")
    says_no(concord("simple", "send", str(paper), TO, "--yes"), "may have been done", "account main records")
    assert len(box.sent()) == before + 1


def test_covers_and_profile(other):
    concord = other("concord", user_id="mbx1234567890")
    assert "Standard" in concord("covers").stdout
    profile = json.loads(concord("profile", "--json").stdout)
    assert profile["UserId"] == "mbx1234567890"
    assert "sandbox" not in concord("profile").stdout
    says_no(concord("lines", "enable", "+13035550120"), "portal")


# -- trouble


def test_wrong_credentials_and_a_service_that_is_not_there(empty, main):
    (empty.place / "password").write_text("wrong")
    result = main("lines", "list")
    says_no(result, "ERR02")
    assert "wrong" not in result.stderr
    empty.configure(url="http://127.0.0.1:9/faxage")
    says_no(empty.run("account", "main", "lines", "list"))


def test_what_the_service_says_cannot_act_on_the_terminal(empty):
    with WireServer(always(reply("303991\tDen\x1b[31mver\tCO\n"))) as server:
        empty.configure(url=server.url)
        result = empty.run("account", "main", "numbers", "exchanges")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
