"""FAX.de's wire in the sandbox: strict about requests, faithful in answers."""

from __future__ import annotations

import base64
import csv
import hashlib
import http.client
import io
import re
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.wire import Talk, WireServer, reply

from faxdaemon.sandbox import Fault, Play, Sandbox
from faxdaemon.sandbox.faxde_soap import METHODS, NAMESPACE

LINE = "+494055500130"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
DOCUMENT = pdf_bytes(2)


class Customer:
    """A customer of FAX.de with the simplest of clients."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.login: dict[str, str] = {"Account": "faxde", "Password": "sandbox"}

    def post(self, body: str, action: str, path: str = "/faxde/xmlws.exe/soap/IntfXMLWS") -> tuple[int, str]:
        address = urllib.parse.urlsplit(self.sandbox.url)
        client = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        try:
            client.request("POST", path, body.encode(), {"SOAPAction": action, "Content-Type": "text/xml"})
            answer = client.getresponse()
            return answer.status, answer.read().decode()
        finally:
            client.close()

    def get(self, path: str) -> tuple[int, str]:
        address = urllib.parse.urlsplit(self.sandbox.url)
        client = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        try:
            client.request("GET", path)
            answer = client.getresponse()
            return answer.status, answer.read().decode()
        finally:
            client.close()

    def body(self, method: str, parameters: Sequence[tuple[str, str, str]], namespace: str = NAMESPACE) -> str:
        declared = [(name, f' xsi:type="{kind}"' if kind else "", text) for name, kind, text in parameters]
        inside = "".join(f"<{name}{kind}>{text}</{name}>" for name, kind, text in declared)
        return (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="{XSI}" xmlns:xsd="{XSD}">'
            f'<s:Body><q:{method} xmlns:q="{namespace}">{inside}</q:{method}></s:Body></s:Envelope>'
        )

    def parameters(self, method: str, **values: Any) -> list[tuple[str, str, str]]:
        given = {**self.login, **values}
        return [(name, f"xsd:{kind}", str(given.get(name, ""))) for name, kind in METHODS[method].takes]

    def ask(self, method: str, **values: Any) -> dict[str, str]:
        """Call a method; its results in order."""
        status, text = self.post(self.body(method, self.parameters(method, **values)), f'"{NAMESPACE}#{method}"')
        assert status == 200, text
        answer = ET.fromstring(text)[0][0]
        assert answer.tag == f"{{{NAMESPACE}}}{method}Response"
        assert [child.tag for child in answer] == ["return", *(name for name, _ in METHODS[method].gives)]
        return {child.tag: child.text or "" for child in answer}

    def job(self, recipient: str = "+4940555123", **values: Any) -> dict[str, str]:
        """What a job that would be taken is made of."""
        return {
            "JobType": "0",
            "Recipient": recipient,
            "SendFilename1": "a.pdf",
            "SendFile1": base64.b64encode(DOCUMENT).decode(),
            "SendDateTime": "2000-01-01T00:00:00Z",
            **values,
        }

    def send(self, recipient: str = "+4940555123", **values: Any) -> dict[str, str]:
        return self.ask("SendJob", **self.job(recipient, **values))

    def ended(self, job: str) -> dict[str, str]:
        self.sandbox.wait(lambda: any(e.job == job and e.result for e in self.sandbox.sent()))
        return self.ask("JobStatus", JobId=job)


@pytest.fixture
def customer(sandbox: Sandbox) -> Customer:
    return Customer(sandbox)


# --- the service's own pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/faxde/xmlws.exe?wsdl/IntfXMLWS", "/faxde/xmlws.exe/wsdl/IntfXMLWS"])
def test_the_wsdl_is_served_at_both_places_and_describes_what_is_served(
    customer: Customer, sandbox: Sandbox, path: str
) -> None:
    status, text = customer.get(path)
    assert status == 200
    wsdl, soap = "{http://schemas.xmlsoap.org/wsdl/}", "{http://schemas.xmlsoap.org/wsdl/soap/}"
    root = ET.fromstring(text)
    messages = {m.get("name"): [(p.get("name"), p.get("type")) for p in m] for m in root.iter(f"{wsdl}message")}
    for method, known in METHODS.items():
        assert messages[f"{method}Request"] == [(name, f"xs:{kind}") for name, kind in known.takes]
        assert messages[f"{method}Response"][0] == ("return", "xs:int")
    assert {o.get("soapAction") for o in root.iter(f"{soap}operation")} == {f"{NAMESPACE}#{m}" for m in METHODS}
    assert {b.get("namespace") for b in root.iter(f"{soap}body")} == {NAMESPACE}
    (address,) = root.iter(f"{soap}address")
    location = address.get("location") or ""
    assert location == f"{sandbox.url_of('faxde')}/soap/IntfXMLWS"


def test_the_page_and_no_other(customer: Customer) -> None:
    assert "SendJob" in customer.get("/faxde/xmlws.exe?intf=IntfXMLWS")[1]
    for path in ("/faxde/xmlws.exe", "/faxde/xmlws.exe/soap/IntfXMLWS", "/faxde/xmlws.exe?wsdl/Other"):
        assert customer.get(path)[0] == 404


# --- strictness ---------------------------------------------------------------------------------------------------


def faults(customer: Customer, body: str, action: str = f"{NAMESPACE}#SendJob") -> str:
    status, text = customer.post(body, action)
    assert status == 500
    fault = ET.fromstring(text)[0][0]
    assert fault.tag.endswith("}Fault")
    assert fault.findtext("faultcode") == "SOAP-ENV:Server"
    assert customer.sandbox.sent() == []
    return fault.findtext("faultstring") or ""


@pytest.mark.parametrize("name", [name for name, _ in METHODS["SendJob"].takes])
def test_a_parameter_without_its_type_is_a_fault(customer: Customer, name: str) -> None:
    fields = customer.parameters("SendJob", **customer.job())
    bare = [(n, "" if n == name else kind, text) for n, kind, text in fields]
    assert name in faults(customer, customer.body("SendJob", bare))
    wrong = [(n, "xsd:date" if n == name else kind, text) for n, kind, text in fields]
    assert name in faults(customer, customer.body("SendJob", wrong))


@pytest.mark.parametrize("at", range(len(METHODS["SendJob"].takes) - 1))
def test_parameters_in_another_order_are_a_fault(customer: Customer, at: int) -> None:
    fields = customer.parameters("SendJob", **customer.job())
    fields[at], fields[at + 1] = fields[at + 1], fields[at]
    faults(customer, customer.body("SendJob", fields))


@pytest.mark.parametrize("name", [n for n, _ in METHODS["SendJob"].takes if n != "SendDateTime"])
def test_a_parameter_that_is_left_out_is_a_fault(customer: Customer, name: str) -> None:
    fields = [field for field in customer.parameters("SendJob", **customer.job()) if field[0] != name]
    faults(customer, customer.body("SendJob", fields))


def test_only_the_time_may_be_missing(customer: Customer) -> None:
    fields = [f for f in customer.parameters("SendJob", **customer.job()) if f[0] != "SendDateTime"]
    status, text = customer.post(customer.body("SendJob", fields), f"{NAMESPACE}#SendJob")
    assert (status, "<JobId" in text) == (200, True)
    body = customer.body("SendJob", customer.parameters("SendJob", **customer.job("+4940555124")))
    nil = re.sub(r"<SendDateTime [^>]*>[^<]*<", '<SendDateTime xsi:nil="true"><', body)
    assert customer.post(nil, f"{NAMESPACE}#SendJob")[0] == 200
    assert len(customer.sandbox.sent()) == 2


def test_anything_else_that_differs_is_a_fault(customer: Customer) -> None:
    fields = customer.parameters("SendJob", **customer.job())
    good = customer.body("SendJob", fields)
    faults(customer, good, action="")
    faults(customer, good, action=f"{NAMESPACE}#JobStatus")
    faults(customer, customer.body("SendJob", fields, namespace="urn:other"))
    faults(customer, customer.body("Send", fields))
    faults(customer, customer.body("SendJob", [*fields, ("More", "xsd:string", "")]))
    faults(customer, good[:-20])
    faults(customer, "")
    faults(customer, good.replace("schemas.xmlsoap.org/soap/envelope", "www.w3.org/2003/05/soap-envelope"))
    faults(customer, good.replace(base64.b64encode(DOCUMENT).decode(), "!!!!"))
    faults(customer, f"<!DOCTYPE x [<!ENTITY y 'z'>]>{good}")
    for option in ("STATURL=http://x/" + "x" * 128, "STATIONID=" + "x" * 21, "FAXHEADER=" + "x" * 31):
        faults(customer, customer.body("SendJob", customer.parameters("SendJob", **customer.job(Options=option))))


# --- SendJob ------------------------------------------------------------------------------------------------------


def test_a_job_is_in_the_ledger_under_the_id_that_was_told(customer: Customer, sandbox: Sandbox) -> None:
    told = customer.send("+4940555123[ref-1]", SendText="Hello", Options="STATIONID=Praxis;CALLERID=+4940")
    (entry,) = sandbox.sent()
    assert told == {"return": "0", "JobId": entry.job, "RecipientsCount": "1", "PageCount": "3"}
    assert (entry.account, entry.destination, entry.reference) == ("faxde", "+4940555123", "ref-1")
    assert entry.names == ("text.txt", "a.pdf")
    assert entry.documents[1] == hashlib.sha256(DOCUMENT).hexdigest()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"JobType": "5"}, 4),
        ({"JobType": ""}, 4),
        ({"Recipient": ""}, 8),
        ({"Recipient": "nobody"}, 8),
        ({"Recipient": "a@example.org"}, 8),
        ({"JobType": "2"}, 8),
        ({"Recipient": "nobody,somebody"}, 8),
        ({"Recipient": "+4940555123,+49900123456"}, 45),
        ({"RecipientFile": "eA=="}, 8),
        ({"JobType": "8", "Recipient": "a@example.org,b@example.org"}, 11),
        ({"Recipient": "+49900123456"}, 45),
        ({"SendFilename1": "a.odt"}, -6),
        ({"SendFilename1": "a"}, -6),
        ({"SendFile1": ""}, 15),
        ({"SendFilename1": "", "SendFile1": ""}, 75),
        ({"Password": "wrong"}, -1),
        ({"Account": "nobody"}, -2),
        ({"Account": ""}, 2),
    ],
)
def test_each_refusal(customer: Customer, sandbox: Sandbox, changes: dict[str, str], code: int) -> None:
    assert customer.send(**changes)["return"] == str(code)
    assert sandbox.sent() == []


def test_several_recipients_are_one_job(customer: Customer, sandbox: Sandbox) -> None:
    rows = base64.b64encode(b"+4940555123,a\r\nnobody,b\n+12125550110\n").decode()
    told = customer.send(Recipient="", RecipientFile=rows)
    assert (told["return"], told["RecipientsCount"]) == ("0", "2")
    assert [(e.destination, e.reference) for e in sandbox.sent()] == [("+4940555123", "a"), ("+12125550110", "")]
    again = customer.send(Recipient="", RecipientFile=rows)
    assert (again["return"], again["JobId"]) == ("-77", told["JobId"])
    sandbox.wait(lambda: all(entry.result for entry in sandbox.sent()))
    status = customer.ask("JobStatus", JobId=told["JobId"])
    assert (status["return"], status["SendResult"]) == ("0", "multi")
    assert len(sandbox.sent()) == 2
    sandbox.switches["faxde.several"] = False
    assert customer.send(Recipient="+4940555123,+4940555124")["return"] == "1"


@pytest.mark.parametrize(
    ("number", "dialled"),
    [("040 555-123", "+4940555123"), ("0043 1 555123", "+431555123"), ("(+49) 40555123", "+4940555123")],
)
def test_numbers_are_read_as_germans_write_them(
    customer: Customer, sandbox: Sandbox, number: str, dialled: str
) -> None:
    assert customer.send(number)["return"] == "0"
    assert sandbox.sent()[0].destination == dialled


def test_an_identical_job_is_refused_with_the_id_of_the_first(customer: Customer, sandbox: Sandbox) -> None:
    first = customer.send("+4940555123[a]", Options="FAXRETRY=2")
    again = customer.send("+4940555123[a]", Options="FAXRETRY=2")
    assert (again["return"], again["JobId"]) == ("-77", first["JobId"])
    sandbox.switches["faxde.duplicate_id"] = False
    assert customer.send("+4940555123[a]", Options="FAXRETRY=2")["JobId"] == "0"
    assert len(sandbox.sent()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": "+4940555123[b]"},
        {"recipient": "+4940555124[a]"},
        {"Options": "FAXRETRY=3"},
        {"SendText": "x"},
        {"SendFile1": base64.b64encode(DOCUMENT + b"x").decode()},
    ],
)
def test_what_differs_anywhere_is_another_job(customer: Customer, sandbox: Sandbox, changes: dict[str, str]) -> None:
    customer.send(recipient="+4940555123[a]", Options="FAXRETRY=2")
    assert customer.send(**{"recipient": "+4940555123[a]", "Options": "FAXRETRY=2", **changes})["return"] == "0"
    assert len(sandbox.sent()) == 2


def test_switches_of_the_double(customer: Customer, sandbox: Sandbox) -> None:
    customer.send("+4940555123[a]")
    sandbox.switches["faxde.reference_counts"] = False
    assert customer.send("+4940555123[b]", Options="FAXRETRY=1")["return"] == "-77"
    sandbox.switches["faxde.duplicate_window"] = 0
    assert customer.send("+4940555123[b]")["return"] == "0"


def test_a_double_is_known_after_a_restart_and_when_the_listing_hides_it(tmp_path: Path) -> None:
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
        customer = Customer(sandbox)
        sandbox.fault(Fault(Play.INDEX_LATE, seconds=60))
        job = customer.send("+4940555123[a]")["JobId"]
        assert customer.ask("JobStatus", JobId=job)["return"] == "5"
        assert customer.send("+4940555123[a]")["JobId"] == job
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
        assert Customer(sandbox).send("+4940555123[a]") == {
            "return": "-77",
            "JobId": job,
            "RecipientsCount": "0",
            "PageCount": "0",
        }


def test_a_cancelled_job_is_no_double(customer: Customer, sandbox: Sandbox) -> None:
    job = customer.send("+4940550118[a]")["JobId"]
    assert customer.ask("CancelJob", JobId=job)["return"] == "0"
    assert customer.send("+4940550118[a]")["return"] == "0"


# --- following ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "word", "pages"),
    [
        ("+4940550123", "OK", "2"),
        ("+4940550110", "Busy", "0"),
        ("+4940550111", "No Answer", "0"),
        ("+4940550112", "Voice", "0"),
        ("+4940550113", "No Service", "0"),
        ("+4940550115", "Send-Fail", "1"),
        ("+4940550117", "Call failed", "0"),
    ],
)
def test_each_end_and_its_protocol(customer: Customer, number: str, word: str, pages: str) -> None:
    told = customer.ended(customer.send(f"{number}[ref-1]")["JobId"])
    assert (told["return"], told["SendResult"]) == ("0", word)
    at = datetime.strptime(told["SendDateTime"], "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    table = base64.b64decode(told["StatusFile"]).decode()
    assert table.startswith('"RECIPIENT","JOBTYPE",')
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["RECIPIENT"], row["JOBTYPE"], row["RESULT"]) == (number, "FAX", word)
    assert (row["PAGES"], row["REFID"], row["REMOTEID"]) == (pages, "ref-1", told["RemoteId"])
    assert row["SENDDATETIME"] == f"{at:%Y-%m-%d %H:%M:%S}"


def test_a_job_that_waits_is_cancelled_and_then_not_found(customer: Customer) -> None:
    job = customer.send("+4940550118")["JobId"]
    assert customer.ask("JobStatus", JobId=job) == {
        "return": "6",
        "SendResult": "",
        "SendDateTime": "1899-12-30T00:00:00.000Z",
        "RemoteId": "",
        "StatusFile": "",
    }
    assert [customer.ask("CancelJob", JobId=job)["return"] for _ in "12"] == ["0", "1"]
    assert customer.ask("JobStatus", JobId=job)["return"] == "5"
    assert customer.ask("CancelJob", JobId="999")["return"] == "-2"
    done = customer.send("+4940550123")["JobId"]
    customer.ended(done)
    assert customer.ask("CancelJob", JobId=done)["return"] == "1"


@pytest.mark.parametrize(
    ("login", "codes"),
    [
        ({"Password": "wrong"}, ["-1", "2", "-1", "2", "2"]),
        ({"Account": "nobody"}, ["-2", "1", "-1", "1", "1"]),
    ],
)
def test_each_method_says_wrong_credentials_in_its_own_way(
    customer: Customer, sandbox: Sandbox, login: dict[str, str], codes: list[str]
) -> None:
    methods = ["SendJob", "JobStatus", "CancelJob", "RequestReceived", "DeleteReceived"]
    assert [customer.ask(method, **{**customer.job(), **login})["return"] for method in methods] == codes
    sandbox.fault(Fault(Play.WRONG_CREDENTIALS, count=0))
    assert [customer.ask(method)["return"] for method in methods] == ["-1", "2", "-1", "2", "2"]


def test_an_internal_error_is_a_result_only_of_sendjob(customer: Customer, sandbox: Sandbox) -> None:
    sandbox.fault(Fault(Play.ERR01, count=0))
    assert customer.send()["return"] == "-4"
    body = customer.body("JobStatus", customer.parameters("JobStatus", JobId=1))
    assert customer.post(body, f"{NAMESPACE}#JobStatus")[0] == 500
    assert sandbox.sent() == []


# --- STATURL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[WireServer]:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(reply("ok"))

    with WireServer(behave) as server:
        yield server


TOKENS = "$JID|$RCV|$STAT|$MSGGS|$COST|$RID|$CID|$DATE|$TIME|$SEC|$RET|$COD|$SPD"


def test_every_token_of_the_call_back_is_replaced(customer: Customer, sandbox: Sandbox, listener: WireServer) -> None:
    job = customer.send("+4940550123[ref 1]", Options=f"FAXRETRY=1;STATURL={listener.url}/x?{TOKENS}")["JobId"]
    sandbox.wait(lambda: listener.requests)
    path, _, query = listener.requests[0].path.partition("?")
    values = urllib.parse.unquote(query).split("|")
    assert (listener.requests[0].method, path) == ("GET", "/x")
    assert values[:7] == [job, "+4940550123", "OK", "2", "0.10", "SANDBOX FAX", "ref 1"]
    assert re.fullmatch(r"\d\d\.\d\d\.\d\d", values[7])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", values[8])
    assert "%2B49" in query, "values are percent-encoded"


@pytest.mark.parametrize(
    ("number", "word"),
    [
        ("+4940550110", "BUSY"),
        ("+4940550111", "NOANSWER"),
        ("+4940550112", "VOICE"),
        ("+4940550113", "NOSERVICE"),
        ("+4940550115", "SENDFAIL"),
        ("+4940550117", "ISDNERR"),
    ],
)
def test_the_call_back_has_words_of_its_own(
    customer: Customer, sandbox: Sandbox, listener: WireServer, number: str, word: str
) -> None:
    customer.send(number, Options=f"STATURL={listener.url.removeprefix('http://')}/x?$STAT")
    sandbox.wait(lambda: listener.requests)
    assert listener.requests[0].path == f"/x?{word}"


def test_the_call_back_plays_faults_and_never_comes_for_a_cancelled_job(
    customer: Customer, sandbox: Sandbox, listener: WireServer
) -> None:
    sandbox.fault(Fault(Play.NOTIFY_LOST))
    customer.ended(customer.send("+4940550123[lost]", Options=f"STATURL={listener.url}/$CID")["JobId"])
    stopped = customer.send("+4940550118[stopped]", Options=f"STATURL={listener.url}/$CID")["JobId"]
    customer.ask("CancelJob", JobId=stopped)
    sandbox.fault(Fault(Play.NOTIFY_TWICE))
    customer.send("+4940550123[twice]", Options=f"STATURL={listener.url}/$CID")
    sandbox.wait(lambda: len(listener.requests) == 2)
    assert [seen.path for seen in listener.requests] == ["/twice"] * 2


def test_an_early_call_back_comes_before_the_answer(customer: Customer, sandbox: Sandbox, listener: WireServer) -> None:
    sandbox.fault(Fault(Play.NOTIFY_EARLY))
    job = customer.send("+4940550123", Options=f"STATURL={listener.url}/$JID")["JobId"]
    assert [seen.path for seen in listener.requests] == [f"/{job}"]


# --- receiving ----------------------------------------------------------------------------------------------------


def test_the_oldest_fax_comes_again_and_again_until_it_is_deleted(customer: Customer, sandbox: Sandbox) -> None:
    first = sandbox.inject(LINE, caller="+12125550142", csid="NORTH", pages=3)
    second = sandbox.inject(LINE)
    for _ in "12":
        told = customer.ask("RequestReceived")
        assert (told["return"], told["FaxId"], told["CalledNumber"], told["Pages"]) == ("0", first, LINE, "3")
        assert (told["Originator"], told["RemoteId"]) == ("+12125550142", "NORTH")
        assert base64.b64decode(told["FaxImage"])[:2] in {b"II", b"MM"}
    assert sandbox.ledger()[0].fetched == 2
    assert [customer.ask("DeleteReceived", FaxId=first)["return"] for _ in "12"] == ["0", "5"]
    assert customer.ask("RequestReceived")["FaxId"] == second
    customer.ask("DeleteReceived", FaxId=second)
    assert customer.ask("RequestReceived") == {
        "return": "5",
        "FaxId": "0",
        "CalledNumber": "",
        "ReceiveDate": "1899-12-30T00:00:00.000Z",
        "Originator": "",
        "RemoteId": "",
        "Pages": "0",
        "FaxImage": "",
    }


def test_a_delete_that_did_not_last_and_one_by_another_client(customer: Customer, sandbox: Sandbox) -> None:
    first, second = sandbox.inject(LINE), sandbox.inject(LINE)
    sandbox.fault(Fault(Play.ITEM_AGAIN))
    assert customer.ask("DeleteReceived", FaxId=first)["return"] == "0"
    assert customer.ask("RequestReceived")["FaxId"] == first
    sandbox.fault(Fault(Play.DELETED_ELSEWHERE))
    assert customer.ask("RequestReceived")["FaxId"] == second


def test_a_fax_from_another_provider_arrives_here(customer: Customer, sandbox: Sandbox) -> None:
    sandbox.network.submit(
        "clinic", LINE, [sandbox.network.papers.keep("a.pdf", [DOCUMENT])], login="clinic", recipname=""
    )
    assert customer.sandbox.wait(lambda: sandbox.inbox("faxde"))[0].line == LINE
    assert customer.ask("RequestReceived")["Pages"] == "2"
