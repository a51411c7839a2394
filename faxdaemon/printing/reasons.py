"""A printer's own reasons (IPP `printer-state-reasons`), in words for people.

Promise   only what keeps a printer from printing is told: an error, or a state in which nothing comes out.
Needs     RFC 8011, section 5.4.12, and PWG 5100.9; a reason may end in `-report`, `-warning` or `-error`.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = {
    "media-empty": "it has no paper",
    "media-needed": "it wants other paper",
    "media-jam": "paper is jammed",
    "input-tray-missing": "a paper tray is missing",
    "output-tray-missing": "the output tray is missing",
    "output-area-full": "its output tray is full",
    "door-open": "a door is open",
    "cover-open": "a cover is open",
    "interlock-open": "a cover is open",
    "toner-empty": "it has no toner",
    "marker-supply-empty": "it has no toner or ink",
    "marker-waste-full": "its waste box is full",
    "developer-empty": "its developer is used up",
    "opc-life-over": "its drum is used up",
    "fuser-over-temp": "its fuser is too hot",
    "fuser-under-temp": "its fuser is too cold",
    "offline": "it is offline",
    "shutdown": "it is switched off",
    "timed-out": "it does not answer",
    "paused": "it is stopped",
    "moving-to-paused": "it is being stopped",
    "stopped-partly": "a part of it is stopped",
    "spool-area-full": "its memory is full",
    "hold-new-jobs": "new jobs are held",
    "cups-missing-filter": "CUPS lacks a filter for it",
    "cups-insecure-filter": "CUPS does not trust a filter of it",
}
_EVEN_AS_REPORT = frozenset({"offline", "media-empty", "paused"})
"""CUPS' own backends tell these as mere reports, and yet nothing is printed."""


def in_words(reasons: Iterable[str]) -> list[str]:
    """Those that keep it from printing.  Warnings (toner is low) and mere reports do not."""
    told: list[str] = []
    for reason in reasons:
        base, _, severity = reason.rpartition("-")
        if severity not in {"error", "warning", "report"}:
            base, severity = reason, ""
        words = _WORDS.get(base)
        if severity in {"warning", "report"} and base not in _EVEN_AS_REPORT:
            continue
        if words is None and severity == "error":
            words = f"it says “{base}”"
        if words and words not in told:
            told.append(words)
    return told
