"""Mistakes that take two places of the file to see.

Promise   every check works on the data as it stands, so it reports even when other parts are broken, and says nothing
          of parts that are not what they should be: those have problems of their own.  Folders are compared by name
          alone: asking the disk could hang on a share that is away, and the file must be readable then too.
Needs     the parsed source and the region.
Crash     keeps nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from faxdaemon import plugins
from faxdaemon.config.explain import unknown
from faxdaemon.config.secrets import ADVICE, REFERENCE
from faxdaemon.config.source import Failed, Path, Resolved, Source, shown
from faxdaemon.config.types import OTHER, PROVIDERS, SINKS, DropFolder
from faxdaemon.contracts.provider import Capabilities
from faxdaemon.core import naming, numbers

_PLACEHOLDER = "REFERENCE"


def check(source: Source, region: str) -> None:
    """Add every problem between parts to `source`."""
    told = {(problem.path, problem.message) for problem in source.problems}
    broken = {problem.path for problem in source.problems if isinstance(source.at(problem.path), Failed)}
    for path, message in _pictures(source):
        source.note(path, message)
    for path, message in (
        *_purpose(source),
        *_journal(source),
        *_accounts(source),
        *_pushes(source),
        *_recipients(source),
        *_wishes(source),
        *_folders(source),
        *_lines(source, region),
        *_mail(source),
    ):
        if path not in broken and (path, message) not in told:
            source.add(path, message)


def _items(source: Source, *path: str | int) -> list[tuple[Path, Any]]:
    """The parts of a list or a set of keys, with their places; none when it is something else."""
    value = source.at(path)
    if isinstance(value, list):
        return [((*path, i), one) for i, one in enumerate(value)]
    if isinstance(value, dict):
        return [((*path, key), one) for key, one in value.items()]
    return []


def _text(source: Source, path: Path) -> str | None:
    value = source.at(path)
    return value if isinstance(value, str) and not isinstance(value, Failed) else None


def _there(source: Source, path: Path) -> str:
    """How another place is named: `outbound[0].folder (line 12)`."""
    return f"{shown(path)} (line {source.line(path)})"


def _purpose(source: Source) -> Iterator[tuple[Path, str]]:
    if isinstance(source.data, dict) and not source.data.get("outbound") and not source.data.get("inbound"):
        yield (), "neither outbound nor inbound is there, so there is nothing to do; add a drop folder under outbound"


def _journal(source: Source) -> Iterator[tuple[Path, str]]:
    """A database password must not stand in the file; the address is parsed as written, references not yet replaced."""
    text = _text(source, ("journal",))
    if text is None:
        return
    marked = REFERENCE.sub(_PLACEHOLDER, text.source if isinstance(text, Resolved) else text)
    try:
        parts = urlsplit(marked)
        written = [parts.password, *parse_qs(parts.query).get("password", [])]
    except ValueError:
        yield ("journal",), "is no address; write postgresql://user@host/database"
        return
    if any(found and found != _PLACEHOLDER for found in written):
        example = "postgresql://user:${file:/path}@host/database"
        yield ("journal",), f"a password is not written here; {ADVICE} in its place, as in {example}"


def _accounts(source: Source) -> Iterator[tuple[Path, str]]:
    """Accounts that are named but not there, or named twice."""
    accounts = source.at(("accounts",))
    known = list(accounts) if isinstance(accounts, dict) else []
    for path, _ in _items(source, "outbound"):
        yield from _named(source, [p for p, _ in _items(source, *path, "accounts")], known, "this folder")
    yield from _named(source, [(*p, "account") for p, _ in _items(source, "inbound")], known, "inbound")


def _pushes(source: Source) -> Iterator[tuple[Path, str]]:
    """Pushes that nobody would listen for."""
    for path, account in _items(source, "accounts"):
        if isinstance(account, dict) and account.get("push") and _text(source, ("web", "listen")) is None:
            yield (*path, "push"), "nothing listens for it; set web.listen, such as 127.0.0.1:8480"


def _pictures(source: Source) -> Iterator[tuple[Path, str]]:
    """Accounts that have nothing of what their folder wants to keep."""
    for item, _ in _items(source, "outbound"):
        accounts = [name for p, _ in _items(source, *item, "accounts") if (name := _text(source, p)) is not None]
        for path, what in _items(source, *item, "keep"):
            for name in accounts:
                provider = _text(source, ("accounts", name, "provider"))
                if provider in plugins.names(PROVIDERS) and what not in _offered(provider):
                    yield path, f"account “{name}” ({provider}) has none, so nothing is kept of what goes through it"


def _offered(provider: str) -> frozenset[str]:
    try:
        capabilities: Capabilities = plugins.load(PROVIDERS, provider).CAPABILITIES
    except ImportError:
        return frozenset()  # reported where its options are validated
    return capabilities.pictures


def _named(source: Source, paths: list[Path], known: list[str], owner: str) -> Iterator[tuple[Path, str]]:
    first: dict[str, Path] = {}
    for path in paths:
        name = _text(source, path)
        if name is None:
            continue
        if name in first:
            yield path, f"{owner} uses this account already, at {_there(source, first[name])}; name it once"
        elif known and name not in known:
            yield path, f"there is no account “{name}”; {unknown(name, known)}"
        first.setdefault(name, path)


def _recipients(source: Source) -> Iterator[tuple[Path, str]]:
    """A drop folder must be able to tell where its faxes go."""
    for path, folder in _items(source, "outbound"):
        pattern = _text(source, (*path, "filename"))
        if pattern is None or folder.get("to") is not None or source.at((*path, "options", "address")) is not None:
            continue
        try:
            fields = naming.compile_pattern(pattern).fields
        except ValueError:
            continue  # reported where the pattern is validated
        if not {"number", "address"} & set(fields):
            default = DropFolder.model_fields["filename"].default
            message = f"has no {{number}}, so nothing tells where to send; write one, as in “{default}”, or set “to”"
            yield (*path, "filename"), message


def _wishes(source: Source) -> Iterator[tuple[Path, str]]:
    """The same asked for in two ways."""
    for path, folder in _items(source, "outbound"):
        place = (*path, "options", "resolution")
        if isinstance(folder, dict) and folder.get("resolution") is not None and source.at(place) is not None:
            yield place, f"stands beside {_there(source, (*path, 'resolution'))}; keep one of them"


def _folders(source: Source) -> Iterator[tuple[Path, str]]:
    """Drop folders, sink folders and the state folder must not meet: what is written into a drop folder is faxed."""
    drops: list[tuple[Path, str]] = []
    state = _folder(source, ("state",))
    for item, _ in _items(source, "outbound"):
        path = (*item, "folder")
        here = _folder(source, path)
        if here is None:
            continue
        for other, there in drops:
            how = _relation(here, there)
            if how:
                yield path, f"{how} the drop folder {_there(source, other)}; put them side by side"
        if state is not None and _relation(here, state) == "lies inside":
            yield path, "lies inside the state folder, whose files are faxdaemon's own; choose a place outside it"
        drops.append((path, here))
    for path, what in _written(source):
        mine = _folder(source, path)
        for other, there in drops:
            how = _relation(mine, there) if mine is not None else ""
            if how in {"is", "lies inside"}:
                yield path, f"{how} the drop folder {_there(source, other)}, where {what}; choose a place outside it"


def _relation(one: str, other: str) -> str:
    """How a folder lies to another; empty when they have nothing to do with each other."""
    if one == other:
        return "is"
    if _inside(one, other):
        return "lies inside"
    return "contains" if _inside(other, one) else ""


def _written(source: Source) -> Iterator[tuple[Path, str]]:
    """The folders that we write into, with what would come of it in a drop folder."""
    yield ("state",), "our own files would be taken for drops"
    for item, _ in _items(source, "inbound"):
        for line, _ in _items(source, *item, "lines"):
            for sink in plugins.names(SINKS):
                yield (*line, sink, "path"), "each received fax would be sent out again"


def _folder(source: Source, path: Path) -> str | None:
    """A folder in the form that tells whether two are the same."""
    text = _text(source, path)
    return os.path.normcase(os.path.normpath(text)) if text else None


def _inside(inner: str, outer: str) -> bool:
    return inner.startswith(outer.rstrip(os.sep) + os.sep)


def _mail(source: Source) -> Iterator[tuple[Path, str]]:
    """Mail that nobody would carry."""
    if _items(source, "alerts", "mail") and source.at(("mail",)) is None:
        yield ("alerts", "mail"), "no server would carry it; set mail: {host: ..., from: ...} at the top level"
    for item, _ in _items(source, "inbound"):
        for line, sinks in _items(source, *item, "lines"):
            if isinstance(sinks, dict) and "mail" in sinks and source.at(("mail",)) is None:
                yield (*line, "mail"), "no server would carry it; set mail: {host: ..., from: ...} at the top level"


def _lines(source: Source, region: str) -> Iterator[tuple[Path, str]]:
    """Lines written twice in different ways, and lines that lead nowhere."""
    sinks = plugins.names(SINKS)
    for item, _ in _items(source, "inbound"):
        first: dict[str, Path] = {}
        for path, line in _items(source, *item, "lines"):
            if isinstance(line, dict) and not line.keys() - {"name"}:
                yield path, f"has no destination; write one of: {', '.join(sinks)}"
            key = str(path[-1])
            try:
                number = key if key == OTHER else numbers.to_e164(key, region)
            except ValueError:
                continue  # reported where the key is validated
            if number in first:
                yield path, f"is the same number as {_there(source, first[number])}; keep one of them"
            first.setdefault(number, path)
