"""Every durable file operation, the platforms apart.

Promise   `open_files` gives this platform's `faxdaemon.contracts.files.Files`; nothing else in the program
          changes a file.
Needs     POSIX: fsync of files and directories.  Windows: see `faxdaemon.files.windows` for what is missing there.
Crash     every method is written so that the caller can simply repeat it.
"""

from __future__ import annotations

import sys

from faxdaemon.contracts.files import Files

if sys.platform == "win32":
    from faxdaemon.files.windows import WindowsFiles as PlatformFiles
else:
    from faxdaemon.files.posix import PosixFiles as PlatformFiles


def open_files() -> Files:
    """The durable file operations of this platform."""
    return PlatformFiles()
