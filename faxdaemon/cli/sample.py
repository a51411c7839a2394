"""config sample: a control file, or a name, as an application would write it.

Promise   what is printed is read by the dialect as exactly what was asked for; else it is told what the dialect has no
          words for.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from faxdaemon.cli.common import note, say
from faxdaemon.core.errors import UserError

if TYPE_CHECKING:
    from faxdaemon.contracts.format import FolderAsks, Order, Writes

NUMBER = "+13035550123"


def sample(  # noqa: PLR0917 - typer passes them by name
    dialect: Annotated[str, typer.Argument(metavar="FORMAT", help="The dialect, as under `formats` of a folder.")],
    to: Annotated[list[str] | None, typer.Option(metavar="NUMBER", help="A recipient; may be repeated.")] = None,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="The recipient's name.")] = None,
    reference: Annotated[str | None, typer.Option(metavar="TEXT", help="The asker's own reference.")] = None,
    document: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="A document, as it is to be named; may be repeated.")
    ] = None,
    wish: Annotated[
        list[str] | None, typer.Option(metavar="WORD=VALUE", help="One of the wishes, or a field; may be repeated.")
    ] = None,
) -> None:
    """Write a control file, or a file name, in one of the dialects.

    For whoever sets up an application, or moves from one dialect to another.  Nothing is looked at or sent.

    \b
    Examples:
      faxdaemon config sample gfi_xml
      faxdaemon config sample request --to 3035550123 --name "Dr. Lee" --wish resolution=fine > job.json
      faxdaemon config sample zetafax --to 3035550123 --to 3035550124 --document scan.pdf
    """
    from faxdaemon.contracts.format import CannotSay, FolderAsks, Looks  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.formats._write import written  # noqa: PLC0415 - likewise

    folder = FolderAsks("{number}[_{name}][_{reference}]", None)
    file, writer = _opened(dialect, folder)
    try:
        text = written(writer, file, [_order(to or [NUMBER], name, reference, document or [], wish or [])], folder)
    except CannotSay as error:
        raise UserError(f"{dialect}: {error}") from None
    if writer.looks_at is Looks.NAME:
        say(f"{text}.pdf")
        return
    where = "a file" if writer.looks_at is Looks.CONTROL else "the first or last page of a document"
    note(f"in {where} such as {file}")
    typer.echo(text, nl=False)


def _opened(dialect: str, folder: FolderAsks) -> tuple[str, Writes]:
    """What its control file is called in its sample, and it."""
    from faxdaemon import plugins  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.config.kinds import FORMATS  # noqa: PLC0415 - likewise
    from faxdaemon.contracts.format import Writes  # noqa: PLC0415 - likewise

    known = plugins.names(FORMATS)
    if dialect not in known:
        raise UserError(f"there is no dialect “{dialect}”; there are: {', '.join(known)}")
    module = plugins.load(FORMATS, dialect)
    opened = module.open_format(folder)
    if not isinstance(opened, Writes):
        raise UserError(f"{dialect} is the site's own; what it reads stands under `codes` of the folder")
    files = module.ABOUT.files
    return next((each for each in files if opened.is_control(each)), next(iter(files))), opened


def _order(to: list[str], name: str | None, reference: str | None, documents: list[str], pairs: list[str]) -> Order:
    from faxdaemon.contracts.format import Order  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.core.model import Request  # noqa: PLC0415 - likewise
    from faxdaemon.core.wishes import VOCABULARY  # noqa: PLC0415 - likewise

    told = dict(pair.partition("=")[::2] for pair in pairs)
    options = {word: value for word, value in told.items() if word in VOCABULARY}
    fields = {word: value for word, value in told.items() if word not in VOCABULARY}
    requests = tuple(Request(number, name, reference, fields, options) for number in to)
    return Order(requests, tuple(documents) or None)
