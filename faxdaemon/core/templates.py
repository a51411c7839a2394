"""Making file names: `{received:%Y-%m-%d_%H%M}_from_{from}_{pages}p`.

A field in braces is replaced by its value, after a colon in the given format (times: strftime; whole numbers: a width
such as `03`); `{{` and `}}` are the braces themselves.

Promise   `check_template` finds every mistake beforehand; `expand` never fails on a template that passed.  The result
          is text, not yet a safe name: see `faxdaemon.core.naming.safe_name`.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

MISSING = "unknown"
"""What stands for a value that nobody knows."""
PLAIN_TIME = "%Y-%m-%d_%H%M%S"
"""The form of a time without a format."""

_PART = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<form>[^{}]*))?\}")
_DIRECTIVES = "aAbBdHIjmMpSUVuGwWyYzZ%"
"""The strftime directives that every platform knows."""
_WIDTH = re.compile(r"0?[1-9]")


@dataclass(frozen=True, slots=True)
class At:
    """A time that has a form of its own where the template gives none."""

    moment: datetime
    plain: str


Value = str | int | datetime | At | None
"""What a field may stand for."""


def expand(template: str, values: Mapping[str, Value]) -> str:
    """Fill the template in; a value that is missing, None or empty becomes `unknown`."""

    def replaced(part: re.Match[str]) -> str:
        name = part["name"]
        return part[0][0] if name is None else _shown(values.get(name), part["form"])

    return _PART.sub(replaced, template)


def _shown(value: Value, form: str | None) -> str:
    if value is None or value == "":
        return MISSING
    if isinstance(value, At):
        if not form or "%" not in form:
            return value.plain
        value = value.moment
    if isinstance(value, datetime):
        return value.strftime(form if form and "%" in form else PLAIN_TIME)
    if isinstance(value, int) and form and _WIDTH.fullmatch(form):
        return format(value, f"{form}d")
    return str(value)


def check_template(template: str, known_fields: Collection[str], *, folders: bool = False) -> list[str]:
    """What is wrong with the template, one sentence each; empty when nothing is.  With `folders` it may have `/`."""
    problems: list[str] = []
    if not template.strip():
        problems.append("the name is empty")
    elif folders and not all(part.strip(". ") for part in template.split("/")):
        problems.append("a folder in the name is empty, “.” or “..”; write {received:%Y}/{from} and the like")
    for match in _PART.finditer(template):
        name, form = match["name"], match["form"]
        if name is None:
            continue
        if name not in known_fields:
            near = difflib.get_close_matches(name, known_fields, 1)
            hint = f"did you mean {{{near[0]}}}?" if near else f"there are: {', '.join(sorted(known_fields))}"
            problems.append(f"the field {{{name}}} at character {match.start() + 1} is not known; {hint}")
        if form is not None and (reason := _bad_form(form)):
            problems.append(f"the format of {{{name}}} at character {match.start() + 1}: {reason}")
    # What is no field must be free of braces and of what separates folders.
    rest = _PART.sub(lambda match: "\0" * len(match[0]), template)
    for index, char in enumerate(rest):
        if char in "{}":
            problems.append(
                f"“{char}” at character {index + 1} has no partner; write {char}{char} for the brace itself"
            )
        elif char == "\\" or (char == "/" and not folders):
            advice = "write “/” between folders" if folders else "a name cannot lead into another folder"
            problems.append(f"“{char}” at character {index + 1}: {advice}")
    return problems


def _bad_form(form: str) -> str | None:
    if "%" not in form:
        return None if _WIDTH.fullmatch(form) else "write %Y-%m-%d and the like for a time, or 03 for a width"
    if "/" in form or "\\" in form:
        return "a name cannot lead into another folder"
    directives = re.findall(r"%(.?)", form, re.DOTALL)
    odd = next((each for each in directives if not each or each not in _DIRECTIVES), None)
    return None if odd is None else f"%{odd} is not known; use %Y %m %d %H %M %S and the like"
