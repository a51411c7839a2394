"""Print queues, the platforms apart.

Promise   `open_spooler` gives this platform's `faxdaemon.printing.spooler.Spooler`; nothing else in the program speaks
          to a print queue.
Needs     Linux: CUPS and its Python package `cups`.  Windows: pywin32.  Both are looked for here, and not before.
Crash     keeps nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from faxdaemon.core.errors import UserError
from faxdaemon.printing.spooler import Spooler


def open_spooler(server: str | None, program: Sequence[str]) -> Spooler:
    """The queues of `server` (None: this machine's own); `program` prints a PDF where the system cannot.  `UserError`
    where a package is missing."""
    if sys.platform == "win32":
        try:
            from faxdaemon.printing.windows import WindowsSpooler  # noqa: PLC0415 - pywin32 is there on Windows only
        except ImportError as error:
            raise UserError(
                "a printer is configured, but the Python package pywin32 is not installed: pip install pywin32"
            ) from error
        return WindowsSpooler(server, program)
    try:
        from faxdaemon.printing.cups import CupsSpooler  # noqa: PLC0415 - only who prints needs the package
    except ImportError as error:
        raise UserError(
            "a printer is configured, but the Python package cups is not installed: apt-get install libcups2-dev gcc "
            "python3-dev, then pip install pycups (it has to be compiled); or python3-cups, where faxdaemon runs with "
            "the system's own packages (docs/printing.md)"
        ) from error
    return CupsSpooler(server)
