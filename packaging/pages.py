"""Man pages and shell completion, made from the commands and the configuration's types: `pages.py SHARE`.

Promise   faxdaemon(1) has every command with its options, faxdaemon.yaml(5) every key; nothing is written twice.
          The same input gives the same bytes.
Needs     faxdaemon, importable.  SHARE is a `usr/share`.
Crash     run it again.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.completion import get_completion_script

from faxdaemon import __version__, cli
from faxdaemon.config import reference

COMPLETIONS = {
    "bash": "bash-completion/completions/faxdaemon",
    "zsh": "zsh/vendor-completions/_faxdaemon",
    "fish": "fish/vendor_completions.d/faxdaemon.fish",
}
FILES = r"""
.SH FILES
.TP
.I /etc/faxdaemon/config.yaml
The configuration; see
.BR faxdaemon.yaml (5).
.TP
.I /etc/faxdaemon/credentials
Secrets, readable by root alone; in a service a file
.I NAME
in there is ${credential:faxdaemon_NAME}.
.TP
.I /var/lib/faxdaemon
The journal and the daemon's own copies of documents.
.SH SEE ALSO
.BR faxdaemon.yaml (5),
.BR systemctl (1),
.BR journalctl (1),
and the pages in /usr/share/doc/faxdaemon/docs.
"""


def main() -> None:
    """Write all of them below the folder named."""
    share = Path(sys.argv[1])
    root = typer.main.get_command(cli.app)
    _page(share, 1, "faxdaemon", "\n".join(_commands(root)) + FILES)
    _page(share, 5, "faxdaemon.yaml", "\n".join(_keys(reference.reference())))
    for shell, place in COMPLETIONS.items():
        _write(
            share / place, get_completion_script(prog_name="faxdaemon", complete_var="_FAXDAEMON_COMPLETE", shell=shell)
        )


def _page(share: Path, section: int, name: str, body: str) -> None:
    text = f'.TH {name.upper()} {section} "" "faxdaemon {__version__}"\n{body.strip()}\n'
    target = share / f"man/man{section}/{name}.{section}.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text.rstrip() + "\n", "utf-8")


def roff(text: str) -> str:
    """Text as it is, for roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def _commands(root: Any) -> Iterator[str]:
    yield ".SH NAME\nfaxdaemon \\- drop a document into a folder and it is faxed"
    yield ".SH SYNOPSIS\n.B faxdaemon\n.I COMMAND\n[\n.I options\n]"
    yield ".SH DESCRIPTION"
    yield from _help(root.help)
    yield ".SH COMMANDS"
    yield from _below(root, "faxdaemon")


def _below(group: Any, path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        arguments = [p.make_metavar() if not p.metavar else p.metavar for p in command.params if _is_argument(p)]
        line = " ".join([path, name, *map(str, arguments)])
        if hasattr(command, "commands"):
            yield f".SS {roff(line)} ..."
            yield from _help(command.help)
            yield from _below(command, line)
            continue
        yield f".SS {roff(line)}"
        yield from _help(command.help)
        for option in command.params:
            if not _is_argument(option):
                flags = ", ".join([*option.opts, *option.secondary_opts])
                yield f".TP\n.B {roff(flags)}\n{roff(option.help or '')}"


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _help(text: str | None) -> Iterator[str]:
    """The paragraphs of a command's help; what stands below a mark of its own keeps its lines."""
    for part in (text or "").split("\n\n"):
        kept = part.lstrip().startswith("\b")
        words = roff(part.replace("\b\n", "").replace("\b", "").strip("\n"))
        yield f".PP\n.nf\n{words}\n.fi" if kept else f".PP\n{words}"


def _keys(tables: str) -> Iterator[str]:
    yield ".SH NAME\nfaxdaemon.yaml \\- the configuration of faxdaemon"
    yield ".SH DESCRIPTION\nOne YAML file,\n.I /etc/faxdaemon/config.yaml\nunless another is named.  An example is in"
    yield "/usr/share/doc/faxdaemon/examples.  After a change:\n.B faxdaemon config check\nand\n.BR faxdaemon reload ."
    for line in tables.splitlines():
        if line.startswith("### "):
            yield f".SH {roff(line[4:]).upper() if line[4:].isascii() and '`' not in line else roff(line[4:])}"
        elif line.startswith("| `"):
            key, kind, default, meaning = (cell.strip() for cell in line[2:].removesuffix("|").split(" | ", 3))
            told = f"{kind}; default {default}" if default not in {"", "required"} else f"{kind} {default}".strip()
            words = roff(meaning.replace(r"\|", "|"))
            yield f".TP\n.B {roff(key)}\n({roff(told)})\n{words}"


if __name__ == "__main__":
    main()
