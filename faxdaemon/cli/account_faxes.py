"""account, about faxes: images of what was sent, and forgetting.

A fax that our journal still follows is never forgotten at the service: its record there is what tells its fate.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer

from faxdaemon.cli.account_common import Yes, asked, confirmed
from faxdaemon.cli.common import Config, FaxId, journal_of, say, settings_of
from faxdaemon.contracts import services
from faxdaemon.core.errors import UserError
from faxdaemon.core.states import Outbound

ENDED = (Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED)
PIECE = 1 << 18

Recipient = Annotated[
    int | None, typer.Option("--recipient", metavar="N", min=1, help="Which one, of a fax to several recipients.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to; - for stdout.  The id here, without it."),
]


@dataclass(frozen=True, slots=True)
class Sent:
    """A recipient of ours, as the service knows it."""

    fax_id: str
    recipient: int
    job: str
    state: Outbound


def register(app: typer.Typer) -> None:
    """Hang the commands into the group."""
    for command in (image, transmittal, forget):
        app.command()(command)


def sent(ctx: typer.Context, config: Path | None, fax: str, recipient: int | None) -> Sent:
    """Whom a fax was sent to through this account; `UserError` when that is nobody, or not clear."""
    with journal_of(settings_of(config)) as journal:
        life = journal.life(fax)
    rows = [row for row in life.facts.get("recipients", ()) if row["provider_id"]]
    if recipient is not None:
        rows = [row for row in rows if row["n"] == recipient]
    if not rows:
        raise UserError(f"{life.fax_id}: no service has accepted this; `faxdaemon show` tells what became of it")
    if len(rows) > 1:
        raise UserError(f"{life.fax_id} went to several recipients; say which with --recipient")
    (row,) = rows
    if row["account"] != ctx.obj:
        raise UserError(f"{life.fax_id} was sent through account {row['account']}, not through {ctx.obj}")
    return Sent(life.fax_id, row["n"], row["provider_id"], Outbound(row["state"]))


# -- images


def image(
    ctx: typer.Context,
    *,
    fax: FaxId,
    form: Annotated[Literal["pdf", "tiff"], typer.Option(help="pdf or tiff.")] = "pdf",
    recipient: Recipient = None,
    output: Output = None,
    config: Config = None,
) -> None:
    """Save the pages of a fax as the service sent them.

    \b
    Examples:
      faxdaemon account main image 01jd6e
      faxdaemon account main image 01jd6e --form tiff --output sent.tif
    """
    found = sent(ctx, config, fax, recipient)
    with asked(ctx, config, services.Images, "image") as service:
        _save(partial(service.sent_image, found.job, form), output or Path(f"{found.fax_id}.{form}"))


def transmittal(
    ctx: typer.Context, fax: FaxId, recipient: Recipient = None, output: Output = None, config: Config = None
) -> None:
    """Save the service's own report page (PDF) about a fax.

    \b
    Examples:
      faxdaemon account main transmittal 01jd6e --output report.pdf
    """
    found = sent(ctx, config, fax, recipient)
    with asked(ctx, config, services.Images, "transmittal") as service:
        _save(partial(service.transmittal, found.job), output or Path(f"{found.fax_id}-transmittal.pdf"))


def _save(fetch: Callable[[Callable[[bytes], object]], object], target: Path) -> None:
    """Whole or not at all: only what came to its end is written."""
    from faxdaemon.files import open_files  # noqa: PLC0415 - keeps --help quick

    with tempfile.TemporaryFile() as kept:
        fetch(kept.write)
        kept.seek(0)
        if str(target) == "-":
            sys.stdout.buffer.writelines(_pieces(kept))
            return
        if target.exists():
            raise UserError(f"{target} exists already; name another file with --output")
        written = open_files().write_new(target, _pieces(kept))
    say(f"{target}: {written.size} bytes")


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.read, PIECE), b"")


# -- forgetting


def forget(
    ctx: typer.Context, fax: FaxId, recipient: Recipient = None, yes: Yes = False, config: Config = None
) -> None:
    """Have the service forget a fax that has ended.

    Its record and its image there are gone then; ours stays.

    \b
    Examples:
      faxdaemon account main forget 01jd6e
    """
    found = sent(ctx, config, fax, recipient)
    if found.state not in ENDED:
        raise UserError(
            f"{found.fax_id} is {found.state}: the service's record is what tells its fate; wait until it has ended"
        )
    with asked(ctx, config, services.Forgetting, "forget") as service:
        confirmed(f"Have the service forget {found.fax_id}? Its record and image there are lost.", yes=yes)
        say(service.forget(found.job))
