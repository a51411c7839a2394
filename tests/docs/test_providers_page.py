"""docs/providers.md tells the truth: every operation and code is on it, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support import provider_codes

from faxdaemon import plugins
from faxdaemon.contracts.provider import Progress
from faxdaemon.providers import _statuses
from faxdaemon.providers.concord.wsdl import BUNDLED
from faxdaemon.providers.faxage import dialect
from faxdaemon.providers.faxde import answers as faxde
from faxdaemon.providers.faxde import protocols
from faxdaemon.providers.faxde import push as faxde_push
from faxdaemon.providers.opentext import answers as opentext

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "providers.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))

#: Every operation of the four documents.
OPERATIONS = {
    "Concord Fax Web Services": "SendFax SendFaxEx SimpleSendFax GetFaxStatus GetRealTimeFaxStatus "
    "GetRealTimeFaxStatusEx GetRealTimeFaxStatusEx2 GetRealTimeFaxStatusEx3 GetInboundList GetInboundByID "
    "RemoveInboundByID JRI CancelFax SendFaxBroadcast GetFaxBroadcastStatus GetFaxBroadcastReport GetFaxCoverList "
    "GetFaxAccountSettings CheckService ListOutboundActivity SimpleGetFaxStatus SendFaxBroadcastEx application/json",
    "FAX.de XMLWS": "SendJob JobStatus CancelJob RequestReceived DeleteReceived RecipientFile",
    "FAXAGE Internet Fax API": "sendfax status dlstatus dltrans clear listfax getfax delfax stopfax disabledid "
    "enabledid portable listlines getcdr.php listac listnpanxx listdids provdid deprovdid faxurl async "
    "httpsfax-debug.php nuidgt begin didnumber faxurls[] faxurltypes[] resend",
    "OpenText Messaging Fax REST API": "/outbound/faxes /outbound/faxes/status /inbound/documents/next "
    "/inbound/documents/<doc_id> options reports hold_sec Basic OAuth",
}
PUSHES = {"Concord": 9, "FAX.de": 1, "FAXAGE": 2, "OpenText": 2}


def section(title: str) -> str:
    found = re.search(rf"^### {re.escape(title)}$(.*?)(?=^##)", PAGE + "\n##", re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_named_test_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("title", OPERATIONS)
def test_each_operation_has_a_row_with_a_test(title: str) -> None:
    told = rows(section(title))[1:]
    for operation in OPERATIONS[title].split():
        mine = [row for row in told if re.search(rf"(?<![\w.]){re.escape(operation)}(?![\w.<])", row[0])]
        assert mine, operation
    assert all("::test_" in row[-1] for row in told)


def test_each_operation_of_concords_wsdl_is_told_of() -> None:
    operations = set(re.findall(r'<wsdl:operation name="(\w+)"', BUNDLED.read_text("utf-8")))
    assert len(operations) > 15
    assert operations - set(re.findall(r"`(\w+)`", section("Concord Fax Web Services"))) == set()


def test_each_push_has_a_row_with_a_test() -> None:
    told = rows(PAGE.split("## Pushes")[1].split("## Codes")[0])[1:]
    assert {name: sum(row[0] == name for row in told) for name in PUSHES} == PUSHES
    for _, push, adapter, box, test in told:
        assert (ROOT / "faxdaemon" / "providers" / adapter.strip("`")).exists(), push
        assert (ROOT / "faxdaemon" / "sandbox" / box.strip("`")).exists(), push
        assert "::test_" in test


def codes(title: str, *columns: int) -> dict[tuple[str, ...], list[str]]:
    """The rows of a table of codes by what is in these columns; each has a class."""
    found = {tuple(row[column] for column in columns): row for row in rows(section(title))[1:]}
    assert [row for row in found.values() if not any("**" in cell for cell in row)] in ([], [found.get(MULTI)])
    return found


MULTI = ("SendResult", "multi")


@pytest.mark.parametrize("place", ["faxdaemon/providers", "faxdaemon/sandbox"])
def test_the_named_modules_exist(place: str) -> None:
    column = 2 if place.endswith("providers") else 3
    names = set()
    for title in OPERATIONS:
        for row in rows(section(title))[1:]:
            names |= set(re.findall(r"`([\w/]+\.py)`", row[column]))
    assert len(names) > 5
    assert [name for name in sorted(names) if not (ROOT / place / name).exists()] == []


def test_every_provider_is_told_of() -> None:
    assert set(plugins.names("faxdaemon.providers")) <= set(re.findall(r"`(\w+)`", PAGE))


def test_every_word_of_faxde_is_on_the_page_with_its_class() -> None:
    told = codes("FAX.de, words", 0, 1)
    words = ["OK", "Busy", "No Answer", "Voice", "No Service", "Send-Fail", "Call failed", "Black-List"]  # of JobStatus
    assert {word for field, word in told if field.startswith("SendResult")} == {*words, "multi", "any other"}
    assert {re.sub(r"[^a-z]", "", word.lower()) for word in words} == set(protocols.RESULTS)
    called = [
        "OK",
        "BUSY",
        "NOANSWER",
        "VOICE",
        "NORING",
        "ISDNERR",
        "NOSERVICE",
        "BLACKLIST",
        "SENDFAIL",
    ]  # of STATURL
    assert {word for field, word in told if field == "$STAT"} == set(called) == set(faxde_push.RESULTS)


def test_every_word_of_opentext_is_on_the_page_with_its_class() -> None:
    told = {word for field, word in codes("OpenText, words", 0, 1) if field == "delivery_attempts.state"}
    assert told == set(opentext._STATES)


@pytest.mark.parametrize("title", ["FAXAGE", "FAX.de", "Concord", "OpenText"])
def test_every_code_on_the_page_has_a_class(title: str) -> None:
    assert codes(title, 0, 1)


def test_every_status_with_a_meaning_is_on_the_page() -> None:
    meant = {f"HTTP {status}" for status in _statuses.ADDRESS | _statuses.REQUEST | _statuses.LATER | {302, 303, 500}}
    assert meant - {row[0] for row in rows(section("FAX.de and FAXAGE, by HTTP status"))} == set()


@pytest.mark.parametrize("script", dialect.SCRIPTS)
def test_every_error_of_faxage_is_on_the_page(script: str) -> None:
    told = {row[1]: row[3] for row in rows(section("FAXAGE")) if row[0] == script}
    assert told == {f"ERR{code:02}": words for code, words in dialect.SCRIPTS[script].items()}


def test_every_result_of_faxde_is_on_the_page() -> None:
    told = {int(row[1]) for row in rows(section("FAX.de")) if row[0] == "SendJob"}
    assert told == {0, faxde.DUPLICATE, *faxde.SEND}
    documented = "0 -1 -2 -3 -4 -5 -6 -7 -8 -14 -65 -66 -77 -1309 1 2 3 4 6 7 8 9 10 11 15 45 46 47 54 58 61 75"
    assert told == set(map(int, documented.split()))
    others = {(row[0], int(row[1])) for row in rows(section("FAX.de"))[1:] if row[0] != "SendJob"}
    assert others == {(method, code) for method, (codes, _) in provider_codes.FAXDE.items() for code in codes}


def test_every_code_of_concord_and_opentext_is_on_the_page() -> None:
    concord = {row[0] for row in rows(section("Concord"))}
    assert {"ErrorCode -5019", "ErrorCode, any other", "ErrorCode, none", "`return` unreadable"} <= concord
    assert {f"FaxJobStatusId {code}" for code in (1, 2, 3, "any other")} <= concord
    assert {"SOAP fault Client", "SOAP fault Server", "HTTP 401", "HTTP 429", "HTTP 500"} <= concord
    codes = {row[0] for row in rows(section("OpenText"))}
    assert {f"gamma code {code}" for code in opentext.GAMMA} <= codes
    assert {"HTTP 200", "HTTP 204", "HTTP 401", "HTTP 429", "HTTP 500"} <= codes


def test_every_class_on_the_page_is_explained() -> None:
    words = PAGE.partition(provider_codes.BEGIN)[2]
    used = {word for cell in re.findall(r"\*\*([^*]+)\*\*", words) for word in re.split(r"[;:,] ?", cell)}
    explained = set(re.findall(r"\*\*([^*]+)\*\*", PAGE.split("## Codes")[1].split("###")[0]))
    usual = {progress.value for progress in Progress} | {
        "stopped",
        "of an attempt in doubt",
        "unclassified",
        "unknown-job",
    }
    assert used - explained - usual == set()


def test_the_page_is_fresh() -> None:
    assert provider_codes.refresh(PAGE) == PAGE, "run: make docs"
