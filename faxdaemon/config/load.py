"""From the file to settings, or to every mistake in it at once.

Promise   `load` gives settings that hold together, or raises one `ConfigError` with every problem found, in the
          order of the file, each as `config.yaml:41: outbound[2].account: what is wrong; what would be right`.
          Neither the settings' text form nor a problem shows a secret.
Needs     to read the file, and the secrets that it refers to.  Drop folders are not looked at.
Crash     keeps nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import phonenumbers
import yaml
from pydantic import ValidationError

from faxdaemon.config import checks, explain
from faxdaemon.config.secrets import References
from faxdaemon.config.source import Problem, Source, parse
from faxdaemon.config.types import Settings
from faxdaemon.core.errors import ConfigError
from faxdaemon.options import Reading


def load(path: Path, *, env: Mapping[str, str] | None = None) -> Settings:
    """Read and validate the configuration at `path`; `ConfigError` with everything that is wrong with it.

    `env` is used for `${env:...}` and `${credential:...}` instead of the process's environment.
    """
    references = References(path.absolute().parent, os.environ if env is None else env)
    source = parse(_read(path), references.resolve)
    settings = _validate(source)
    if source.problems or settings is None:
        ordered = sorted(source.problems, key=lambda problem: problem.line)
        raise ConfigError([problem.text(str(path)) for problem in ordered])
    settings._source = path
    settings._notes = tuple(note.text(str(path)) for note in source.notes)
    return settings


def state_in(path: Path) -> Path | None:
    """The state folder that the file names, mistakes elsewhere in it and secrets left alone; None when that cannot be
    told."""
    try:
        found = yaml.safe_load(_read(path))
    except (ConfigError, yaml.YAMLError):
        return None
    text = found.get("state") if isinstance(found, dict) else None
    return Path(text) if isinstance(text, str) and "${" not in text and Path(text).is_absolute() else None


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}:{line}: not UTF-8; save the file in that encoding"]) from None
    except FileNotFoundError:
        advice = "write one from config.example.yaml, or name another with FAXDAEMON_CONFIG"
        raise ConfigError([f"{path}: there is no such file; {advice}"]) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigError([f"{path}: cannot be read ({why}); let the service's user read it"]) from None


def _validate(source: Source) -> Settings | None:
    """The settings if nothing at all is wrong; problems are added to `source`."""
    if source.data is None:
        if not source.problems:
            source.problems.append(Problem(1, (), "the file is empty; begin with config.example.yaml"))
        return None
    if not isinstance(source.data, dict):
        source.problems.append(Problem(1, (), "this is no set of keys; begin with “state: /var/lib/faxdaemon”"))
        return None
    reading = Reading(_region(source.data))
    settings, errors = None, None
    try:
        settings = Settings.model_validate(source.data, context=reading)
    except ValidationError as error:
        errors = error
    explain.judge(source, errors, reading)
    checks.check(source, reading.region)
    return settings


def _region(data: dict[str, Any]) -> str:
    """The region to read numbers in; empty when it is wrong itself, so that no number is blamed for that."""
    region = data.get("region", Settings.model_fields["region"].default)
    return region if isinstance(region, str) and region in phonenumbers.SUPPORTED_REGIONS else ""
