"""Concord's WSDL, ours and the sandbox's, has the documented names in the documented order; what we say fits it, and a
strict server refuses the same in another order.

The tables are written by hand from what is public: the getting-started guide, the GetFaxStatus page, and the message
classes that public clients have generated from the service's own WSDL.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from support import golden

from faxdaemon import sandbox
from faxdaemon.providers import concord
from faxdaemon.sandbox.concord_wire import Misread, Service

XSD, WSDL, SOAP = (
    "{http://www.w3.org/2001/XMLSchema}",
    "{http://schemas.xmlsoap.org/wsdl/}",
    "{http://schemas.xmlsoap.org/soap/envelope/}",
)
OURS = Path(concord.__file__).with_name("faxws.wsdl")
THEIRS = Path(sandbox.__file__).parent / "wsdl"
FAXWS, INBOUND = THEIRS / "concord-faxws.wsdl", THEIRS / "concord-faxreceive.wsdl"

WHO = "UserID strPIN"
STATUS_ANSWER = "return FaxStatusList WSError"
#: Request: children | answer: children.
OPERATIONS = f"""
CheckService: | CheckServiceResponse: return
SimpleSendFax: {WHO} RecipientName FaxNumber TIFFJobFile | SimpleFaxSendResponse: return
SimpleGetFaxStatus: {WHO} JobId | SimpleFaxStatusResponse: return
SendFax: {WHO} Recipients FaxJobFiles | FaxSendResponse: return FaxJobIds TTFP WSError
SendFaxEx: {WHO} Recipients FaxJobFiles JobDetails | FaxSendExResponse: return FaxJobIds TTFP WSError
SendFaxBroadcast: {WHO} Recipients FaxJobFiles JobDetails | FaxBroadcastResponse: return FaxJobId WSError
GetFaxStatus: {WHO} FaxJobIds | FaxStatusResponse: {STATUS_ANSWER}
GetRealTimeFaxStatus: {WHO} FaxJobIds | RealTimeFaxStatusResponse: {STATUS_ANSWER}
GetRealTimeFaxStatusEx: {WHO} FaxJobIds | RealTimeFaxStatusExResponse: {STATUS_ANSWER}
GetRealTimeFaxStatusEx2: {WHO} FaxJobIds | RealTimeFaxStatusEx2Response: {STATUS_ANSWER}
GetRealTimeFaxStatusEx3: {WHO} FaxJobIds | RealTimeFaxStatusEx3Response: {STATUS_ANSWER}
CancelFax: {WHO} JobId | CancelFaxResponse: return WSError
GetFaxBroadcastReport: {WHO} JobId RecipientType RecipAddress | GetFaxBroadcastReportResponse: return WSError
GetFaxBroadcastStatus: {WHO} request | FaxBroadcastStatusResponse: return RecipientStatusList WSError
GetFaxCoverList: {WHO} | FaxCoverResponse: return FaxCoverList WSError
GetFaxAccountSettings: {WHO} | GetFaxAccountSettingsResponse: return AccountInfo WSError
"""
REALTIME = "FaxJobId FaxJobStatusId StatusDescription RecipientState RecipientCurrentPageCount RecipientTotalPageCount"
DELIVERY = "FaxDeliveryDateTime FaxDeliveryDuration RemoteFaxCSID"
#: A type is known by its first fields; these are all of them, in order.
TYPES = {
    "WSError": "ErrorCode ErrorString",
    "recipient": "RecipFaxNumber RecipCompany RecipTitle RecipName RecipSecureCSID RecipFirstName RecipLastName "
    "RecipAddress1 RecipAddress2 RecipCity RecipState RecipZipcode RecipCountry RecipVoiceNumber "
    + " ".join(f"RecipField{n}" for n in range(1, 13)),
    "file": "FileIndex FileTypeId FileData",
    "job": "JobScheduleStartType JobScheduleStartDate JobExpiryDate SenderCSID SenderName SenderCompany SenderPhone "
    "CoverText CoverName CoverSubject ReferenceId Resolution SenderFax SoftwareClient NotifyType "
    "NotifyIncludeDeliveredImage NotifyDestination NotifyAuthUser NotifyAuthPassword "
    + " ".join(f"UserField{n}" for n in range(1, 13)),
    "broadcast": "JobScheduleStartType JobScheduleStartDate JobExpiryDate SenderCSID SenderName SenderCompany "
    "SenderPhone SenderAddress1 SenderAddress2 SenderCity SenderState SenderZip SenderCountry CoverName CoverSubject "
    "Resolution UserField1 UserField2 UserField3 UserField4 UserField5 ExceptionDestination SenderFax SoftwareClient "
    "CoverText " + " ".join(f"UserField{n}" for n in range(6, 13)),
    "status": "FaxJobId FaxJobStatusId StatusDescription Error",
    "real time": f"{REALTIME} Error",
    "real time, Ex": f"{REALTIME} {DELIVERY} Error",
    "real time, Ex2": f"{REALTIME} {DELIVERY} ReferenceId Error",
    "real time, Ex3": f"{REALTIME} {DELIVERY} ReferenceId FaxNumber FaxSubmitDateTime FaxStartDateTime "
    "FaxDeliveryAttempts Error",
    "recipient's status": "FaxJobId RecipientId RecipientStatusId RecipientStatusDescription RecipientName "
    "RecipientCompanyName DeliveryAttempts DeliveryDuration DeliverySpeed ReceiveCSID PageCount FaxNumber StartDate "
    "EndDate",
    "account": "UserId Pin DefaultCSID SendDeliveryConfirmation DIDList",
    "line": "PortNumber did DefaultCSID SendDeliveryConfirmation ProcessInbound LineSpecificCredentials",
}


def children(kind: Any) -> str:
    return " ".join(child.get("name") for child in kind.iterfind(f"{XSD}sequence/{XSD}element"))


def documented() -> Iterator[tuple[str, str, str, str]]:
    for line in OPERATIONS.strip().splitlines():
        request, answer = (part.partition(":") for part in line.split(" | "))
        yield request[0].strip(), request[2].strip(), answer[0].strip(), answer[2].strip()


@pytest.mark.parametrize("path", [OURS, FAXWS], ids=["ours", "the sandbox's"])
class TestWsdl:
    def test_each_operation_has_its_names_in_order(self, path: Path) -> None:
        root = etree.parse(path).getroot()
        schema = root.find(f"{WSDL}types/{XSD}schema")
        assert (schema.get("targetNamespace"), schema.get("elementFormDefault")) == ("urn:FaxWS", "qualified")
        elements = {e.get("name"): children(e.find(f"{XSD}complexType")) for e in schema.iterfind(f"{XSD}element")}
        messages = {
            m.get("name"): m.find(f"{WSDL}part").get("element").partition(":")[2]
            for m in root.iterfind(f"{WSDL}message")
        }

        def said(operation: Any, way: str) -> str:
            message = operation.find(f"{WSDL}{way}").get("message").partition(":")[2]
            return messages[message]

        port = root.find(f"{WSDL}portType")
        assert port.get("name") == "FaxWSPortType"
        told = {o.get("name"): (said(o, "input"), said(o, "output")) for o in port.iterfind(f"{WSDL}operation")}
        for operation, asked, answer, answered in documented():
            assert told.pop(operation) == (operation, answer)
            assert elements[operation] == asked, operation
            assert elements[answer] == answered, answer
        assert set(told) <= {"SendFaxBroadcastEx"}

    def test_each_type_has_its_names_in_order(self, path: Path) -> None:
        found = {children(kind) for kind in etree.parse(path).iter(f"{XSD}complexType")}
        assert [name for name, fields in TYPES.items() if fields not in found] == []

    def test_the_action_is_empty_and_the_style_is_document(self, path: Path) -> None:
        soap = "{http://schemas.xmlsoap.org/wsdl/soap/}"
        root = etree.parse(path).getroot()
        assert {o.get("soapAction") for o in root.iter(f"{soap}operation")} == {""}
        assert {b.get("style") for b in root.iter(f"{soap}binding")} == {"document"}
        assert {b.get("use") for b in root.iter(f"{soap}body")} == {"literal"}


def envelopes() -> Iterator[Any]:
    """Each SOAP exchange of the golden files: a name, whose service it is, the request, the answer."""
    for path in sorted((Path(__file__).parent / "golden" / "concord").glob("*.http")):
        for part in path.read_text("utf-8").split(golden.THEN):
            asked, _, answered = part.partition(golden.MARK)
            place = re.match(r"POST (/\w+/v5) ", asked)
            if place and "Envelope" in asked:
                bodies = [text.partition("\n\n")[2].strip() for text in (asked, answered)]
                yield pytest.param(place[1], *bodies, id=path.stem)


def strict(place: str) -> Service:
    return Service(INBOUND if "receive" in place else FAXWS)


def read(place: str, text: bytes) -> None:
    strict(place).read(bytearray(text), "text/xml")


@pytest.mark.parametrize(("place", "asked", "answered"), list(envelopes()))
def test_a_strict_server_takes_what_we_say_and_nothing_in_another_order(place: str, asked: str, answered: str) -> None:
    read(place, asked.encode())
    root = etree.fromstring(asked.encode())
    swapped = 0
    for number, node in enumerate(root.find(f"{SOAP}Body")[0].iter()):
        for at in range(len(node) - 1):
            if node[at].tag == node[at + 1].tag:
                continue
            other = copy.deepcopy(root)
            twin = list(other.find(f"{SOAP}Body")[0].iter())[number]
            twin.insert(at, twin[at + 1])
            with pytest.raises(Misread, match="Validation constraint violation"):
                read(place, etree.tostring(other))
            swapped += 1
    assert swapped or "CheckService" in asked
    if "WrapperRC" in answered:  # an answer with more than the schema has, on purpose
        return
    body = etree.fromstring(answered.encode()).find(f"{SOAP}Body")[0]
    strict(place).schema.assertValid(etree.fromstring(etree.tostring(body)))
