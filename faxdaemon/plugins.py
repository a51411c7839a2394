"""Parts found by their place: a new provider, format or sink is one new file in its package, and nothing else changes.

Promise   `names` lists the modules of a package without importing them; `load` imports one, or says which ones exist.
Needs     nothing but the package.
Crash     keeps nothing.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType

from faxdaemon.core.errors import UserError


def names(package: str) -> tuple[str, ...]:
    """The parts in `package` (`faxdaemon.providers`, ...), sorted; those beginning with `_` are helpers, not parts."""
    found = importlib.import_module(package)
    return tuple(sorted(m.name for m in pkgutil.iter_modules(found.__path__) if not m.name.startswith("_")))


def load(package: str, name: str) -> ModuleType:
    """Import one part; `UserError` naming the nearest when there is none by that name."""
    known = names(package)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        raise UserError(f"{name} is not known; {hint}")
    return importlib.import_module(f"{package}.{name}")
