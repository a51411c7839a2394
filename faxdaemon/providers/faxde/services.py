"""What FAX.de offers beyond sending and receiving: one document to many recipients in one job (`RecipientFile`).

Promise   a broadcast that FAX.de did not take for everybody is told, with its job.  The same command again is no second
          broadcast for as long as FAX.de remembers the first one (-77).
Needs     FAX.de's activation of jobs with several recipients.
Crash     nothing is kept; the same command again tells the job's id.

The interface has five calls and no more: nothing about the account, its numbers, its records or its bills.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from faxdaemon.contracts.provider import Accepted, AccountRefused, Content, NotNow, Refused
from faxdaemon.contracts.services import Table
from faxdaemon.core.errors import OutcomeUnknown, ProviderTrouble, UserError
from faxdaemon.providers.faxde import answers, orders, protocols
from faxdaemon.providers.faxde.wire import Wire


class Services:
    """The methods; an account has them beside those of the contract."""

    __slots__ = ()
    wire: Wire
    wishes: Mapping[str, str]

    def broadcast(self, numbers: Sequence[str], name: str, content: bytes) -> str:
        """`SendJob` with a `RecipientFile`.  Raises `UserError` when FAX.de refuses it, or takes it for fewer."""
        try:
            document = Content(name, len(content), lambda: io.BytesIO(content))
            parameters = orders.several(numbers, document, self.wishes)
        except orders.Unfit as error:
            raise UserError(str(error)) from None
        told = self.wire.call("SendJob", *parameters, fresh=True)
        match answers.taken(told, doubt=False, is_ours=lambda _: False):
            case Accepted(job):
                return _for_all(job, told.number("RecipientsCount"), len(numbers))
            case AccountRefused(reason):
                raise UserError(f"{reason}; jobs to several recipients need an activation by FAX.de")
            case Refused(reason):
                raise UserError(reason)
            case NotNow(reason, retry_after):
                raise ProviderTrouble(reason, retry_after)
            case unknown:
                raise OutcomeUnknown(f"{unknown.reason}; the same command again tells whether it was taken")

    def broadcast_status(self, job: str) -> Table:
        """`JobStatus`: what FAX.de tells of each recipient, once all are done."""
        told = self.wire.call("JobStatus", ("JobId", "int", job if job.isascii() and job.isdigit() else "0"))
        code = answers.read(told, (0, 5, 6))
        if code == 5:
            raise UserError(f"FAX.de does not know the job {job} (any more)")
        if code == 6:
            raise UserError("FAX.de tells of the recipients when all of them are done; ask again later")
        table = protocols.table_of(told)
        if table is None:
            raise ProviderTrouble("FAX.de's list of the recipients could not be read")
        return table


def _for_all(job: str, taken: int | None, wanted: int) -> str:
    if taken is not None and taken != wanted:
        raise UserError(f"FAX.de took job {job} for {taken} of {wanted} recipients only; its status tells which")
    return job
