"""What went wrong with a file, in words for a person: what, where, why, and whom we run as when that is the reason.

Promise   every `OSError` becomes a `FilesError`, or a `FolderOffline` where the folder itself is not to be had.
Needs     the error, the path, and for a refused access one look at the owner and mode.
Crash     keeps nothing.
"""

from __future__ import annotations

import errno
import getpass
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faxdaemon.core.errors import FilesError, FolderOffline

_NETWORK = "its share or server does not answer; look at the mount and the network"
_REASONS = {
    errno.ENOSPC: "no space left on its file system; free some or move the folder",
    errno.EDQUOT: "the disk quota is used up; free some space or raise the quota",
    errno.EROFS: "its file system is mounted read-only",
    errno.EIO: "the disk or share reports an input/output error; look into the system log",
    errno.ENAMETOOLONG: "its name is too long for the file system",
    errno.ENOENT: "it is not there (any more)",
    errno.EEXIST: "something by that name exists already",
    errno.ENOTDIR: "a part of its path is not a folder",
    errno.EISDIR: "it is a folder",
    errno.ENOTEMPTY: "the folder is not empty",
    errno.ELOOP: "it is a symbolic link, and links are never followed",
    errno.ENXIO: "it is a socket or a device, not a file",
    errno.EMFILE: "this process has too many files open",
    errno.ENFILE: "the system has too many files open",
    errno.EAGAIN: "another program has it locked; it will be tried again",
    errno.EBUSY: "another program or a mount is using it",
    errno.EFBIG: "it would exceed the file size limit",
    errno.ESTALE: _NETWORK,
    errno.ETIMEDOUT: _NETWORK,
    errno.ENOTCONN: _NETWORK,
    errno.EHOSTDOWN: _NETWORK,
    errno.EHOSTUNREACH: _NETWORK,
    errno.ENETDOWN: _NETWORK,
    errno.ENETUNREACH: _NETWORK,
    errno.ENODEV: _NETWORK,
}
#: Whatever was asked for, these say that the whole folder is away.
_AWAY = frozenset(number for number, reason in _REASONS.items() if reason is _NETWORK)


def why(error: OSError, path: Path) -> str:
    """The reason of an error on `path`, without the path."""
    if error.errno in {errno.EACCES, errno.EPERM}:
        return _refused(path)
    return _REASONS.get(error.errno or 0) or (error.strerror or type(error).__name__).lower()


def _refused(path: Path) -> str:
    """Owner and mode of what refuses us: the entry itself, else the nearest folder above that can be looked at."""
    us = _user()
    for place in (path, *path.parents):
        try:
            info = place.lstat()
        except OSError:
            continue
        what = "it" if place == path else str(place)
        mode = f"{stat.S_IMODE(info.st_mode):04o}"
        return f"permission denied: {what} belongs to {_owner(info)} with mode {mode}, and we run as {us}"
    return f"permission denied to {us}"


if sys.platform == "win32":

    def _owner(info: os.stat_result) -> str:  # noqa: ARG001 - the same signature as on POSIX
        return "another user"

    def _user() -> str:
        return getpass.getuser()

else:
    import grp
    import pwd

    def _owner(info: os.stat_result) -> str:
        try:
            user = pwd.getpwuid(info.st_uid).pw_name
        except KeyError:
            user = str(info.st_uid)
        try:
            group = grp.getgrgid(info.st_gid).gr_name
        except KeyError:
            group = str(info.st_gid)
        return f"{user}:{group}"

    def _user() -> str:
        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            return f"user {os.geteuid()}"


def failed(action: str, path: Path, error: OSError) -> FilesError:
    """`cannot write /x/y: no space left on …`, as `FolderOffline` when the error says that the share is away."""
    kind = FolderOffline if error.errno in _AWAY else FilesError
    return kind(f"cannot {action} {path}: {why(error, path)}")


def offline(folder: Path, error: OSError) -> FolderOffline:
    """The folder itself cannot be used."""
    if error.errno == errno.ENOENT:
        reason = "it does not exist (not created yet, moved away, or its share is not mounted)"
    elif error.errno == errno.ENOTDIR:
        reason = "it is not a folder"
    else:
        reason = why(error, folder)
    return FolderOffline(f"the folder {folder} cannot be used: {reason}")


@contextmanager
def telling(action: str, path: Path) -> Iterator[None]:
    """Turn every `OSError` inside into a `FilesError` about `path`."""
    try:
        yield
    except OSError as error:
        raise failed(action, path, error) from error
