"""What Concord's error numbers (`WSError.ErrorCode`) mean.

Promise   a number that nobody has given a meaning stays `UNCLASSIFIED`: it is never read as wrong credentials, as
          "try later" or as "no such job".
Needs     the site's own table (`errors`), from the list behind the login of Concord's developer portal.
Crash     keeps nothing.

The one number that is public is -5019.  The service's own text is never shown: it may echo the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

UNKNOWN_JOB = -5019
"""Invalid job id (SimpleGetFaxStatus, developer portal)."""


class Kind(StrEnum):
    """What follows from an error; the words are those of the option `errors`."""

    CREDENTIALS = "credentials"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN_JOB = "unknown-job"
    UNCLEAR = "unclear"
    UNCLASSIFIED = "unclassified"
    """Of no known meaning; not to be had by the option."""


_SENTENCES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.CREDENTIALS: "Concord does not accept the user id or its PIN, or the account may not do this",
        Kind.LATER: "Concord cannot do this now",
        Kind.REFUSED: "Concord does not take this",
        Kind.UNKNOWN_JOB: "Concord does not know the id",
        Kind.UNCLEAR: "Concord had trouble and may have acted all the same",
        Kind.UNCLASSIFIED: "Concord refused, for a reason that we do not know; look the number up in Concord's list of "
        "errors, and tell us its meaning with the account's `errors`",
    }
)


@dataclass(frozen=True, slots=True)
class Errors:
    """The table of one account."""

    own: Mapping[int, str] = field(default_factory=dict)
    """The site's part."""

    def kind(self, code: int | None) -> Kind:
        """What a number means; None for an answer without one."""
        if code is None:
            return Kind.UNCLASSIFIED
        if code in self.own:
            return Kind(self.own[code])
        return Kind.UNKNOWN_JOB if code == UNKNOWN_JOB else Kind.UNCLASSIFIED

    def sentence(self, code: int | None) -> str:
        """An error for people."""
        return f"{_SENTENCES[self.kind(code)]} (error {'without a number' if code is None else code})"
