"""Where the configuration is looked for when nobody says.

Promise   `find` names one file: the one given, or FAXDAEMON_CONFIG, or the first usual place where there is one;
          else it says where it looked.
Needs     the environment.
Crash     keeps nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from faxdaemon.core.errors import ConfigError

VARIABLE = "FAXDAEMON_CONFIG"
_TAIL = Path("faxdaemon", "config.yaml")


def candidates(*, env: Mapping[str, str] | None = None, platform: str = sys.platform) -> tuple[Path, ...]:
    """The places to look at, in order.  A place that FAXDAEMON_CONFIG names is the only one."""
    env = os.environ if env is None else env
    if env.get(VARIABLE):
        return (Path(env[VARIABLE]),)
    if platform == "win32":
        return (Path(env.get("PROGRAMDATA") or "C:/ProgramData") / _TAIL,)
    system = Path("/etc") / _TAIL
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return (system,)
    home = env.get("XDG_CONFIG_HOME") or (f"{env['HOME']}/.config" if env.get("HOME") else "")
    return (system, Path(home) / _TAIL) if home else (system,)


def find(given: Path | None = None, *, env: Mapping[str, str] | None = None) -> Path:
    """The configuration file to use: `given`, or the first of `candidates` that exists; `ConfigError` when none does.

    A file that was asked for by name is returned even if it does not exist: `load` then says so.
    """
    if given is not None:
        return given
    env = os.environ if env is None else env
    places = candidates(env=env)
    if env.get(VARIABLE):
        return places[0]
    for place in places:
        if place.exists():
            return place
    looked = " or ".join(map(str, places))
    raise ConfigError([f"no configuration at {looked}; write one from config.example.yaml, or set {VARIABLE}"])
