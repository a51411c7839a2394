"""account: what the service behind an account offers beyond sending and receiving.

Asks the service directly, beside a running daemon or without one.  What costs money or loses something is asked for
first.  The commands about single faxes are in `account_faxes`, what stands outside the
promise is in `account_outside`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from faxdaemon.cli import account_faxes, account_outside
from faxdaemon.cli.account_common import (
    Csv,
    Number,
    Yes,
    asked,
    changed,
    confirmed,
    dialled,
    offered,
    show,
)
from faxdaemon.cli.common import Config, Json, print_json, say, table
from faxdaemon.cli.listing import past
from faxdaemon.contracts import services

app = typer.Typer(no_args_is_help=True)
lines_app = typer.Typer(no_args_is_help=True)
numbers_app = typer.Typer(no_args_is_help=True)
app.add_typer(lines_app, name="lines")
app.add_typer(numbers_app, name="numbers")
account_faxes.register(app)
account_outside.register(app)


@app.callback()
def account(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="One of the configured accounts.", show_default=False)],
) -> None:
    """What an account's service offers beyond sending and receiving.

    Not every service has all of it; `offers` tells.

    \b
    Examples:
      faxdaemon account main offers
      faxdaemon account main lines list
      faxdaemon account main records --since 7d --csv
      faxdaemon account main image 01jd6e
    """
    ctx.obj = name


@app.command("offers")
def offers(ctx: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Tell which of these commands the service behind the account has.

    \b
    Examples:
      faxdaemon account main offers
    """
    names = offered(ctx, config)
    if as_json:
        print_json(list(names))
    else:
        say(", ".join(names) or "nothing beyond sending and receiving")


# -- lines


@lines_app.callback()
def lines() -> None:
    """The numbers on which the account receives.

    \b
    Examples:
      faxdaemon account main lines list
      faxdaemon account main lines disable +13035550100
    """


@lines_app.command("list")
def list_lines(ctx: typer.Context, config: Config = None, as_csv: Csv = False, as_json: Json = False) -> None:
    """List the numbers on which the account receives.

    \b
    Examples:
      faxdaemon account main lines list
    """
    with asked(ctx, config, services.Lines, "lines") as service:
        show(service.lines(), as_csv=as_csv, as_json=as_json)


@lines_app.command("enable")
def enable(ctx: typer.Context, number: Number, config: Config = None) -> None:
    """Let calls to a line in again.

    \b
    Examples:
      faxdaemon account main lines enable +13035550100
    """
    with asked(ctx, config, services.Lines, "lines") as service:
        say(service.set_line(dialled(number, config), enabled=True))


@lines_app.command("disable")
def disable(ctx: typer.Context, number: Number, config: Config = None) -> None:
    """Turn calls to a line away, until it is enabled again.

    \b
    Examples:
      faxdaemon account main lines disable +13035550100
    """
    with asked(ctx, config, services.Lines, "lines") as service:
        say(service.set_line(dialled(number, config), enabled=False))


# -- numbers


@numbers_app.callback()
def numbers() -> None:
    """Look for numbers, order them, give them back.

    \b
    Examples:
      faxdaemon account main numbers areas
      faxdaemon account main numbers search --area 303
      faxdaemon account main numbers order +13035550130
    """


Area = Annotated[str | None, typer.Option("--area", metavar="CODE", help="In this area code only.")]
Exchange = Annotated[str | None, typer.Option("--exchange", metavar="NPANXX", help="In this exchange only.")]


@numbers_app.command("areas")
def areas(ctx: typer.Context, config: Config = None, as_csv: Csv = False, as_json: Json = False) -> None:
    """List the area codes in which numbers are to be had.

    \b
    Examples:
      faxdaemon account main numbers areas
    """
    with asked(ctx, config, services.Numbers, "numbers") as service:
        show(service.area_codes(), as_csv=as_csv, as_json=as_json)


@numbers_app.command("exchanges")
def exchanges(
    ctx: typer.Context, *, area: Area = None, config: Config = None, as_csv: Csv = False, as_json: Json = False
) -> None:
    """List the exchanges that have free numbers.

    \b
    Examples:
      faxdaemon account main numbers exchanges --area 303
    """
    with asked(ctx, config, services.Numbers, "numbers") as service:
        show(service.exchanges(area), as_csv=as_csv, as_json=as_json)


@numbers_app.command("search")
def search(
    ctx: typer.Context,
    *,
    area: Area = None,
    exchange: Exchange = None,
    config: Config = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """List numbers that can be ordered.

    \b
    Examples:
      faxdaemon account main numbers search --area 303
      faxdaemon account main numbers search --exchange 303555
    """
    with asked(ctx, config, services.Numbers, "numbers") as service:
        show(service.free_numbers(area, exchange), as_csv=as_csv, as_json=as_json)


@numbers_app.command("order")
def order(ctx: typer.Context, number: Number, yes: Yes = False, config: Config = None) -> None:
    """Order a number.  This costs money.

    \b
    Examples:
      faxdaemon account main numbers order +13035550130
    """
    with asked(ctx, config, services.Numbers, "numbers") as service, changed("lines list", ctx):
        wanted = dialled(number, config)
        confirmed(f"Order {wanted}? It costs money.", yes=yes)
        say(service.order_number(wanted))


@numbers_app.command("return")
def give_back(ctx: typer.Context, number: Number, yes: Yes = False, config: Config = None) -> None:
    """Give a number back.  It may be gone for good.

    \b
    Examples:
      faxdaemon account main numbers return +13035550130
    """
    with asked(ctx, config, services.Numbers, "numbers") as service, changed("lines list", ctx):
        wanted = dialled(number, config)
        confirmed(
            f"Give {wanted} back? Faxes to it will not arrive here any more, and it may be gone for good.", yes=yes
        )
        say(service.return_number(wanted))


@numbers_app.command("portable")
def portable(ctx: typer.Context, number: Number, config: Config = None, as_json: Json = False) -> None:
    """Tell whether a number that is somewhere else could be moved to this service.

    \b
    Examples:
      faxdaemon account main numbers portable +13035550199
    """
    with asked(ctx, config, services.Numbers, "numbers") as service:
        can = service.portable(dialled(number, config))
    if as_json:
        print_json({"portable": can})
    else:
        say("it can be moved to this service" if can else "it cannot be moved to this service")


# -- records, covers, profile


@app.command("records")
def records(
    ctx: typer.Context,
    *,
    since: Annotated[str, typer.Option(metavar="WHEN", help="From then on: 2h, 7d, 2026-11-20.")] = "1d",
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Until then; now without it.")] = None,
    number: Annotated[str | None, typer.Option(metavar="NUMBER", help="Of this line only.")] = None,
    after: Annotated[
        int | None, typer.Option(metavar="MARK", help="Instead of a time: those after the record of this number.")
    ] = None,
    config: Config = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Show call records, or the service's activity report.

    Columns and times are the service's own.  With --after, no record is shown twice: give the largest number of the
    first column the next time.

    \b
    Examples:
      faxdaemon account main records --since 7d
      faxdaemon account main records --since 2026-11-01 --until 2026-12-01 --csv > november.csv
      faxdaemon account main records --after 41213 --json
    """
    line = dialled(number, config) if number else None
    if after is not None:
        with asked(ctx, config, services.RecordsAfter, "records --after") as service:
            found = service.records_after(after, line)
    else:
        begin, end = past(since), past(until) or datetime.now(UTC)
        with asked(ctx, config, services.Records, "records") as service:
            found = service.records(begin or end, end, line)
    show(found, as_csv=as_csv, as_json=as_json)


@app.command("covers")
def covers(ctx: typer.Context, config: Config = None, as_csv: Csv = False, as_json: Json = False) -> None:
    """List the cover pages that the service knows for this account.

    \b
    Examples:
      faxdaemon account main covers
    """
    with asked(ctx, config, services.Covers, "covers") as service:
        show(service.covers(), as_csv=as_csv, as_json=as_json)


@app.command("profile")
def profile(ctx: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Show what the service has on record about the account, without secrets.

    \b
    Examples:
      faxdaemon account main profile
    """
    with asked(ctx, config, services.Profile, "profile") as service:
        facts = dict(service.profile())
    if as_json:
        print_json(facts)
    else:
        table(("", ""), list(facts.items()))
