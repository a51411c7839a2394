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
from urllib.parse import parse_qs, urlsplit

from faxdaemon import plugins
from faxdaemon.config import receiving
from faxdaemon.config.explain import unknown
from faxdaemon.config.kinds import PROVIDERS
from faxdaemon.config.secrets import ADVICE, REFERENCE
from faxdaemon.config.source import Failed, Path, Resolved, Source, items, text_at, there
from faxdaemon.config.types import DropFolder
from faxdaemon.contracts.provider import Capabilities
from faxdaemon.core import naming

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
        *receiving.check(source, region),
    ):
        if path not in broken and (path, message) not in told:
            source.add(path, message)


def _purpose(source: Source) -> Iterator[tuple[Path, str]]:
    if isinstance(source.data, dict) and not source.data.get("outbound") and not source.data.get("inbound"):
        yield (), "neither outbound nor inbound is there, so there is nothing to do; add a drop folder under outbound"


def _journal(source: Source) -> Iterator[tuple[Path, str]]:
    """A database password must not stand in the file; the address is parsed as written, references not yet replaced."""
    text = text_at(source, ("journal",))
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
    for path, _ in items(source, "outbound"):
        yield from _named(source, [p for p, _ in items(source, *path, "accounts")], known, "this folder")
    yield from _named(source, [(*p, "account") for p, _ in items(source, "inbound")], known, "inbound")


def _pushes(source: Source) -> Iterator[tuple[Path, str]]:
    """Pushes that nobody would listen for."""
    for path, account in items(source, "accounts"):
        if isinstance(account, dict) and account.get("push") and text_at(source, ("web", "listen")) is None:
            yield (*path, "push"), "nothing listens for it; set web.listen, such as 127.0.0.1:8480"


def _pictures(source: Source) -> Iterator[tuple[Path, str]]:
    """Accounts that have nothing of what their folder wants to keep."""
    for item, _ in items(source, "outbound"):
        accounts = [name for p, _ in items(source, *item, "accounts") if (name := text_at(source, p)) is not None]
        for path, what in items(source, *item, "keep"):
            for name in accounts:
                provider = text_at(source, ("accounts", name, "provider"))
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
        name = text_at(source, path)
        if name is None:
            continue
        if name in first:
            yield path, f"{owner} uses this account already, at {there(source, first[name])}; name it once"
        elif known and name not in known:
            yield path, f"there is no account “{name}”; {unknown(name, known)}"
        first.setdefault(name, path)


def _recipients(source: Source) -> Iterator[tuple[Path, str]]:
    """A drop folder must be able to tell where its faxes go."""
    for path, folder in items(source, "outbound"):
        pattern = text_at(source, (*path, "filename"))
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
    for path, folder in items(source, "outbound"):
        place = (*path, "options", "resolution")
        if isinstance(folder, dict) and folder.get("resolution") is not None and source.at(place) is not None:
            yield place, f"stands beside {there(source, (*path, 'resolution'))}; keep one of them"


def _folders(source: Source) -> Iterator[tuple[Path, str]]:
    """Drop folders, sink folders and the state folder must not meet: what is written into a drop folder is faxed."""
    drops: list[tuple[Path, str]] = []
    state = _folder(source, ("state",))
    for item, _ in items(source, "outbound"):
        path = (*item, "folder")
        here = _folder(source, path)
        if here is None:
            continue
        for other, drop in drops:
            how = _relation(here, drop)
            if how:
                yield path, f"{how} the drop folder {there(source, other)}; put them side by side"
        if state is not None and _relation(here, state) == "lies inside":
            yield path, "lies inside the state folder, whose files are faxdaemon's own; choose a place outside it"
        drops.append((path, here))
    for path, what in _written(source):
        mine = _folder(source, path)
        for other, drop in drops:
            how = _relation(mine, drop) if mine is not None else ""
            if how in {"is", "lies inside"}:
                yield path, f"{how} the drop folder {there(source, other)}, where {what}; choose a place outside it"


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
    for place, _ in receiving.destinations(source):
        yield (*place, "path"), "each received fax would be sent out again"


def _folder(source: Source, path: Path) -> str | None:
    """A folder in the form that tells whether two are the same."""
    text = text_at(source, path)
    return os.path.normcase(os.path.normpath(text)) if text else None


def _inside(inner: str, outer: str) -> bool:
    return inner.startswith(outer.rstrip(os.sep) + os.sep)
