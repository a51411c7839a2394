"""account, about faxes: images of what was sent, forgetting, and what stands outside the promise.

A fax that our journal still follows is never forgotten at the service: its record there is what tells its fate.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer

from faxdaemon.cli.account_common import Csv, Number, Yes, asked, changed, confirmed, dialled, show
from faxdaemon.cli.common import Config, FaxId, Json, journal_of, note, print_json, say, settings_of
from faxdaemon.contracts import services
from faxdaemon.core.errors import UserError
from faxdaemon.core.states import Outbound

ENDED = (Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED)
PIECE = 1 << 18
OUTSIDE = "This stands outside the promise: the journal knows nothing of it, and a lost answer cannot be looked up."

Recipient = Annotated[
    int | None, typer.Option("--recipient", metavar="N", min=1, help="Which one, of a fax to several recipients.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to; - for stdout.  The id here, without it."),
]
broadcast_app = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A recipient of ours, as the service knows it."""

    fax_id: str
    recipient: int
    job: str
    state: Outbound


def register(app: typer.Typer) -> None:
    """Hang the commands into the group."""
    for command in (image, transmittal, forget, again, web):
        app.command()(command)
    app.add_typer(broadcast_app, name="broadcast")


def _sent(ctx: typer.Context, config: Path | None, fax: str, recipient: int | None) -> _Sent:
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
    return _Sent(life.fax_id, row["n"], row["provider_id"], Outbound(row["state"]))


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
    found = _sent(ctx, config, fax, recipient)
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
    found = _sent(ctx, config, fax, recipient)
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
    found = _sent(ctx, config, fax, recipient)
    if found.state not in ENDED:
        raise UserError(
            f"{found.fax_id} is {found.state}: the service's record is what tells its fate; wait until it has ended"
        )
    with asked(ctx, config, services.Forgetting, "forget") as service:
        confirmed(f"Have the service forget {found.fax_id}? Its record and image there are lost.", yes=yes)
        say(service.forget(found.job))


# -- outside the promise


@contextmanager
def _outside(ctx: typer.Context, question: str, *, yes: bool) -> Iterator[None]:
    note(OUTSIDE)
    confirmed(question, yes=yes)
    with changed("records", ctx):
        yield


def again(
    ctx: typer.Context,
    *,
    fax: FaxId,
    to: Annotated[str | None, typer.Option("--to", metavar="NUMBER", help="Another number.")] = None,
    recipient: Recipient = None,
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Have the service send a fax once more from its own copy.

    This stands outside the promise: the journal knows nothing of the new job, and its outcome is not reported.
    `faxdaemon resend` is the way that is followed.

    \b
    Examples:
      faxdaemon account main again 01jd6e --to +13035550155
    """
    number = dialled(to, config) if to else None
    found = _sent(ctx, config, fax, recipient)
    with asked(ctx, config, services.Resending, "again") as service:
        where = f" to {number}" if number else ""
        with _outside(ctx, f"Have the service send {found.fax_id} once more{where}? It costs money.", yes=yes):
            say(f"job {service.send_again(found.job, number)}")


def web(
    ctx: typer.Context,
    *,
    number: Number,
    addresses: Annotated[list[str], typer.Argument(metavar="URL...", help="What to fax.", show_default=False)],
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="SUFFIX", help="What an address gives (doc, pdf, html), in their order; all or none."),
    ] = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="The recipient's name.")] = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Whether the service fetches it first.")] = True,
    yes: Yes = False,
    config: Config = None,
) -> None:
    """Fax what the service itself fetches from the web.

    This stands outside the promise: what it fetches is never ours to keep, and the outcome is not reported.

    \b
    Examples:
      faxdaemon account main web +13035550155 https://example.org/page.html
    """
    to = dialled(number, config)
    question = f"Have the service fax {len(addresses)} address(es) to {to}? It costs money."
    with asked(ctx, config, services.Addresses, "web") as service, _outside(ctx, question, yes=yes):
        say(f"job {service.send_addresses(to, name, addresses, kind or [], wait=wait)}")


@broadcast_app.callback()
def broadcast() -> None:
    """One document to many recipients in one job of the service, outside the promise.

    \b
    Examples:
      faxdaemon account main broadcast start news.pdf +13035550155 +13035550156
      faxdaemon account main broadcast status br123
    """


@broadcast_app.command("start")
def start(
    ctx: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The document.", show_default=False)],
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="To whom.", show_default=False)],
    yes: Yes = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Send one document to many recipients in one job of the service.

    This stands outside the promise: the service decides recipient by recipient, the journal knows nothing of it, and a
    lost answer cannot be looked up.  Drops with several recipients are inside it.

    \b
    Examples:
      faxdaemon account main broadcast start news.pdf +13035550155 +13035550156
    """
    to = [dialled(number, config) for number in numbers]
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from None
    question = f"Send {file.name} to {len(to)} recipient(s)? It costs money."
    with asked(ctx, config, services.Broadcast, "broadcast") as service, _outside(ctx, question, yes=yes):
        job = service.broadcast(to, file.name, content)
    if as_json:
        print_json({"job": job})
    else:
        say(f"job {job}; `faxdaemon account {ctx.obj} broadcast status {job}` tells what becomes of it")


Job = Annotated[str, typer.Argument(metavar="JOB", help="As `broadcast start` told it.", show_default=False)]


@broadcast_app.command("status")
def status(ctx: typer.Context, job: Job, config: Config = None, as_csv: Csv = False, as_json: Json = False) -> None:
    """Tell what became of a broadcast, recipient by recipient.

    \b
    Examples:
      faxdaemon account main broadcast status br123 --csv
    """
    with asked(ctx, config, services.Broadcast, "broadcast") as service:
        show(service.broadcast_status(job), as_csv=as_csv, as_json=as_json)


@broadcast_app.command("report")
def report(
    ctx: typer.Context,
    job: Job,
    address: Annotated[str, typer.Argument(metavar="E-MAIL", help="Where to.", show_default=False)],
    config: Config = None,
) -> None:
    """Have the service send its own report about a broadcast by e-mail.

    \b
    Examples:
      faxdaemon account main broadcast report br123 office@example.org
    """
    with asked(ctx, config, services.BroadcastReport, "broadcast report") as service:
        service.broadcast_report(job, address)
    say(f"the service sends its report to {address}")
