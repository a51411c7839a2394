"""Finding again what a report has put before people: the document and the answers of an earlier plan.

Promise   a file is taken for ours only when its content is what we put there: people move, edit and replace what lies
          in `held/`, and what is theirs is neither moved nor removed.
Needs     the plan as it was recorded: `document` and `answers`, each target with its SHA-256.
Crash     keeps nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faxdaemon.contracts.files import Files, Kind
from faxdaemon.core.errors import FilesError
from faxdaemon.core.model import Document
from faxdaemon.core.naming import fit

CHUNK = 1 << 20


def aside(fax_id: str, target: Path) -> Path:
    """The name beside `target` that only this fax can have, for when somebody else has taken `target`."""
    return target.with_name(fit(f"{target.stem}.{fax_id}", target.suffix))


def places(fax_id: str, target: str) -> tuple[Path, Path]:
    """Where a file may have been put that was planned for `target`."""
    return Path(target), aside(fax_id, Path(target))


def holds(files: Files, path: Path, sha256: str) -> bool:
    """Whether there is a regular, readable file with this content at `path`."""
    entry = files.stat(path)
    if entry is None or entry.kind is not Kind.FILE:
        return False
    digest = hashlib.sha256()
    try:
        with files.read(path) as stream:
            while piece := stream.read(CHUNK):
                digest.update(piece)
    except (FilesError, OSError):
        return False
    return digest.hexdigest() == sha256


def document(files: Files, fax_id: str, plan: Mapping[str, Any] | None, wanted: Document) -> Path | None:
    """A document where an earlier report has put it, if it is still there and still the same."""
    target = plan.get("documents", {}).get(wanted.name) if plan else None
    candidates = places(fax_id, target) if target else ()
    return next((path for path in candidates if holds(files, path, wanted.sha256)), None)


def lead(files: Files, fax_id: str, plan: Mapping[str, Any] | None, sha256: str) -> bool:
    """Whether the file that gave the drop its name is still where an earlier report has put it."""
    target = plan.get("document") if plan else None
    return any(holds(files, path, sha256) for path in (places(fax_id, target) if target else ()))


def answers(files: Files, fax_id: str, plan: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The answers of an earlier report that are still there unchanged, each with its content's digest."""
    planned = plan.get("answers", {}) if plan else {}
    return [
        (str(path), sha256)
        for target, sha256 in planned.items()
        for path in places(fax_id, target)
        if holds(files, path, sha256)
    ]
