"""etherFAX integration module (EIM): one `<FaxJob>` beside its document.

Promise   each element is followed, comes back as a field, or is refused.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from faxdaemon.contracts.format import FolderAsks, NotMine, Order
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._control import ControlDialect, Refused, filled
from faxdaemon.formats._write import nested, only, said, single, tags, xml
from faxdaemon.formats._xml import foreign, texts

_ROOT = "faxjob"
_KNOWN = ("recipient", "attachment", "localid", "callerid", "tag", "tz")

ABOUT = About(
    title="etherFAX, integration module (EIM)",
    says="A `.xml` file with one `<FaxJob>`. `<Attachment>` names the document; without it, the document has the name "
    "of the file. `<LocalId>` is the sending station, `<CallerId>` the sender's number, `<Tag>` the reference; `<TZ>` "
    "comes back as a field.",
    files={
        "order7.pdf": "",
        "order7.xml": '<?xml version="1.0"?>\n<FaxJob>\n\t<Recipient>+1 303 555 0123</Recipient>\n'
        "\t<Attachment>order7.pdf</Attachment>\n\t<LocalId>NORTH CLINIC</LocalId>\n\t<CallerId>3035550111</CallerId>\n"
        "\t<Tag>4711</Tag>\n\t<TZ></TZ>\n</FaxJob>\n",
    },
    numbers=("+13035550123",),
    carries=("reference", "documents", "fields", "sender_csid", "sender_fax"),
    answers="`<stem>.result.json` beside the document.",
    source="A: etherFAX documentation, sending faxes",
)


def open_format(folder: FolderAsks) -> EtherFax:
    """The dialect as one drop folder speaks it."""
    return EtherFax(folder)


class EtherFax(ControlDialect):
    """See the module."""

    endings = (".xml",)

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:  # noqa: ARG002 - the file says it all
        """One recipient."""
        read = foreign(control, self.folder.encoding, mend=True)
        if read.root.name.lower() != _ROOT:
            return NotMine()
        told = texts(read.root, "FaxJob", _KNOWN)
        if "recipient" not in told:
            raise Refused("FaxJob: <Recipient> is missing or empty")
        request = Request(
            told["recipient"],
            None,
            told.get("tag"),
            filled(tz=told.get("tz")),
            filled(sender_csid=told.get("localid"), sender_fax=told.get("callerid")),
        )
        documents = (told["attachment"],) if "attachment" in told else None
        return [Order((request,), documents, encoding=read.encoding)]

    def compose(self, orders: Sequence[Order]) -> str:
        """One document at most."""
        request, documents = single(orders), only(orders).documents or ()
        told = said(request, {"LocalId": "sender_csid", "CallerId": "sender_fax"})
        pairs = [
            ("Recipient", request.number),
            *(("Attachment", document) for document in documents[:1]),
            *told.items(),
        ]
        return xml(nested("FaxJob", tags([*pairs, ("Tag", request.reference), ("TZ", request.fields.get("tz"))])))
