"""What the account commands share: opening the service, asking before harm, printing tables."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faxdaemon.cli.common import note, print_json, quiet, settings_of, table
from faxdaemon.core.errors import OutcomeUnknown, UserError

if TYPE_CHECKING:
    from faxdaemon.contracts.provider import Provider
    from faxdaemon.contracts.services import Table

Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number.", show_default=False)]


@contextmanager
def asked(ctx: typer.Context, config: Path | None, kind: Any, what: str) -> Iterator[Any]:
    """The service behind the account, as one of `contracts.services`; `UserError` when it does not have that."""
    from faxdaemon.contracts.services import offers  # noqa: PLC0415 - keeps --help quick

    with _opened(ctx, config) as provider:
        if not isinstance(provider, kind):
            names = ", ".join(offers(provider)) or "nothing beyond sending and receiving"
            raise UserError(f"the service of account {ctx.obj} has no “{what}”; it offers: {names}")
        yield provider


def offered(ctx: typer.Context, config: Path | None) -> tuple[str, ...]:
    """What the service behind the account offers."""
    from faxdaemon.contracts.services import offers  # noqa: PLC0415 - keeps --help quick

    with _opened(ctx, config) as provider:
        return offers(provider)


@contextmanager
def _opened(ctx: typer.Context, config: Path | None) -> Iterator[Provider]:
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.parts import open_account  # noqa: PLC0415 - keeps --help quick

    settings = settings_of(config)
    options = settings.accounts.get(ctx.obj)
    if options is None:
        raise UserError(f"there is no account “{ctx.obj}”; there are: {', '.join(settings.accounts)}")
    quiet()
    provider = open_account(options, SystemClock())
    try:
        yield provider
    finally:
        provider.close()


@contextmanager
def changed(look: str, ctx: typer.Context) -> Iterator[None]:
    """Around what must not be done twice: a lost answer is told with the command that shows what came of it."""
    try:
        yield
    except OutcomeUnknown as error:
        raise UserError(
            f"{error}; it may have been done all the same: look with `faxdaemon account {ctx.obj} {look}` before you "
            "try again"
        ) from None


def confirmed(question: str, *, yes: bool) -> None:
    """Ask, unless the person said --yes; no answer is a no."""
    if not yes:
        typer.confirm(question, abort=True, err=True)


def dialled(number: str, config: Path | None) -> str:
    """A number in E.164, read as the configuration's region writes it."""
    from faxdaemon.core import numbers  # noqa: PLC0415 - keeps --help quick

    try:
        return numbers.to_e164(number, settings_of(config).region)
    except numbers.NotANumber as error:
        raise UserError(f"{error}; write it with its country code, such as +13035550100") from None


def show(found: Table, *, as_csv: bool, as_json: bool) -> None:
    """A table for people, as CSV, or as a list of JSON objects."""
    if as_json:
        print_json([dict(zip(found.columns, row, strict=True)) for row in found.rows])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(found.columns)
        writer.writerows(found.rows)
    elif found.rows:
        table(found.columns, found.rows)
    else:
        note("there are none")
