"""How the sandbox's accounts are written in a configuration: each provider has its own words for user and password."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from faxdaemon.sandbox.model import SandboxAccount

#: What the provider's settings call the account's user name.
_USER: Mapping[str, str] = MappingProxyType({"concord": "user_id", "faxde": "customer"})
#: What people call the provider.
_TITLES: Mapping[str, str] = MappingProxyType(
    {"concord": "Concord", "faxage": "FAXAGE", "faxde": "FAX.de", "opentext": "OpenText"}
)


def settings_of(account: SandboxAccount, url: str) -> dict[str, str]:
    """The settings of an account whose provider is played at `url`; the password last."""
    user = _USER.get(account.provider, "username")
    company = {"company": account.company} if account.company else {}
    return {"provider": account.provider, "url": url, user: account.username, **company, "password": account.password}


def title_of(provider: str) -> str:
    """The provider's name for people."""
    return _TITLES.get(provider, provider)
