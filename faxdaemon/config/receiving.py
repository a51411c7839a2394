"""Mistakes in `inbound:` that take two places of the file to see.

Promise   as `checks`.
Needs     the parsed source and the region.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faxdaemon import plugins
from faxdaemon.config.explain import unknown
from faxdaemon.config.inbound import Rule
from faxdaemon.config.kinds import SINKS
from faxdaemon.config.source import Path, Source, items, text_at, there
from faxdaemon.core import numbers
from faxdaemon.core.lines import OTHER

Problems = Iterator[tuple[Path, str]]
_CONDITIONS = tuple(key for key in Rule.model_fields if key not in {"name", "sinks", "instead"})


def check(source: Source, region: str) -> Problems:
    """Lines written twice in different ways, what leads nowhere, and destinations that nothing tells apart."""
    for item, _ in items(source, "inbound"):
        lines = items(source, *item, "lines")
        rules = [(path, rule) for path, rule in items(source, *item, "rules") if isinstance(rule, dict)]
        yield from _numbers(source, [path for path, _ in lines], region)
        for path, part in lines:
            if isinstance(part, dict) and not part.keys() - {"name"}:
                yield path, _nowhere()
        known = {_number(str(path[-1]), region) for path, _ in lines}
        first: dict[str, Path] = {}
        for path, rule in rules:
            yield from _rule(source, path, rule, sorted(filter(None, known)), region)
            name = text_at(source, (*path, "name"))
            if name is not None and name in first:
                yield (*path, "name"), f"is the name of {there(source, first[name])} already; choose another one"
            first.setdefault(name or "", path)
    for part_path in _parts(source):
        yield from _ids(source, part_path)
    yield from _unserved(source)


def _unserved(source: Source) -> Problems:
    """Mail that nobody would carry."""
    if source.at(("mail",)) is not None:
        return
    told: list[Path] = [("alerts", "mail")] if items(source, "alerts", "mail") else []
    for path, folder in items(source, "outbound"):
        if isinstance(folder, dict) and folder.get("notices"):
            told.append((*path, "notices"))
    for place in [*_mails(source), *told]:
        yield place, "no server would carry it; set mail: {host: ..., from: ...} at the top level"


def _nowhere() -> str:
    return f"has no destination; write one of: {', '.join(plugins.names(SINKS))}"


def _numbers(source: Source, paths: list[Path], region: str) -> Problems:
    first: dict[str, Path] = {}
    for path in paths:
        number = _number(str(path[-1]), region)
        if number is not None and number in first:
            yield path, f"is the same number as {there(source, first[number])}; keep one of them"
        first.setdefault(number or "", path)


def _number(key: str, region: str) -> str | None:
    """In E.164, or `other`; None for what is reported where it is validated."""
    try:
        return key if key == OTHER else numbers.to_e164(key, region)
    except ValueError:
        return None


def _rule(source: Source, path: Path, rule: dict[str, Any], known: list[str], region: str) -> Problems:
    if not rule.keys() & set(plugins.names(SINKS)):
        yield path, _nowhere()
    if rule.get("instead") is True and not rule.keys() & set(_CONDITIONS):
        yield (
            (*path, "instead"),
            f"takes every fax away from its line; write for which ones, with one of: {', '.join(_CONDITIONS)}",
        )
    place = (*path, "line")
    written = items(source, *place) if isinstance(rule.get("line"), list) else [(place, rule.get("line"))]
    for where, line in written:
        number = _number(line, region) if isinstance(line, str) else None
        if number is not None and number != OTHER and number not in known:
            yield where, f"there is no line {line} here; {unknown(number, [*known])}"
    least, most = rule.get("min_pages"), rule.get("max_pages")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield (*path, "max_pages"), f"is less than min_pages ({least}), so no fax would fit; write {least} or more"


def _ids(source: Source, path: Path) -> Problems:
    """Several of a kind are told apart by their ids."""
    for kind in plugins.names(SINKS):
        first: dict[str | None, Path] = {}
        for place, one in items(source, *path, kind) if isinstance(source.at((*path, kind)), list) else []:
            name = one.get("id") if isinstance(one, dict) else None
            if name in first:
                what = f"has the same id as {there(source, first[name])}" if name else "needs an id"
                yield place, f"{what}, for faxes that wait are known by it; write “id: …” with a name of its own"
            first.setdefault(name, place)


def _mails(source: Source) -> Iterator[Path]:
    return (place for place, kind in destinations(source) if kind == "mail")


def destinations(source: Source) -> Iterator[tuple[Path, str]]:
    """The place of every destination, and its kind."""
    for path in _parts(source):
        for kind in plugins.names(SINKS):
            found = source.at((*path, kind))
            if isinstance(found, list):
                yield from ((place, kind) for place, _ in items(source, *path, kind))
            elif found is not None:
                yield (*path, kind), kind


def _parts(source: Source) -> Iterator[Path]:
    """What may have destinations: lines and rules."""
    for item, _ in items(source, "inbound"):
        for key in ("lines", "rules"):
            yield from (path for path, _ in items(source, *item, key))
