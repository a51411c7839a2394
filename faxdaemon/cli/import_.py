"""import: a configuration out of another product's.

Promise   what the files tell becomes a configuration, as far as it is understood; what is not, and what a person must
          decide, stands in it as a comment that begins with DECIDE.  Nothing is overwritten; no secret is taken over.
Needs     the files.
Crash     keeps nothing.

What elements Concord's two files may have is not published as a whole, so they are read by their names wherever they
stand: an element with a path in it is a folder, and whatever is not known by its name is passed on as a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faxdaemon.cli.common import note, say
from faxdaemon.core.errors import UserError

if TYPE_CHECKING:
    from faxdaemon.xmlsafe import Node

app = typer.Typer(
    help="""Make a configuration of another product's.

    \b
    Examples:
      faxdaemon import concord FaxFolderList.xml MailboxList.xml > config.yaml
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DECIDE = "# DECIDE:"
_SECRET = re.compile(r"pass|secret|token|credential", re.IGNORECASE)
_PATH = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\|/)")
_OURS = re.compile(r"complet|fail|histor|archiv|log|error|temp|work", re.IGNORECASE)
"""Folders that this daemon has under names of its own: sent/, failed/, held/."""
_OPTIONS = {
    "covername": "cover",
    "coversubject": "subject",
    "covertext": "cover_text",
    "sendername": "sender_name",
    "sendercompany": "sender_company",
    "senderphone": "sender_phone",
    "senderfax": "sender_fax",
    "sendercsid": "sender_csid",
    "recipientcompany": "recipient_company",
    "recipienttitle": "recipient_title",
    "emailnotificationaddress": "notify_to",
}
_RESOLUTION = {"low": "standard", "high": "fine"}


@app.command()
def concord(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="FaxFolderList.xml, MailboxList.xml, or both.", show_default=False),
    ],
) -> None:
    """Concord Folder Fax and Fax Assist.

    Prints a configuration; put it into a file, decide what is marked with DECIDE, and check it with `faxdaemon config
    check`.

    \b
    Examples:
      faxdaemon import concord FaxFolderList.xml MailboxList.xml > config.yaml
      faxdaemon import concord FaxFolderList.xml
    """
    folders: list[list[Node]] = []
    boxes: list[list[Node]] = []
    for file in files:
        for group in _groups(_read(file)):
            names = {leaf.name.lower() for leaf in group}
            (boxes if "fileformat" in names or "mailbox" in file.name.lower() else folders).append(group)
    if not folders and not boxes:
        raise UserError(f"{files[0]} names no folder; give Concord's FaxFolderList.xml or MailboxList.xml")
    for line in (*_head(), *_outbound(folders), *_inbound(boxes)):
        say(line)
    note(f"{len(folders)} drop folders, {len(boxes)} mailboxes; decide what is marked with DECIDE")


def _read(file: Path) -> Node:
    from faxdaemon.xmlsafe import BadXml, parse  # noqa: PLC0415 - keeps --help quick

    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or 'it is not a file'}") from None
    except BadXml as error:
        raise UserError(f"{file} is no XML that can be read: {error}") from None


def _groups(node: Node) -> Iterator[list[Node]]:
    """Every element that has a path or a file format directly below it, as its leaves."""
    leaves = [child for child in node.children if not child.children]
    if any(_PATH.match(leaf.text.strip()) or leaf.name.lower() == "fileformat" for leaf in leaves):
        yield leaves
    for child in node.children:
        yield from _groups(child)


def _head() -> list[str]:
    return [
        "# Made of Concord's files by `faxdaemon import concord`.",
        f"{DECIDE} where the journal and our own copies of the documents lie; a local disk",
        "state: /var/lib/faxdaemon",
        "accounts:",
        "  main:",
        "    provider: concord",
        f"    {DECIDE} the mailbox and its password; secrets never stand in this file",
        "    user_id: CHANGE-ME",
        "    password: ${file:/etc/faxdaemon/concord.password}",
    ]


def _outbound(groups: list[list[Node]]) -> list[str]:
    lines = ["", "outbound:"] if groups else []
    for group in groups:
        lines += _drop_folder(group)
    return lines


def _drop_folder(group: list[Node]) -> list[str]:
    told = {leaf.name.lower(): leaf.text.strip() for leaf in group if leaf.text.strip()}
    known, comments = set[str](), []
    lines: list[str] = []
    for leaf in group:
        name, value = leaf.name.lower(), leaf.text.strip()
        if _PATH.match(value) and not _OURS.search(name) and not lines:
            lines = [f"  - folder: {_yaml(value)}"]
            known.add(name)
            if not value.startswith("/"):
                comments.append(f"{DECIDE} where {_short(value)} is on this machine")
        elif _PATH.match(value) and _OURS.search(name):
            known.add(name)
            comments.append(f"# {leaf.name} was {_short(value)}; here it is sent/, failed/ or held/ below the folder")
    lines = lines or [f"  - folder: /srv/fax/out  {DECIDE} no folder was told"]
    lines += ["    accounts: [main]", "    formats: [concord_name, concord]"]
    if "faxnumber" in told:
        known.add("faxnumber")
        lines.append(f"    to: {_yaml(told['faxnumber'])}")
        comments.append(f"{DECIDE} `to` sends every drop there that says nothing else; is that still meant?")
    if told.get("resolution", "").lower() in _RESOLUTION:
        known.add("resolution")
        lines.append(f"    resolution: {_RESOLUTION[told['resolution'].lower()]}")
    options = {_OPTIONS[name]: told[name] for name in told if name in _OPTIONS}
    known |= set(_OPTIONS)
    if options:
        lines.append(f"    options: {_yaml(options)}")
    return lines + [f"    {comment}" for comment in comments + _rest(group, known)]


def _inbound(groups: list[list[Node]]) -> list[str]:
    if not groups:
        return []
    lines = ["", "inbound:", "  - account: main", "    lines:"]
    for number, group in enumerate(groups):
        told = {leaf.name.lower(): leaf.text.strip() for leaf in group}
        path = next((text for text in told.values() if _PATH.match(text)), "/srv/fax/in")
        key = "other" if number == len(groups) - 1 else f'"+1000000000{number}"'
        lines += [f"      {key}:  {DECIDE} the number that is received on; `other` takes all that are not named"]
        lines += ["        folder:", f"          path: {_yaml(path)}"]
        if not path.startswith("/"):
            lines.append(f"          {DECIDE} where {_short(path)} is on this machine")
        known = {name for name, text in told.items() if text == path}
        if "fileformat" in told:
            known.add("fileformat")
            name, lost = _named(told["fileformat"])
            lines.append(f"          name: {_yaml(name)}")
            lines += [f"          {DECIDE} {{{token}}} of the file name has no like here" for token in lost]
        lines += [f"          {comment}" for comment in _rest(group, known)]
    return lines


def _named(form: str) -> tuple[str, list[str]]:
    """Fax Assist's name, whose tokens are known here, and those that are not."""
    from faxdaemon.sinks._names import FAX_ASSIST  # noqa: PLC0415 - keeps --help quick

    known = {token.lower(): token for token in FAX_ASSIST}
    lost: list[str] = []

    def ours(match: re.Match[str]) -> str:
        token = known.get(match[1].lower())
        if token is None:
            lost.append(match[1])
            return ""
        return f"{{{token}}}"

    return re.sub(r"\{(\w+)\}", ours, form.strip()), lost


def _rest(group: list[Node], known: set[str]) -> list[str]:
    """What is not understood, for the person; secrets by their names only."""
    return [
        f"{DECIDE} what {leaf.name} means here; it was "
        + ("a secret, and is not taken over" if _SECRET.search(leaf.name) else _yaml(leaf.text.strip()))
        for leaf in group
        if leaf.name.lower() not in known and leaf.text.strip()
    ]


def _yaml(value: object) -> str:
    import yaml  # noqa: PLC0415 - keeps --help quick

    written = str(yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True))
    return written.removesuffix("...\n").strip()


def _short(path: str) -> str:
    return path if len(path) < 80 else f"{path[:77]}…"
