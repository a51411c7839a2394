"""`faxdaemon check`: would the daemon work here, as this user?

Promise   looks at everything that the configuration names and changes nothing; what is in trouble comes with what
          to do.  Asking an account's provider sends nothing to anybody.
Needs     to run as the daemon's user, for rights are those of whoever asks.
Crash     keeps nothing.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from faxdaemon import plugins
from faxdaemon.clock import SystemClock
from faxdaemon.config.inbound import InboundAccount, Line
from faxdaemon.config.kinds import PROVIDERS, SINKS
from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.contracts.documents import CannotMake
from faxdaemon.core.errors import CredentialsRefused, FaxdaemonError, FilesError, UserError
from faxdaemon.core.places import HIDDEN
from faxdaemon.core.wishes import VOCABULARY, Need
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files
from faxdaemon.journal import open_journal
from faxdaemon.journal.database import FILE
from faxdaemon.mailing import Mailer, MailServer
from faxdaemon.options import Account
from faxdaemon.parts import open_account
from faxdaemon.supervise import SignalHub

LITTLE = 512 * 1024 * 1024
"""Bytes free below which spool and journal are in trouble soon; at 64 MiB the daemon stops taking drops."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    ok: bool
    text: str
    advice: str = ""
    """What to do; empty when nothing is."""


def check(settings: Settings) -> list[Finding]:
    """Look at everything, in the order of the file; never raises for what it finds."""
    found = [Finding("configuration", True, f"{settings.source or 'given by a program'}: in order")]
    found += [Finding("configuration", True, note) for note in settings.notes]
    found += state_folder(settings.state)
    found.append(journal(settings))
    found += control_socket(settings.state)
    found += [drop_folder(folder) for folder in settings.folder_paths]
    for folder in settings.outbound:
        found += _wishes(folder, settings)
    found += _covers(settings)
    for inbox in settings.inbound:
        found += sinks(inbox)
    if settings.mail is not None:
        found.append(mail_server(settings.mail))
    found += [account(name, options) for name, options in settings.accounts.items()]
    return found


def state_folder(state: Path) -> Iterator[Finding]:
    """The state folder, and its free space."""
    topic = f"state folder {state}"
    there = next((path for path in (state, *state.parents) if path.exists()), state)
    trouble = _unusable(there)
    if trouble:
        yield Finding(topic, False, f"{there}: {trouble}" if there != state else trouble, _GIVE)
        return
    if os.name == "posix" and there == state and state.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH):
        yield Finding(topic, False, "everybody on this machine may look into it", f"run: chmod o= {state}")
    missing = there != state
    yield Finding(topic, True, "does not exist yet; the first start creates it" if missing else "can be written")
    free = open_files().free_space(there)
    advice = "" if free >= LITTLE else "make room, or move the state folder to a larger disk"
    yield Finding(f"{topic}, space", free >= LITTLE, f"{free // 2**20} MiB free", advice)


_GIVE = "create it, or give it to the daemon's user (chown, chmod)"


def _unusable(folder: Path) -> str:
    """Why a folder cannot be worked in, or nothing."""
    try:
        if not folder.is_dir():
            return "it is not a folder" if folder.exists() else "it does not exist"
    except OSError as error:
        return f"it cannot be looked at ({error.strerror})"
    wanted = {"read": os.R_OK, "written": os.W_OK, "entered": os.X_OK}
    refused = [word for word, right in wanted.items() if not os.access(folder, right)]
    return f"it cannot be {' or '.join(refused)} by this user" if refused else ""


def journal(settings: Settings) -> Finding:
    """The database."""
    sqlite = settings.journal == "sqlite"
    topic = "journal (SQLite)" if sqlite else "journal (PostgreSQL)"
    if sqlite and not (settings.state / FILE).exists():
        return Finding(topic, True, "does not exist yet; the first start creates it")
    try:
        journal = open_journal(
            settings.journal,
            state=settings.state,
            clock=SystemClock(),
            signals=SignalHub(),
            node=settings.node,
            read_only=True,
        )
    except UserError as error:
        # Before the first start the database is empty, and that is no trouble.
        return Finding(topic, "no journal yet" in str(error), str(error))
    except (FaxdaemonError, OSError) as error:
        return Finding(topic, False, f"cannot be opened: {error}", "see whether the database runs and lets us in")
    try:
        live = sum(journal.counts().values())
    except FaxdaemonError as error:
        return Finding(topic, False, f"cannot be read: {error}", "restore it from a backup, or ask for help")
    finally:
        journal.close()
    return Finding(topic, True, f"can be read; {live} items under way")


def control_socket(state: Path) -> Iterator[Finding]:
    """The path of the socket, where it is too long."""
    if sys.platform == "win32":
        return
    from faxdaemon.web.local import check_length, place  # noqa: PLC0415 - not on Windows

    try:
        check_length(place(state))
    except UserError as error:
        yield Finding("control socket", False, str(error))


def drop_folder(folder: Path) -> Finding:
    """One drop folder."""
    topic = f"drop folder {folder}"
    trouble = _unusable(folder)
    if trouble:
        advice = "create it, or mount it" if "exist" in trouble else "let the daemon's user read and write it"
        return Finding(topic, False, trouble, advice)
    hidden = folder / HIDDEN
    try:
        if hidden.exists():
            if hidden.stat().st_dev != folder.stat().st_dev:
                advice = "it must not be a mount of its own, or a drop could be taken only by copying; unmount it"
                return Finding(topic, False, f"its {HIDDEN} is on another file system", advice)
            trouble = _unusable(hidden)
            if trouble:
                return Finding(topic, False, f"{HIDDEN} in it: {trouble}", "give it to the daemon's user")
    except OSError as error:
        return Finding(
            topic, False, f"{HIDDEN} in it cannot be looked at ({error.strerror})", "give it to the daemon's user"
        )
    return Finding(topic, True, "can be read and written")


def _wishes(folder: DropFolder, settings: Settings) -> Iterator[Finding]:
    """What the folder asks for and nobody could do."""
    heeded = frozenset[str]()
    for name in folder.accounts:
        module = plugins.load(PROVIDERS, settings.accounts[name].provider)
        heeded |= module.CAPABILITIES.wishes
    if str(folder.wishes.get("cover", "")).casefold() in settings.templates:
        heeded |= {"cover", "cover_text"}  # made here
    for wish in sorted(set(folder.wishes) - heeded):
        need = VOCABULARY[wish].need
        if need is Need.OURS or (wish, folder.wishes[wish]) == ("service", "fax"):
            continue
        every = ", ".join(folder.accounts)
        text = f"asks for {wish}, and none of its accounts ({every}) takes that; "
        text += "nothing dropped there can be sent" if need is Need.MUST else "it is sent without"
        yield Finding(
            f"drop folder {folder.folder}, options", False, text, "leave it out, or add an account that takes it"
        )


def _covers(settings: Settings) -> Iterator[Finding]:
    """Whether each cover page can be made."""
    documents = open_documents()
    for name, template in settings.templates.items():
        topic = f"cover page {name}"
        try:
            documents.cover(template, {}, None)
        except CannotMake as error:
            yield Finding(topic, False, str(error), f"then look at it: faxdaemon cover {name} --out cover.pdf")
        else:
            yield Finding(topic, True, "can be made")


def sinks(inbox: InboundAccount) -> Iterator[Finding]:
    """The destinations of one account's faxes."""
    for owner, part in inbox.owners:
        for one in part.placed(inbox.account, owner):
            module = plugins.load(SINKS, one.kind)
            whose = f"line {part.name or owner}" if isinstance(part, Line) else f"rule {owner}"
            if hasattr(module, "check"):
                yield _asked(f"{one.kind} for {whose}", partial(module.check, one.options))
            folder = getattr(one.options, "path", None)
            if not isinstance(folder, Path):
                continue
            topic = f"{one.kind} {folder} for {whose}"
            trouble = _unusable(folder)
            if trouble:
                advice = "create it, or mount it" if "exist" in trouble else "let the daemon's user write it"
                yield Finding(topic, False, trouble, advice)
            else:
                yield Finding(topic, True, "can be written")


def _asked(topic: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(topic, True, ask())
    except (FaxdaemonError, OSError) as error:
        return Finding(topic, False, str(error), "received faxes would wait for it")


def mail_server(server: MailServer) -> Finding:
    """The server that mail goes to."""
    topic = f"mail server {server.host}"
    try:
        return Finding(topic, True, Mailer(server).check())
    except FilesError as error:
        advice = "see whether it can be reached from here, and the keys under `mail`; mail waits meanwhile"
        return Finding(topic, False, error.reason, advice)


def account(name: str, options: Account) -> Finding:
    """One account, asked whether it lets us in."""
    topic = f"account {name} ({options.provider})"
    try:
        provider = open_account(options, SystemClock())
    except (FaxdaemonError, OSError) as error:
        return Finding(topic, False, f"cannot be set up: {error}", "put its settings right")
    try:
        return Finding(topic, True, provider.check())
    except CredentialsRefused as error:
        return Finding(
            topic, False, f"the provider refuses the credentials: {error}", "put user name and password right"
        )
    except FaxdaemonError as error:
        return Finding(
            topic, False, f"cannot be used now: {error}", "see whether its url is right and can be reached from here"
        )
    except Exception as error:  # noqa: BLE001 - one account's bug must not keep the others from being looked at
        return Finding(topic, False, f"an unexpected {type(error).__name__}", "please report it; faxes wait meanwhile")
    finally:
        provider.close()
