"""The ways to tell: mail, a web-hook, a program.  (The log is always told, by `faxdaemon.alerts` itself.)

Promise   each raises `FaxdaemonError` unless the other side said that it has the message; each has its time limit.
Needs     the mail server, the address, the program.
Crash     keeps nothing.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from faxdaemon.alerts.options import Alerting, ToldByCommand, ToldByHook, ToldByMail
from faxdaemon.alerts.telling import Channel, Message
from faxdaemon.contracts.clock import Clock
from faxdaemon.core.errors import FilesError, UserError
from faxdaemon.http import Http
from faxdaemon.mailing import Letter, Mailer, compose
from faxdaemon.options import digest, written
from faxdaemon.program import run


class ByMail:
    """To people."""

    title = "mail"

    def __init__(self, options: ToldByMail, mailer: Mailer) -> None:
        self._options = options
        self._mailer = mailer
        self.name = f"mail-{digest({'to': sorted(options.to)})[:12]}"

    def wants(self, key: str) -> bool:
        """As configured."""
        return self._options.wants(key)

    def tell(self, message: Message) -> None:
        """One letter; it is told when one recipient has it."""
        to = self._options.to
        letter = Letter(to, message.subject, message.text, message.id, message.at)
        posted = self._mailer.send(compose(self._mailer.server.from_, letter), to)
        answers = {**posted.refused, **posted.later}
        if len(answers) == len(to):
            raise FilesError("; ".join(f"{address}: {words}" for address, words in answers.items()))


class ByHook:
    """To another program, elsewhere."""

    def __init__(self, options: ToldByHook, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        host = options.url.partition("://")[2].partition("/")[0]
        self.title = f"the web-hook at {host}"
        self.name = f"webhook-{digest({'url': options.url})[:12]}"

    def wants(self, key: str) -> bool:
        """As configured."""
        return self._options.wants(key)

    def tell(self, message: Message) -> None:
        """One request; 2xx is a yes."""
        headers = {"content-type": "application/json"}
        if self._options.token is not None:
            headers["authorization"] = f"Bearer {self._options.token.get_secret_value()}"
        content = json.dumps(message.facts).encode("utf-8")
        with closing(Http(timeout=self._options.timeout, clock=self._clock, max_connections=1)) as http:
            reply = http.send("POST", self._options.url, headers=headers, content=content)
        if not 200 <= reply.status < 300:
            raise FilesError(f"it answered {reply.status}")


class ByCommand:
    """To another program, here."""

    def __init__(self, options: ToldByCommand) -> None:
        self._options = options
        self.title = f"the program {Path(options.argv[0]).name}"
        self.name = f"command-{digest({'argv': options.argv})[:12]}"

    def wants(self, key: str) -> bool:
        """As configured."""
        return self._options.wants(key)

    def tell(self, message: Message) -> None:
        """One run; exit status 0 is a yes."""
        own = {
            "FAXDAEMON_SUBJECT": message.subject,
            "FAXDAEMON_TEXT": message.text,
            "FAXDAEMON_JSON": json.dumps(message.facts),
        }
        try:
            ended = run(self._options.argv, Path.cwd(), own, self._options.timeout)
        except OSError as error:
            raise FilesError(f"it cannot be started: {error.strerror or type(error).__name__}") from error
        if ended.status is None:
            raise FilesError(f"it did not end within {written(self._options.timeout)}")
        if ended.status:
            raise FilesError(f"exit status {ended.status}")


def open_channels(options: Alerting, mailer: Mailer | None, clock: Clock) -> list[Channel]:
    """All that are configured.  `UserError` for mail without a server."""
    if options.mail and mailer is None:
        raise UserError("alerts.mail: there is no mail server; set mail: {host: ..., from: ...} at the top level")
    mails: list[Channel] = [ByMail(one, mailer) for one in options.mail if mailer is not None]
    return [
        *mails,
        *(ByHook(one, clock) for one in options.webhook),
        *(ByCommand(one) for one in options.command),
    ]
