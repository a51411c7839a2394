"""The way to the providers: names, certificates, credentials.

Promise   see `faxdaemon.doctor`; nothing is asked of an account but whether it lets us in.
Needs     the network.
Crash     keeps nothing.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from faxdaemon import check, plugins
from faxdaemon.clock import SystemClock
from faxdaemon.config.kinds import PROVIDERS
from faxdaemon.config.types import Settings
from faxdaemon.doctor.result import Result, of, ok, trouble, warning
from faxdaemon.options import Account

PATIENCE = 10.0
"""Seconds for a connection."""
SOON = 14
"""Days before its end at which a certificate is told of."""


def _peers(settings: Settings) -> Iterator[tuple[str, Account, SplitResult]]:
    """Each account with the address that it is asked at."""
    for name, options in settings.accounts.items():
        address = options.url or getattr(plugins.load(PROVIDERS, options.provider), "BASE", None)
        if address:
            parts = urlsplit(str(address))
            if parts.hostname:
                yield name, options, parts


def names(settings: Settings) -> Iterator[Result]:
    """Whether the providers' names can be looked up."""
    for host, accounts in _by_host(settings).items():
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            advice = "see /etc/resolv.conf and whether the name server answers (getent hosts NAME)"
            why = error.strerror or type(error).__name__
            yield trouble("dns", host, f"cannot be looked up ({why}); needed by {', '.join(accounts)}", advice)
        else:
            addresses = sorted({str(entry[4][0]) for entry in found})
            yield ok("dns", host, ", ".join(addresses[:4]))


def _by_host(settings: Settings) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, _, parts in _peers(settings):
        found.setdefault(str(parts.hostname), []).append(name)
    return found


def certificates(settings: Settings) -> Iterator[Result]:
    """Whether the providers' certificates are believed here."""
    for name, options, parts in _peers(settings):
        topic = f"account {name}: {parts.hostname}"
        if parts.scheme != "https":
            if parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
                yield warning("tls", topic, "is asked without encryption", "write an address with https:// as its url")
            continue
        yield _certificate(topic, options, parts)


def _certificate(topic: str, options: Account, parts: SplitResult) -> Result:
    try:
        context = ssl.create_default_context(cafile=str(options.ca) if options.ca else None)
        with (
            socket.create_connection((str(parts.hostname), parts.port or 443), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            ends = ssl.cert_time_to_seconds(str((secure.getpeercert() or {}).get("notAfter")))
            version = secure.version()
    except ssl.SSLCertVerificationError as error:
        advice = "set `ca` to the certificates to trust, or install ca-certificates; see the clock, too"
        return trouble("tls", topic, f"its certificate is not believed: {error.verify_message}", advice)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return trouble("tls", topic, f"no connection ({why})", "see whether a firewall or a proxy is in the way")
    days = int((ends - SystemClock().now().timestamp()) // 86400)
    if days < SOON:
        return warning("tls", topic, f"its certificate ends in {days} days", "the service should renew it; tell them")
    return ok("tls", topic, f"{version}; the certificate is good for {days} days")


def credentials(settings: Settings) -> Iterator[Result]:
    """Whether each account lets us in."""
    for name, options in settings.accounts.items():
        yield of("credentials", check.account(name, options))
