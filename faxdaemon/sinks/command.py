"""A program of the site's own as destination: it gets the document and the sidecar, and its exit status decides.

Promise   never a shell, and no field of a fax can be taken for an option.  The program is ended, with everything that
          it has started, when its time is over.  What it prints is a patient's, perhaps: only how much is logged.
Needs     the program.
Crash     before the plan is recorded: staged anew.  After it: the program runs (again) while what is staged is there;
          what is not was taken.  So after a crash it may get the same fax a second time: always with the same
          `FAXDAEMON_DELIVERY`, by which it can tell.

    exit status 0     it has the fax
    75                not now (EX_TEMPFAIL of sysexits.h): this fax, and those behind it, wait
    one of `give_up`  never: the fax is held for a person
    any other, or its time was over   this fax is tried again, more and more rarely (see `otherwise`)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, Literal

import structlog
from pydantic import Field, field_validator

from faxdaemon.contracts.files import Written
from faxdaemon.contracts.sink import SinkTools
from faxdaemon.core.errors import FilesError, SinkOffline, Undeliverable
from faxdaemon.core.ids import delivery_id
from faxdaemon.core.model import InboundFax
from faxdaemon.options import Destination, Duration, written
from faxdaemon.program import Ended, run
from faxdaemon.sinks._given import Values, check_text, given, handed, kept, sidecar_of, text_of, tidy, values_of

log = structlog.get_logger()

NOT_NOW = 75
"""EX_TEMPFAIL."""
_FILES = frozenset({"document", "sidecar", "delivery"})
_SHELLS = (".bat", ".cmd")


class Options(Destination):
    """A program that takes received faxes."""

    argv: list[str] = Field(min_length=1, max_length=100)
    """The program and its arguments, one by one; no shell looks at them.  In the arguments `{document}` and `{sidecar}`
    are the paths of the two files, `{delivery}` names this delivery in each repeat of it, and the fields are those of
    a folder's `name`.  All of them are in its environment, too: `FAXDAEMON_DOCUMENT`, `FAXDAEMON_FROM`, ..."""
    as_: Literal["pdf", "received"] = Field(default="pdf", alias="as")
    """The document as PDF (made of a TIFF without loss), or as the provider gave it."""
    timeout: Duration = Field(default=60.0, ge=1, le=600)
    """How long it may run; then it is ended, with everything that it has started, and tried again later."""
    give_up: list[int] = Field(default_factory=list)
    """The exit statuses that mean: never.  The fax is held for a person."""
    otherwise: Literal["again", "give_up"] = "again"
    """What every other exit status means, but for 0 (done) and 75 (not now)."""

    @field_validator("argv")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        program, *arguments = value
        if not program.strip() or "{" in program or program.lower().endswith(_SHELLS):
            raise ValueError("its first part is the program itself: no field, and no batch file, which a shell reads")
        problems = [problem for one in arguments if one.strip() for problem in check_text(one, _FILES)]
        if problems or any("\0" in one for one in value):
            raise ValueError("; ".join(problems) or "has a null character in it")
        return value


def open_sink(key: str, options: Options, tools: SinkTools) -> CommandSink:
    """The sink that the configuration describes, known to the journal as `key`."""
    return CommandSink(key, options, tools)


class CommandSink:
    """See the module; `Sink` for one program, used by one thread."""

    def __init__(self, key: str, options: Options, tools: SinkTools) -> None:
        self._key = key
        self._options = options
        self._tools = tools
        self._title = PurePath(options.argv[0]).name

    @property
    def key(self) -> str:
        """The sink's identity in the journal."""
        return self._key

    # -- staging (I5)

    def stage(self, fax: InboundFax, document: Path) -> dict[str, Any]:
        """Write document and sidecar where the program finds them."""
        work, files = self._tools.work, self._tools.files
        files.make_dirs([work])
        made = handed(self._tools, fax, document, self._options.as_)
        own, beside = work / f"{fax.fax_id}{made.suffix}", work / f"{fax.fax_id}.json"
        size: Written = files.write_new(own, [made.content])
        files.write_new(beside, [sidecar_of(self._tools, fax, made, own.name, size)])
        files.sync([work])
        values = {**values_of(self._tools, fax), "document": str(own), "sidecar": str(beside)}
        values["delivery"] = delivery_id(fax.fax_id, self._key)
        return {"id": fax.fax_id, "files": [str(own), str(beside)], "values": kept(values)}

    # -- publishing (I7)

    def publish(self, plan: Mapping[str, Any]) -> None:
        """Let the program have it."""
        files = [Path(one) for one in plan["files"]]
        if self._tools.files.stat(files[0]) is None:  # taken: a process died while it tidied up, or before it recorded
            tidy(self._tools, files)
            return
        argv, own = self._call(plan["id"], given(plan["values"]))
        try:
            ended = run(argv, self._tools.work, own, self._options.timeout)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise SinkOffline(f"the program {self._options.argv[0]} cannot be started: {why}") from error
        log.info("command ended", fax=plan["id"], sink=self._key, status=ended.status, printed=ended.printed)
        self._judge(ended)
        tidy(self._tools, files)

    def _call(self, fax_id: str, values: Values) -> tuple[list[str], dict[str, str]]:
        """How it is called as it is configured now, and what is in its environment."""
        safe = {name: _harmless(one) if isinstance(one, str) else one for name, one in values.items()}
        program, *arguments = self._options.argv
        own = {f"FAXDAEMON_{name.upper()}": text_of(f"{{{name}}}", values) for name, one in values.items() if one}
        own |= {"FAXDAEMON_FAX": fax_id, "FAXDAEMON_SINK": self._key}
        return [program, *(text_of(one, safe) for one in arguments)], own

    def _judge(self, ended: Ended) -> None:
        status = ended.status
        if status == 0:
            return
        if status is None:
            raise FilesError(f"{self._title} did not end within {written(self._options.timeout)} and was stopped")
        if status == NOT_NOW:
            raise SinkOffline(f"{self._title} takes nothing now (exit status {status})")
        if status in self._options.give_up or self._options.otherwise == "give_up":
            raise Undeliverable(f"{self._title} does not take it (exit status {status})")
        how = f"was ended by signal {-status}" if status < 0 else f"failed (exit status {status})"
        raise FilesError(f"{self._title} {how}")


def _harmless(text: str) -> str:
    """What a caller's station wrote does not begin with a dash."""
    return f"_{text[1:]}" if text.startswith("-") else text
