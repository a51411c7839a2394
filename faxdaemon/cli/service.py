"""run, reload, migrate, check, demo, sandbox: the daemon and what surrounds it.

Promise   `run` ends with the daemon's own exit status, so that a service manager knows whether to start it again.
          `check` changes nothing.  `demo` and `sandbox` fax nothing to anybody.
Needs     a configuration; `demo` and `sandbox` none.
Crash     of the daemon: the next start goes on.  The others keep nothing.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faxdaemon.cli.common import Config, Json, journal_of, note, print_json, say, settings_of, table

if TYPE_CHECKING:
    from faxdaemon.sandbox import Sandbox
    from faxdaemon.sandbox.numbering import Ending

RELOAD = 60.0
"""Seconds that `reload` waits for what is in hand."""


def run(config: Config = None) -> None:
    """Run the daemon in the foreground.

    It ends with SIGTERM or Ctrl-C, and logs to stderr.  A service manager starts it with exactly this command.

    \b
    Examples:
      faxdaemon run
      faxdaemon run --config /etc/faxdaemon/config.yaml
    """
    settings = settings_of(config)
    from faxdaemon import logs  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.notify import Notifier  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.service import Service  # noqa: PLC0415 - keeps --help quick

    logs.configure(**settings.log.model_dump())
    service = Service(settings, load=lambda: settings_of(settings.source), notify=Notifier.from_environment())
    raise typer.Exit(service.run())


def reload(config: Config = None) -> None:
    """Have the running daemon read its configuration again.

    A configuration with a mistake is refused: it is told, and the old one stays in force.  Faxes in hand are finished
    first, and nothing is lost; `state`, `journal` and `node` need a restart.  Waits until the new one is in force.

    \b
    Examples:
      faxdaemon reload
      faxdaemon reload --config /etc/faxdaemon/config.yaml
    """
    from faxdaemon.config.load import state_in  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.config.paths import find  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.core.errors import UserError  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.web.client import ControlClient  # noqa: PLC0415 - keeps --help quick

    # The daemon judges the file: it has the secrets, which a command may not be allowed to read, and it tells its log.
    state = state_in(find(config)) or settings_of(config).state
    with ControlClient(state) as client:
        begun = client.reload()
    for told in begun["notes"]:
        note(told)
    deadline = time.monotonic() + RELOAD
    while time.monotonic() < deadline:
        found: dict[str, Any] = {}
        with suppress(UserError), ControlClient(state) as client:  # between the two nobody answers
            found = client.status()["configuration"]
        if found.get("trouble"):
            raise UserError(f"the old configuration stays in force: {found['trouble']}")
        if found.get("generation", 0) >= begun["generation"]:
            say("reloaded")
            return
        time.sleep(0.1)
    note("it waits until what is in hand is finished; `faxdaemon status` and the log tell when it is in force")


def migrate(config: Config = None) -> None:
    """Bring the journal up to this version.

    The daemon does that when it starts; here it is done, and seen, without starting it.  A SQLite journal is copied
    beside itself first.  While a daemon runs it is refused.

    \b
    Examples:
      faxdaemon migrate
      sudo -u faxdaemon faxdaemon migrate --config /etc/faxdaemon/config.yaml
    """
    with journal_of(settings_of(config), read_only=False) as journal:
        under_way = sum(journal.counts().values())
    say(f"the journal is of this version; {under_way} items under way")


def check(config: Config = None, as_json: Json = False) -> None:
    """Check configuration, folders and accounts.

    A line for each thing looked at; nothing is changed.  Exit status 1 when anything is in trouble.  Run it as the
    daemon's user, for it looks at the folders with the rights of whoever runs it.

    \b
    Examples:
      faxdaemon check
      sudo -u faxdaemon faxdaemon check --json
    """
    settings = settings_of(config)
    from faxdaemon import check as checking  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.cli.common import quiet  # noqa: PLC0415 - keeps --help quick

    quiet()
    findings = checking.check(settings)
    if as_json:
        print_json([{"topic": f.topic, "ok": f.ok, "text": f.text, "advice": f.advice} for f in findings])
    else:
        rows = [
            ("ok" if f.ok else "trouble", f.topic, f"{f.text}; {f.advice}" if f.advice else f.text) for f in findings
        ]
        table(("", "", ""), rows)
    if not all(f.ok for f in findings):
        raise typer.Exit(1)


def demo(
    directory: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="An empty or new folder to work in; a temporary one without it."),
    ] = None,
    seconds_per_page: Annotated[float, typer.Option(help="How long a page takes on the simulated line.")] = 0.4,
    provider: Annotated[str, typer.Option(metavar="NAME", help="The provider to simulate, e.g. opentext.")] = "faxage",
) -> None:
    """See it work, without an account.

    A simulated provider, a real daemon, real documents; everything is left for you to look at.

    \b
    Examples:
      faxdaemon demo
      faxdaemon demo --directory /tmp/fax-demo
      faxdaemon demo --provider concord
    """
    from faxdaemon.cli.demo import demo as show  # noqa: PLC0415 - keeps --help quick

    show(directory, seconds_per_page, provider)


def sandbox(
    port: Annotated[int, typer.Option(help="The port on this machine; 0 for any free one.", min=0, max=65535)] = 8470,
    directory: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where what was sent is kept; a temporary folder without it."),
    ] = None,
    seconds_per_page: Annotated[float, typer.Option(help="How long a page takes on the line.", min=0.0)] = 3.0,
) -> None:
    """Run simulated fax providers.

    They speak the real ones' protocols on one telephone network, and fax nothing to anybody.
    Point an account's `url` to it; the number's last digits choose how a call ends.

    \b
    Examples:
      faxdaemon sandbox
      faxdaemon sandbox --port 9000 --directory /tmp/sandbox --seconds-per-page 0.5
    """
    from faxdaemon.cli.common import quiet  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.core.errors import UserError  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.sandbox import serve  # noqa: PLC0415 - keeps --help quick

    quiet()
    try:
        serve(port=port, directory=directory, seconds_per_page=seconds_per_page, ready=_introduce)
    except OSError as error:
        advice = "choose another one with --port (0 takes any free one)"
        raise UserError(f"the sandbox cannot listen on port {port}: {error.strerror or error}; {advice}") from error
    note("the sandbox is closed")


def _told(ending: Ending) -> str:
    if ending.for_ever:
        return "stays in the queue for ever"
    if ending.pace > 1:
        return f"answers, but {ending.pace:.0f} times as slow"
    return f"{ending.text}, for the first fax to it only" if ending.first_only else ending.text


def _introduce(box: Sandbox) -> None:
    """What somebody needs to use it."""
    from faxdaemon.sandbox.numbering import ENDINGS  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.sandbox.settings import settings_of  # noqa: PLC0415 - keeps --help quick

    say(f"The sandbox listens on {box.url}; Ctrl-C ends it.")
    say("Accounts:")
    for account in box.accounts:
        settings = settings_of(account, box.url_of(account.provider))
        told = "   ".join(f"{key}: {value}" for key, value in settings.items())
        say(f"  {told}   lines: {', '.join(account.lines)}")
    say("Numbers that end in these digits go wrong; every other one answers:")
    for digits, ending in sorted(ENDINGS.items()):
        say(f"  {digits}  {_told(ending)}")
    say(f"What was sent: {box.url}/sandbox/ledger")
    line = box.accounts[0].lines[0]
    say(f"""Let a fax arrive: curl {box.url}/sandbox/receive -d '{{"to": "{line}", "pages": 2}}'""")
    sys.stdout.flush()
