"""The names of wake-ups: who listens to what.  One function a topic, so that a misspelt one is an import error."""

from __future__ import annotations


def preparing() -> str:
    """Something must be made of a drop's documents before it is sent."""
    return "preparing"


def received() -> str:
    """Drops wait for routing."""
    return "received"


def ready(account: str) -> str:
    """Recipients wait for submission through `account`."""
    return f"ready:{account}"


def uncertain(account: str) -> str:
    """Submissions through `account` have no definite answer."""
    return f"uncertain:{account}"


def accepted(account: str) -> str:
    """Jobs at `account` want following, or cancelling."""
    return f"accepted:{account}"


def report(folder: str) -> str:
    """Faxes dropped into `folder` have an outcome to report."""
    return f"report:{folder}"


def keep(folder: str) -> str:
    """Pictures of faxes dropped into `folder` wait to be fetched, or to be put beside their answer."""
    return f"keep:{folder}"


def seen(account: str) -> str:
    """Received faxes at `account` wait for download."""
    return f"seen:{account}"


def deliveries(sink: str) -> str:
    """Received faxes wait for `sink`."""
    return f"deliveries:{sink}"


def delivered(account: str) -> str:
    """Received faxes wait to be acknowledged at `account`."""
    return f"delivered:{account}"


def daily(duty: str) -> str:
    """A person wants the duty of once a day done now."""
    return f"daily:{duty}"


def alerts() -> str:
    """Something is wrong, or right again."""
    return "alerts"
