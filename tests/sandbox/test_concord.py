"""Concord's wire as the sandbox plays it: strict about what comes in, true to the WSDL in what goes out."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from lxml import etree
from support.papers import pdf_bytes

from faxdaemon.sandbox import Fault, Play, Sandbox

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
WHO = "<UserID>mbx1234567890</UserID><strPIN>sandbox</strPIN>"
PDF = base64.b64encode(pdf_bytes(2)).decode()
JOB = (
    "<JobScheduleStartType>0</JobScheduleStartType><JobScheduleStartDate/><JobExpiryDate/><SenderCSID/><SenderName/>"
    "<SenderCompany/><SenderPhone/><CoverText/><CoverName/><CoverSubject/><ReferenceId>r-1</ReferenceId><Resolution/>"
    "<SenderFax/><SoftwareClient/><NotifyType>0</NotifyType>"
    "<NotifyIncludeDeliveredImage>0</NotifyIncludeDeliveredImage><NotifyDestination/><NotifyAuthUser/>"
    "<NotifyAuthPassword/>"
)


class Client:
    """A customer that writes its own messages."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url_of("concord")
        self.http = httpx.Client(timeout=20, verify=False)

    def post(self, inside: str, place: str = "/fax/v5", namespace: str = "urn:FaxWS", **headers: str) -> httpx.Response:
        inside = re.sub(r"^<(\w+)", rf'<\1 xmlns="{namespace}"', inside)
        body = f'<e:Envelope xmlns:e="{SOAP[1:-1]}"><e:Body>{inside}</e:Body></e:Envelope>'
        return self.http.post(f"{self.url}{place}", content=body, headers={"content-type": "text/xml", **headers})

    def ask(self, inside: str, **more: Any) -> Any:
        """The answer's element."""
        answer = self.post(inside, **more)
        assert answer.status_code == 200, answer.text
        return etree.fromstring(answer.content).find(f"{SOAP}Body")[0]

    def send(self, number: str = "+13035550123", kind: int = 101, data: str = PDF, job: str = JOB) -> str:
        recipient = f"<Recipients><item><RecipFaxNumber>{number}</RecipFaxNumber></item></Recipients>"
        file = f"<item><FileIndex>1</FileIndex><FileTypeId>{kind}</FileTypeId><FileData>{data}</FileData></item>"
        files = f"<FaxJobFiles>{file}</FaxJobFiles>"
        return f"<SendFaxEx>{WHO}{recipient}{files}<JobDetails>{job}</JobDetails></SendFaxEx>"


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    made = Client(sandbox)
    yield made
    made.http.close()


def texts(element: Any, name: str) -> list[str]:
    return [found.text or "" for found in element.iter() if etree.QName(found).localname == name]


def test_a_job_is_taken_told_and_found_by_its_reference(sandbox: Sandbox, client: Client) -> None:
    taken = client.ask(client.send())
    (job,) = texts(taken, "JobId")
    assert job.startswith("br")
    assert (sandbox.sent()[0].job, sandbox.sent()[0].reference) == (job, "r-1")
    sandbox.wait(lambda: sandbox.sent()[0].result)
    for name in (job, "JRI-r-1", "JRI-R-1"):
        ids = f"<FaxJobIds><item><JobId>{name}</JobId></item></FaxJobIds>"
        told = client.ask(f"<GetRealTimeFaxStatusEx3>{WHO}{ids}</GetRealTimeFaxStatusEx3>")
        assert etree.QName(told).localname == "RealTimeFaxStatusEx3Response"
        assert texts(told, "FaxJobId") == [job]
        assert texts(told, "FaxJobStatusId") == ["1"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(WHO, "<strPIN>sandbox</strPIN><UserID>mbx1234567890</UserID>"),
        lambda text: text.replace("<FileIndex>1</FileIndex>", ""),
        lambda text: text.replace("<NotifyType>0</NotifyType>", "<NotifyType>none</NotifyType>"),
        lambda text: text.replace("<ReferenceId>", "<RefId>").replace("</ReferenceId>", "</RefId>"),
        lambda text: text.replace("SendFaxEx>", "SendFaxExx>"),
        lambda text: text.replace("</SendFaxEx>", ""),
        lambda text: text.replace(PDF, "no base64!!"),
        lambda text: "",
    ],
    ids=["order", "missing", "type", "name", "method", "syntax", "base64", "empty"],
)
def test_what_the_schema_does_not_allow_is_the_clients_fault(sandbox: Sandbox, client: Client, spoil: Any) -> None:
    answer = client.post(spoil(client.send()))
    assert answer.status_code == 500
    (code,) = texts(etree.fromstring(answer.content), "faultcode")
    assert code == "SOAP-ENV:Client"
    assert sandbox.sent() == []


def test_another_namespace_is_the_clients_fault(client: Client) -> None:
    assert client.post(client.send(), namespace="urn:other").status_code == 500


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"number": "nobody"}, "-5011"), ({"kind": 7}, "-5012"), ({"kind": 110}, "-5012"), ({"number": ""}, "-5011")],
)
def test_refusals(sandbox: Sandbox, client: Client, changes: Any, code: str) -> None:
    answer = client.ask(client.send(**changes))
    assert (texts(answer, "return"), texts(answer, "ErrorCode")) == (["false"], [code])
    assert sandbox.sent() == []


def test_strangers_are_told_so_except_by_check_service(client: Client) -> None:
    wrong = client.send().replace(">sandbox<", ">wrong<")
    assert texts(client.ask(wrong), "ErrorCode") == ["-5001"]
    for simple in ("<SimpleGetFaxStatus>{who}<JobId>br1</JobId></SimpleGetFaxStatus>", SIMPLE):
        told = client.ask(simple.format(who=WHO.replace(">sandbox<", ">wrong<")))
        assert [(etree.QName(child).localname, child.text) for child in told] == [("return", "-5001")]
    assert client.post(client.send(), authorization="Bearer nonsense").status_code == 401
    assert texts(client.ask("<CheckService/>"), "return") == ["FaxWS is running"]


SIMPLE = (
    "<SimpleSendFax>{who}<RecipientName>Dr Lee</RecipientName><FaxNumber>3035550123</FaxNumber>"
    "<TIFFJobFile>SUkqAA==</TIFFJobFile></SimpleSendFax>"
)
METHODS = [
    SIMPLE,
    "<GetFaxCoverList>{who}</GetFaxCoverList>",
    "<GetFaxAccountSettings>{who}</GetFaxAccountSettings>",
    "<CancelFax>{who}<JobId>br1</JobId></CancelFax>",
    "<SimpleGetFaxStatus>{who}<JobId>br1</JobId></SimpleGetFaxStatus>",
    *(
        f"<{name}>{{who}}<FaxJobIds><item><JobId>{{job}}</JobId></item><item><JobId>br1</JobId></item></FaxJobIds></{name}>"
        for name in ("GetFaxStatus", *(f"GetRealTimeFaxStatus{more}" for more in ("", "Ex", "Ex2", "Ex3")))
    ),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda text: text[1:].partition(">")[0])
def test_answers_are_as_the_wsdl_has_them(sandbox: Sandbox, client: Client, method: str) -> None:
    (job,) = texts(client.ask(client.send()), "JobId")
    page = client.http.get(f"{client.url}/fax/v5/FaxWS.wsdl")
    types = etree.fromstring(page.content).find("{http://schemas.xmlsoap.org/wsdl/}types")
    schema = etree.XMLSchema(etree.fromstring(etree.tostring(types[0])))
    told = client.ask(method.format(who=WHO, job=job))
    schema.assertValid(etree.ElementTree(told))


def test_inbound_answers_are_as_their_wsdl_has_them(sandbox: Sandbox, client: Client) -> None:
    sandbox.inject("+13035550120", caller="+12125550142")
    page = client.http.get(f"{client.url}/faxreceive/v5/faxreceive.wsdl")
    types = etree.fromstring(page.content).find("{http://schemas.xmlsoap.org/wsdl/}types")
    schema = etree.XMLSchema(etree.fromstring(etree.tostring(types[0])))
    more = {"place": "/faxreceive/v5", "namespace": "urn:FaxReceiveWS"}
    listed = client.ask(f"<GetInboundList>{WHO}<Request><MaxItems>5</MaxItems></Request></GetInboundList>", **more)
    (name,) = texts(listed, "ItemId")
    ids = f"<InboundItemIds><item><ItemId>{name}</ItemId></item><item><ItemId>1</ItemId></item></InboundItemIds>"
    got = client.ask(f"<GetInboundByID>{WHO}{ids}</GetInboundByID>", **more)
    assert texts(got, "ErrorCode") == ["0", "-5019", "0"]
    assert base64.b64decode(texts(got, "FileData")[0]).startswith(b"%PDF")
    assert sandbox.ledger()[0].fetched == 1
    gone = client.ask(f"<RemoveInboundByID>{WHO}{ids}</RemoveInboundByID>", **more)
    assert texts(gone, "ErrorCode") == ["-5019"]
    assert sandbox.inbox("concord") == []
    for answer in (listed, got, gone):
        schema.assertValid(etree.ElementTree(answer))


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        ("<MaxItems>1</MaxItems>", 1),
        ("<FaxNumber>+13035550120</FaxNumber>", 2),
        ("<FaxNumber>+13035550121</FaxNumber>", 0),
        ("<StartDateTime>2099/01/01 00:00:00</StartDateTime>", 0),
        ("<EndDateTime>2099/01/01 00:00:00</EndDateTime>", 2),
    ],
)
def test_the_list_can_be_narrowed(sandbox: Sandbox, client: Client, wish: str, count: int) -> None:
    for _ in range(2):
        sandbox.inject("+13035550120")
    asked = f"<GetInboundList>{WHO}<Request>{wish}</Request></GetInboundList>"
    listed = client.ask(asked, place="/faxreceive/v5", namespace="urn:FaxReceiveWS")
    assert len(texts(listed, "ItemId")) == count


# --- JSON and tokens ----------------------------------------------------------------------------------------------


def token(client: Client, **form: str) -> httpx.Response:
    return client.http.post(f"{client.url}/oauth/token", data=form)


def test_json_with_a_token(sandbox: Sandbox, client: Client) -> None:
    granted = token(client, grant_type="client_credentials", client_id="mbx1234567890", client_secret="sandbox").json()
    headers = {"authorization": f"Bearer {granted['access_token']}"}
    order = {
        "UserID": "mbx1234567890",
        "Recipients": [{"RecipFaxNumber": "3035550123"}],
        "FaxJobFiles": [{"FileIndex": 1, "FileTypeId": 101, "FileData": PDF}],
        "JobDetails": {"ReferenceId": "r-9"},
    }
    answer = client.http.post(f"{client.url}/fax/v5", json={"SendFaxEx": order}, headers=headers)
    told = answer.json()["SendFaxExResponse"]
    assert (told["return"], told["FaxJobIds"]) == (True, [{"JobId": sandbox.sent()[0].job}])
    assert (sandbox.sent()[0].destination, sandbox.sent()[0].reference) == ("+13035550123", "r-9")
    assert {"x-ch-activity-id", "x-ch-execution-time"} <= set(answer.headers)
    for wrong in ({"Oddity": 1}, {"Recipients": {"item": []}}, {"UserID": []}):
        bad = client.http.post(f"{client.url}/fax/v5", json={"SendFaxEx": {**order, **wrong}}, headers=headers)
        assert (bad.status_code, bad.json()["Fault"]["faultcode"]) == (400, "Client")
    for text in ("", "[]", "{}", json.dumps({"Nothing": {}}), json.dumps({"SendFaxEx": {}, "Other": {}})):
        bad = client.http.post(
            f"{client.url}/fax/v5", content=text, headers={**headers, "content-type": "application/json"}
        )
        assert bad.status_code == 400
    assert len(sandbox.sent()) == 1


def test_tokens_are_granted_refreshed_and_end(sandbox: Sandbox, client: Client) -> None:
    sandbox.switches["concord.token_life"] = 0
    granted = token(client, grant_type="password", username="mbx1234567890", password="sandbox").json()
    short = {"authorization": f"Bearer {granted['access_token']}"}
    assert client.post(client.send(), **short).status_code == 401
    sandbox.switches["concord.token_life"] = 60
    again = token(client, grant_type="refresh_token", refresh_token=granted["refresh_token"]).json()
    longer = {"authorization": f"Bearer {again['access_token']}"}
    assert texts(client.ask(client.send().replace(">sandbox<", "><"), **longer), "return") == ["true"]
    for form in ({"grant_type": "password", "username": "mbx1234567890", "password": "no"}, {"grant_type": "x"}, {}):
        assert (token(client, **form).status_code, token(client, **form).json()["error"]) == (401, "invalid_client")


# --- faults -------------------------------------------------------------------------------------------------------


def test_a_cut_document_is_cut_inside_of_its_answer(sandbox: Sandbox, client: Client) -> None:
    number = sandbox.inject("+13035550120")
    ids = f"<InboundItemIds><item><ItemId>{number}</ItemId></item></InboundItemIds>"
    asked = f"<GetInboundByID>{WHO}{ids}</GetInboundByID>"
    more = {"place": "/faxreceive/v5", "namespace": "urn:FaxReceiveWS"}
    sandbox.fault(Fault(Play.TRUNCATE))
    half, whole = (base64.b64decode(texts(client.ask(asked, **more), "FileData")[0]) for _ in range(2))
    assert whole.startswith(half)
    assert len(half) == len(whole) // 2
    assert sandbox.ledger()[0].fetched == 1


def test_an_internal_error_and_wrong_credentials_in_concords_words(sandbox: Sandbox, client: Client) -> None:
    sandbox.fault(Fault(Play.ERR01, operation="SendFaxEx"))
    sandbox.fault(Fault(Play.WRONG_CREDENTIALS, operation="SendFaxEx"))
    broken = client.post(client.send())
    assert (broken.status_code, texts(etree.fromstring(broken.content), "faultcode")) == (500, ["SOAP-ENV:Server"])
    assert texts(client.ask(client.send()), "ErrorCode") == ["-5001"]
    assert sandbox.sent() == []


def test_after_a_restart_jobs_are_known_by_id_and_reference(tmp_path: Any) -> None:
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as first:
        client = Client(first)
        (job,) = texts(client.ask(client.send()), "JobId")
        first.wait(lambda: first.sent()[0].result)
        client.http.close()
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as second:
        client = Client(second)
        ids = f"<FaxJobIds><item><JobId>{job}</JobId></item><item><JobId>JRI-r-1</JobId></item></FaxJobIds>"
        told = client.ask(f"<GetFaxStatus>{WHO}{ids}</GetFaxStatus>")
        assert texts(told, "FaxJobId") == [job, job]
        assert texts(told, "FaxJobStatusId") == ["1", "1"]
        client.http.close()
