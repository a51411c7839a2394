"""account, outside the promise: what the service does and the journal knows nothing of.

Each command says so, and asks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from faxdaemon.cli.account_common import Csv, Number, Yes, asked, changed, confirmed, dialled, show
from faxdaemon.cli.account_faxes import Recipient, sent
from faxdaemon.cli.common import Config, FaxId, Json, note, print_json, say
from faxdaemon.contracts import services
from faxdaemon.core.errors import UserError

OUTSIDE = "This stands outside the promise: the journal knows nothing of it, and a lost answer cannot be looked up."

File = Annotated[Path, typer.Argument(metavar="FILE", help="The document.", show_default=False)]
Name = Annotated[str, typer.Option(metavar="TEXT", help="The recipient's name.")]
broadcast_app = typer.Typer(no_args_is_help=True)
simple_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Hang the commands into the group."""
    for command in (again, web):
        app.command()(command)
    app.add_typer(broadcast_app, name="broadcast")
    app.add_typer(simple_app, name="simple")


@contextmanager
def _outside(ctx: typer.Context, question: str, *, yes: bool) -> Iterator[None]:
    note(OUTSIDE)
    confirmed(question, yes=yes)
    with changed("records", ctx):
        yield


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from None


def _told(ctx: typer.Context, job: str, command: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"job": job})
    else:
        say(f"job {job}; `faxdaemon account {ctx.obj} {command} {job}` tells what becomes of it")


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
    found = sent(ctx, config, fax, recipient)
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
    name: Name = "",
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
    file: File,
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
    content = _content(file)
    question = f"Send {file.name} to {len(to)} recipient(s)? It costs money."
    with asked(ctx, config, services.Broadcast, "broadcast") as service, _outside(ctx, question, yes=yes):
        job = service.broadcast(to, file.name, content)
    _told(ctx, job, "broadcast status", as_json=as_json)


Job = Annotated[str, typer.Argument(metavar="JOB", help="The job's id, as it was told.", show_default=False)]


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


@simple_app.callback()
def simple() -> None:
    """One document to one number by the service's plainest call, outside the promise.

    \b
    Examples:
      faxdaemon account main simple send letter.tif +13035550155
      faxdaemon account main simple status br123
    """


@simple_app.command("send")
def simple_send(
    ctx: typer.Context,
    *,
    file: File,
    number: Number,
    name: Name = "",
    yes: Yes = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Fax one document to one number by the service's plainest call.

    This stands outside the promise: the call carries no reference, the journal knows nothing of it, and a lost answer
    cannot be looked up.  `faxdaemon send` is the way that is followed.  Concord takes a TIFF and nothing else.

    \b
    Examples:
      faxdaemon account main simple send letter.tif +13035550155 --name "Dr Lee"
    """
    to = dialled(number, config)
    content = _content(file)
    with (
        asked(ctx, config, services.Simple, "simple") as service,
        _outside(ctx, f"Send {file.name} to {to}? It costs money.", yes=yes),
    ):
        job = service.send_simple(to, name, content)
    _told(ctx, job, "simple status", as_json=as_json)


@simple_app.command("status")
def simple_status(
    ctx: typer.Context, job: Job, config: Config = None, as_csv: Csv = False, as_json: Json = False
) -> None:
    """Tell what became of a fax sent by `simple send`.

    \b
    Examples:
      faxdaemon account main simple status br123
    """
    with asked(ctx, config, services.Simple, "simple") as service:
        show(service.simple_status(job), as_csv=as_csv, as_json=as_json)
