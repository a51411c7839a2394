"""cover: how a cover page of one's own looks.

Promise   the page is made as the daemon makes it; nothing is sent.
Needs     the configuration that names the template; none for the built-in one.
Crash     leaves a part of the file that the person named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faxdaemon.cli.common import Config, say, settings_of
from faxdaemon.core.errors import UserError


def cover(  # noqa: PLR0917 - typer passes them by name
    name: Annotated[str, typer.Argument(metavar="NAME", help="The cover page; `built-in` needs no configuration.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the PDF.")],
    to: Annotated[str, typer.Option(metavar="TEXT", help="The recipient.")] = "Dr. Lee",
    number: Annotated[str, typer.Option(metavar="NUMBER", help="The recipient's number.")] = "+13035550100",
    company: Annotated[str, typer.Option(metavar="TEXT", help="The recipient's company.")] = "South Clinic",
    sender: Annotated[str, typer.Option("--from", metavar="TEXT", help="The sender.")] = "Dr. Gray",
    subject: Annotated[str, typer.Option(metavar="TEXT", help="The subject.")] = "Your order",
    text: Annotated[str, typer.Option(metavar="TEXT", help="The text.")] = "Please call back.",
    pages: Annotated[int, typer.Option(metavar="N", help="Pages of the fax besides this one.")] = 2,
    config: Config = None,
) -> None:
    """Write a cover page as a PDF, to see how it looks.

    What is not given is filled in, so that no field is empty.

    \b
    Examples:
      faxdaemon cover built-in --out cover.pdf
      faxdaemon cover clinic --to "Dr. Lee" --text "As agreed." --out /tmp/cover.pdf
    """
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.config.types import BUILT_IN  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.contracts.documents import CannotMake  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.documents import open_documents  # noqa: PLC0415 - keeps --help quick

    template = None if name == BUILT_IN else _template(name, config)
    now = SystemClock().now().astimezone()
    shown = {"to": to, "number": number, "company": company, "from": sender, "subject": subject, "text": text}
    shown |= {"title": "Head of Cardiology", "sender_company": "North Clinic", "phone": "+13035550111"}
    shown |= {"fax": "+13035550112", "email": "clinic@example.org", "reference": "4711"}
    shown |= {"date": now.date().isoformat(), "time": now.strftime("%H:%M")}
    try:
        made = open_documents().cover(template, shown, pages)
        out.write_bytes(made.content)
    except CannotMake as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}); name another file with --out") from None
    say(f"{out}: {made.pages} page{'s' if made.pages > 1 else ''}")


def _template(name: str, config: Path | None) -> Path | None:
    templates = settings_of(config).templates
    if name.casefold() not in templates:
        known = ", ".join(templates) or "none"
        raise UserError(f"the configuration has no cover page “{name}” under `covers` (there are: {known})")
    return templates[name.casefold()]
