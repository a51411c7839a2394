"""Our own answer in the forms that a folder may ask for besides its dialects' answers: JSON, CSV and XML.

Promise   all three say the same (`docs/answers.md`), and the same facts give the same bytes, whenever they are written.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from faxdaemon.contracts.format import AnswerFile, ReportFacts
from faxdaemon.core.markup import element
from faxdaemon.core.text import cell
from faxdaemon.formats._result import SCHEMA, result, told

_INSIDE = {"documents": "document", "recipients": "recipient"}


def table(facts: ReportFacts) -> AnswerFile:
    """`<stem>.result.csv`: a row for each recipient."""
    whole = told(facts)
    recipients = whole["recipients"]
    columns = [key for key in recipients[0] if key != "fields"] if recipients else []
    fields = list(dict.fromkeys(name for each in recipients for name in each["fields"]))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["id", "drop", "received_at", *columns, *(f"field.{name}" for name in fields)])
    for each in recipients:
        own = [each["fields"].get(name) for name in fields]
        row = [whole["id"], whole["name"], whole["received_at"], *(each[key] for key in columns), *own]
        writer.writerow([cell(value) if isinstance(value, str) else value for value in row])
    return AnswerFile(".result.csv", out.getvalue().encode("utf-8", "backslashreplace"))


def xml(facts: ReportFacts) -> AnswerFile:
    """`<stem>.result.xml`: every key an element."""
    whole = told(facts)
    del whole["schema"]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<result schema="{SCHEMA}">',
        *_elements(whole),
        "</result>",
        "",
    ]
    return AnswerFile(".result.xml", "\n".join(lines).encode("utf-8", "replace"))


ANSWERS: Mapping[str, Callable[[ReportFacts], AnswerFile]] = MappingProxyType(
    {"json": result, "csv": table, "xml": xml}
)
"""By the words of the configuration."""


def _elements(values: Mapping[str, Any], depth: int = 1) -> list[str]:
    blanks = "  " * depth
    lines: list[str] = []
    for key, value in values.items():
        if key == "fields":
            inside = [f"{blanks}  {element('field', text, name=name)}" for name, text in value.items()]
        elif isinstance(value, list):
            one = _INSIDE[key]
            inside = [
                line
                for each in value
                for line in (f"{blanks}  <{one}>", *_elements(each, depth + 2), f"{blanks}  </{one}>")
            ]
        else:
            lines.append(blanks + element(key, None if value is None else str(value)))
            continue
        lines += [f"{blanks}<{key}>", *inside, f"{blanks}</{key}>"]
    return lines
