"""Telling of what does not arrive: alerts that follow from what the journal has on one sink.

Promise   one alert for a sink that takes nothing, one for each fax that it cannot take now, one for what is held there;
          raised once until it changes, also after a restart, and cleared when it is over, whoever ended it: this
          stage, another node, or a person.
Needs     to be asked: after each trouble, and while something is told.
Crash     alerts are lost and found again in the journal.

`StrayStage` does the same for faxes that wait for a destination which the configuration no longer has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.journal import DeliveryJournal, Troubles
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.ids import FaxId


class Telling:
    """The alerts of one sink."""

    def __init__(self, sink: str, *, journal: DeliveryJournal, alert: Alert) -> None:
        self._sink = sink
        self._journal = journal
        self._alert = alert
        self.told = frozenset({f"sink:{sink}", f"undelivered:{sink}"})
        """The alerts that are open; in the beginning those that may be from an earlier life."""

    def look(self) -> None:
        """Raise and clear as the journal says now."""
        wanted = _alerts(self._sink, self._journal.troubles(self._sink))
        for key, message in wanted.items():
            self._alert.raise_(key, message)
        for key in self.told - wanted.keys():
            self._alert.clear(key)
        self.told = frozenset(wanted)


def _alerts(sink: str, found: Troubles) -> Mapping[str, str]:
    wanted = {}
    if found.sink is not None:
        wanted[f"sink:{sink}"] = f"received faxes wait for {sink}: {found.sink}"
    for fax, reason in found.faxes.items():
        wanted[f"delivery:{fax}:{sink}"] = f"received fax {fax} cannot be delivered to {sink} yet: {reason}"
    if found.held:
        wanted[f"undelivered:{sink}"] = _held(sink, found.held)
    return wanted


def _held(sink: str, held: Mapping[FaxId, str]) -> str:
    fax, reason = next(iter(held.items()))
    others = f" and {len(held) - 1} more" if len(held) > 1 else ""
    return (
        f"received fax {fax}{others} not delivered to {sink}: {reason}; `faxdaemon release {fax}` tries again, "
        f"`faxdaemon give-up {fax}` lets it be"
    )


class StrayStage:
    """Tells of what waits for destinations that nobody serves."""

    def __init__(self, sinks: Collection[str], *, journal: DeliveryJournal, alert: Alert) -> None:
        self._sinks = frozenset(sinks)
        self._journal = journal
        self._alert = alert
        self._told: frozenset[str] = frozenset()

    def step(self) -> Wake:
        """Look once."""
        strays = [one for one in self._journal.sinks() if one.sink not in self._sinks and one.oldest is not None]
        for one in strays:
            self._alert.raise_(
                f"stray:{one.sink}",
                f"{one.waiting + one.held} received faxes wait for {one.sink}, which the configuration does not have; "
                f"put it back, or `faxdaemon redirect {one.sink} OTHER`; OTHER is a destination, or `nowhere`",
            )
        keys = frozenset(f"stray:{one.sink}" for one in strays)
        for key in self._told - keys:
            self._alert.clear(key)
        self._told = keys
        return NOTHING_DUE
