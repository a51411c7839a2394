"""A provider for the tests of the configuration, so that they hold whatever providers there are."""

from pydantic import SecretStr

from faxdaemon.contracts.provider import Capabilities, Duplicates, Find
from faxdaemon.options import Account, Duration, Section


class Extra(Section):
    """A section in a provider's section."""

    key: SecretStr
    """A secret further down."""


class Options(Account):
    """A service that exists in tests only."""

    username: str
    """The login."""
    company: str
    """The customer number."""
    password: SecretStr
    """The login's password."""
    poll: Duration = 45.0
    """Another default than usual."""
    extra: Extra | None = None
    """More."""


CAPABILITIES = Capabilities(
    reference_length=0,
    duplicates=Duplicates.SENDS,
    find=Find.NOT,
    status_batch=1,
    retries_itself=True,
    can_cancel=False,
    head_of_queue_inbox=False,
    suffixes=frozenset({".pdf"}),
    pictures=frozenset({"image"}),
)
