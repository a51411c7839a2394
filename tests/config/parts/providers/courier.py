"""A provider for the tests of the configuration, so that they hold whatever providers there are."""

from pydantic import SecretStr

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
