"""init: the first configuration, from a few questions.

Promise   nothing that exists is overwritten or changed; what could not be finished is taken away again.  A secret has a
          file of its own, for the service alone, and never stands on a command line.  What is written loads.
Needs     to write where the configuration shall be; for a service's user of its own, root.
Crash     may leave a secret file or folders; run it again after removing the file that it names.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from faxdaemon.cli.common import note, say
from faxdaemon.core.errors import ConfigError, UserError

SERVICE = "faxdaemon"
TEXT = """\
# faxdaemon's configuration, written by `faxdaemon init`.  Every key: docs/configuration.md, or man faxdaemon.yaml
# After a change:   faxdaemon config check && faxdaemon reload

state: {state}        # our copies of all documents, and the journal; on a local disk
region: {region}                       # numbers without a "+" are read as people write them here

accounts:
  main:                          # a name of your choice
{account}

outbound:
  # 3035550199_Dr-Smith_4711.pdf, dropped here, is faxed to 303 555 0199; see docs/formats.md for other ways to ask.
  - folder: {out}
    accounts: [main]
    filename: "{{number}}[_{{name}}][_{{reference}}]"
    # formats: [filename, request]    # control files beside documents
    # keep: [transmittal]             # put the provider's own page about each fax beside the answer

inbound:
  - account: main
    lines:
      # "+1 303 555 0100":            # a number of your own, with a folder of its own
      #   folder: {{path: {inbox_of_a_desk}, as: pdf}}
      other:                     # whatever number was called
        folder: {{path: {inbox}, as: pdf}}

# safety: {{deny: ["+1900*"], lookalike: 24h}}    # docs/safety.md
"""


@dataclass
class Plan:
    """What is to be written."""

    config: Path
    state: Path
    out: Path
    inbox: Path
    account: dict[str, str] = field(default_factory=dict)
    """The account's keys as they stand in the file."""
    secrets: dict[Path, str] = field(default_factory=dict)
    made: list[Path] = field(default_factory=list)
    """Files made, to be taken away if this cannot be finished."""


def init(  # noqa: PLR0917 - typer calls it by keyword
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="The file to write; else the usual place.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option(metavar="NAME", help="The fax service; `sandbox` to try it out.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the account; may be repeated.")
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option("--secret", metavar="KEY=FILE", help="A secret of the account, in a file that exists."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The drop folder.")] = Path("/srv/fax/out"),
    inbox: Annotated[Path, typer.Option("--in", metavar="FOLDER", help="Where received faxes go.")] = Path(
        "/srv/fax/in"
    ),
    state: Annotated[Path, typer.Option(metavar="FOLDER", help="The daemon's own folder.")] = Path(
        "/var/lib/faxdaemon"
    ),
    region: Annotated[str, typer.Option(metavar="XX", help="The country whose way of writing numbers is read.")] = "US",
) -> None:
    """Write a first configuration, and make its folders.

    Asks what it is not told.  Nothing that exists is overwritten; folders get safe modes, secrets files of their own.

    \b
    Examples:
      faxdaemon init
      faxdaemon init --provider sandbox
      faxdaemon init --provider faxage --set username=clinic --set company=12345 --secret password=/root/faxage.password
    """
    from faxdaemon.config.paths import candidates  # noqa: PLC0415 - keeps --help quick

    plan = Plan((config or candidates()[0]).absolute(), state.absolute(), out.absolute(), inbox.absolute())
    if plan.config.exists():
        raise UserError(f"{plan.config} exists; it is left as it is. Name another with --config, or move it away")
    _ask(plan, provider, _pairs("--set", set_), _pairs("--secret", secret))
    try:
        _write(plan, region)
    except BaseException:
        for path in reversed(plan.made):
            path.unlink(missing_ok=True)
        raise
    say(f"written: {plan.config}")
    say(f"drop folder: {plan.out}   received faxes: {plan.inbox}   state: {plan.state}")
    note("next: faxdaemon doctor")


def _pairs(flag: str, given: list[str] | None) -> dict[str, str]:
    found = {}
    for one in given or []:
        key, sign, value = one.partition("=")
        if not sign or not key:
            raise UserError(f"{flag} {one}: write KEY=VALUE")
        found[key] = value
    return found


def _ask(plan: Plan, provider: str | None, told: Mapping[str, str], files: Mapping[str, str]) -> None:
    """Fill in the account."""
    from pydantic import SecretStr  # noqa: PLC0415 - keeps --help quick

    from faxdaemon import plugins  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.config.kinds import PROVIDERS, options  # noqa: PLC0415 - keeps --help quick

    known = plugins.names(PROVIDERS)
    name = provider or _question(f"Fax service ({', '.join(known)}, or sandbox to try it out)", "--provider")
    played = name == "sandbox"
    if played:
        name, told = "faxage", {**_played(), **told}
    if name not in known:
        raise UserError(f"there is no provider {name}; choose one of: {', '.join(known)}, sandbox")
    plan.account = {"provider": name}
    fields = options(PROVIDERS, name).model_fields
    wanted = [key for key, one in fields.items() if one.is_required() and key != "provider"]
    for key in [*wanted, *(key for key in (*told, *files) if key not in wanted)]:
        if key in files:
            plan.account[key] = f"${{file:{Path(files[key]).absolute()}}}"
        elif key in fields and fields[key].annotation in {SecretStr, SecretStr | None}:
            if key in told and not played:  # the command line is for everybody to read (ps)
                raise UserError(f"{key} is a secret and does not belong on a command line; use --secret {key}=FILE")
            value = told.get(key) or _question(f"{key} (not shown)", f"--secret {key}=FILE", hide=True)
            plan.secrets[_secret(plan, key)] = value
            plan.account[key] = f"${{file:{_secret(plan, key)}}}"
        else:
            plan.account[key] = told.get(key) or _question(key, f"--set {key}=VALUE")


def _secret(plan: Plan, key: str) -> Path:
    return plan.config.parent / f"main.{key}"


def _played() -> dict[str, str]:
    """An account that `faxdaemon sandbox` knows."""
    from faxdaemon.sandbox import DEFAULT_ACCOUNTS  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.sandbox.settings import settings_of  # noqa: PLC0415 - keeps --help quick

    account = next(one for one in DEFAULT_ACCOUNTS if one.provider == "faxage")
    told = settings_of(account, "http://127.0.0.1:8470/faxage")
    return {key: value for key, value in told.items() if key != "provider"}


def _question(words: str, flag: str, *, hide: bool = False) -> str:
    if not _somebody():
        raise UserError(f"nobody is there to be asked for the {words.partition(' (')[0]}; tell it with {flag}")
    return str(typer.prompt(words, hide_input=hide))


def _somebody() -> bool:
    return sys.stdin.isatty()


# -- writing


def _write(plan: Plan, region: str) -> None:
    from faxdaemon.config.load import load  # noqa: PLC0415 - keeps --help quick

    group = _service_group()
    _folder(plan.config.parent, 0o750, None, group)
    for path, text in plan.secrets.items():
        _file(plan, path, f"{text}\n", 0o640 if group is not None else 0o600, group)
    account = "\n".join(f"    {key}: {json.dumps(value)}" for key, value in plan.account.items())
    places = {"state": plan.state, "out": plan.out, "inbox": plan.inbox, "inbox_of_a_desk": plan.inbox / "front-desk"}
    quoted = {key: json.dumps(str(value)) for key, value in places.items()}
    _file(plan, plan.config, TEXT.format(account=account, region=region, **quoted), 0o640, group)
    try:
        load(plan.config)
    except ConfigError as error:
        raise UserError(f"what was told makes no configuration, so none was written:\n{error}") from error
    owner = _service_user()
    for folder, mode in ((plan.state, 0o750), (plan.out, 0o2770), (plan.inbox, 0o2750)):
        _folder(folder, mode, owner, group)


def _file(plan: Plan, path: Path, text: str, mode: int, group: int | None) -> None:
    """A new file, which nobody else can read at any moment."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UserError(f"{path} exists; it is left as it is. Move it away, and run this again") from None
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}); run this as root, or name --config") from error
    plan.made.append(path)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - the descriptor carries the mode
        file.write(text)
        if sys.platform != "win32":
            if group is not None:
                os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)


def _folder(path: Path, mode: int, owner: int | None, group: int | None) -> None:
    """A folder; one that exists is left as it is."""
    if path.is_dir():
        return
    try:
        path.mkdir(parents=True)
        if sys.platform != "win32":
            if owner is not None or group is not None:
                os.chown(path, -1 if owner is None else owner, -1 if group is None else group)
            path.chmod(mode)
    except OSError as error:
        raise UserError(f"{path} cannot be made ({error.strerror}); run this as root, or choose another") from error


def _service_user() -> int | None:
    """The service's user where we may give it things."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        return pwd.getpwnam(SERVICE).pw_uid
    except KeyError:
        return None


def _service_group() -> int | None:
    if _service_user() is None:
        return None
    import grp  # noqa: PLC0415 - not on Windows

    try:
        return grp.getgrnam(SERVICE).gr_gid
    except KeyError:
        return None
