"""`faxdaemon doctor`: what usually goes wrong, looked for in the order that matters.

Promise   each thing that is wrong is named, with what to do about it; nothing of the site's is changed but for a canary
          file in each drop folder, which is taken away again.  No fax leaves this machine: what is sent goes to a
          sandbox inside this process.  A check that fails itself is a result like any other.
Needs     to run as the service's user, for rights are those of whoever asks.
Crash     leaves a canary, whose name is never taken for a drop, and a folder in the system's temporary one.

`check` asks whether the configuration can work; this asks besides what the machine is like, and tries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from faxdaemon.config.types import Settings
from faxdaemon.doctor import machine, network, places, trial
from faxdaemon.doctor.result import Level, Result, ok, trouble, warning

__all__ = ["Level", "Result", "examine", "ok", "trouble", "warning", "worst"]

CHECKS: tuple[tuple[str, Callable[[Settings], Iterator[Result]]], ...] = (
    ("clock", machine.clock),
    ("state", places.state),
    ("disk", places.space),
    ("journal", places.journal),
    ("folders", places.folders),
    ("events", places.events),
    ("destinations", places.destinations),
    ("printers", places.printers),
    ("limits", machine.limits),
    ("converters", machine.converters),
    ("dns", network.names),
    ("tls", network.certificates),
    ("credentials", network.credentials),
    ("sandbox", trial.send),
)
"""In the order in which a person should put things right: without the first the rest may mean nothing."""


def examine(settings: Settings) -> Iterator[Result]:
    """Every check's results, each as soon as it is known."""
    yield ok("configuration", str(settings.source or "given by a program"), "in order; every secret can be read")
    for note in settings.notes:
        yield warning("configuration", "perhaps not meant", note, "see docs/configuration.md")
    for name, check in CHECKS:
        try:
            yield from check(settings)
        except Exception as error:  # noqa: BLE001 - one check's bug must not keep the others from being made
            yield trouble(name, name, f"this check failed itself: {type(error).__name__}", "please report it")


def worst(results: list[Result]) -> Level:
    """The exit status of them all."""
    return max((result.level for result in results), default=Level.OK)
