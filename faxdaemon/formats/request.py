"""Our own control file, in JSON or YAML: `invoice.pdf` and `invoice.json`.

Promise   a file that keeps to the schema (`faxdaemon config schema --request`) is followed; in any other, every mistake
          is told at once, each with its place.  Numbers are text: YAML would read 0123 as 83.
Needs     YAML 1.1, of which JSON is a part for our purposes; nothing in it can name a Python object.
Crash     keeps nothing.

    to: "+13035550123"
    name: Dr. Lee
    reference: "4711"
    resolution: fine

Several recipients stand in a list under `to`, each as a number or with keys of its own.  Every word of the vocabulary
of wishes (docs/wishes.md) may be used, for all recipients or for one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from faxdaemon.contracts.format import BadRequest, FolderAsks, Looks, NotMine, Order, Papers
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._about import About
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._text import Undecided, decode
from faxdaemon.formats._write import only, plain

RECIPIENTS = 10_000
DEEP = 20
"""Nesting of a file that anybody means."""

Wishes = dict[str, str | int | bool]

ABOUT = About(
    title="Our own request file, JSON or YAML",
    says="A file beside the document, with its name and `.json`, `.yaml` or `.yml`; or one that lists its documents.",
    files={
        "invoice.pdf": "",
        "invoice.json": '{"to": "+13035550123", "name": "Dr. Lee", "reference": "4711", "resolution": "fine"}\n',
    },
    numbers=("+13035550123",),
    carries=("name", "reference", "documents", "account", "several recipients", "fields", *VOCABULARY),
    answers="`<stem>.result.json` beside the document.",
    source="faxdaemon's own; `faxdaemon config schema --request` prints its JSON Schema",
)


def open_format(folder: FolderAsks) -> RequestFile:
    """The dialect as one drop folder speaks it."""
    return RequestFile(folder)


def _split(data: Any) -> Any:
    """The words of the vocabulary apart from the keys that are ours."""
    if not isinstance(data, dict):
        return data
    wishes = {key: value for key, value in data.items() if key in VOCABULARY}
    rest = {key: value for key, value in data.items() if key not in VOCABULARY}
    return {**rest, "options": wishes} if wishes else rest


def _written(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(  # noqa: TRY004 - what pydantic shows as a mistake of the file
            "is a number to YAML, which may have changed it; write it in quotes"
        )
    return value


Written = Annotated[str, BeforeValidator(_written), Field(max_length=255)]


class Asks(BaseModel):
    """What may be said of one recipient, or of all."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: Written | None = None
    """The recipient's name."""
    reference: Written | None = None
    """The asker's own reference; it comes back in the answer."""
    fields: dict[Written, Written] = Field(default_factory=dict, max_length=100)
    """Free; they come back in the answer."""
    options: Wishes = Field(default_factory=dict)
    """Words of the vocabulary; in the file they stand beside the other keys."""

    @model_validator(mode="before")
    @classmethod
    def _vocabulary(cls, data: Any) -> Any:
        return _split(data)


class Recipient(Asks):
    """One recipient."""

    number: Written
    """The fax number."""


def _listed(value: Any) -> Any:
    """One recipient as a list of one, and a bare number as a recipient."""
    several = value if isinstance(value, list) else [value]
    return [each if isinstance(each, dict) else {"number": each} for each in several]


class Asked(Asks):
    """The whole file."""

    to: Annotated[
        list[Recipient],
        BeforeValidator(_listed),
        Field(min_length=1, max_length=RECIPIENTS),
    ]
    """The fax number; or several, each a number or a recipient with keys of its own."""
    documents: Annotated[list[Written], Field(min_length=1, max_length=1000)] | None = None
    """The documents, in order; without it, the one that has this file's name."""
    account: Written | None = None
    """One of the folder's accounts."""


def json_schema() -> dict[str, Any]:
    """The schema of the whole file (draft 2020-12), with the vocabulary where it stands in the file."""
    whole = Asked.model_json_schema()
    for node in (whole, whole["$defs"]["Recipient"]):
        properties = node["properties"]
        del properties["options"]
        for name, field in properties.items():
            properties[name] = {key: value for key, value in field.items() if key != "title"}
        properties |= {name: wish.schema() for name, wish in VOCABULARY.items()}
    to = whole["properties"]["to"]
    one = {"anyOf": [{"type": "string", "maxLength": 255}, to["items"]]}
    several = {key: to.pop(key) for key in ("type", "items", "minItems", "maxItems")}
    to["anyOf"] = [*one["anyOf"], {**several, "items": one}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "title": "faxdaemon request"}


class RequestFile(Dialect):
    """See the module."""

    looks_at = Looks.CONTROL
    endings = (".json", ".yaml", ".yml")

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """One order, for one or more recipients."""
        if papers.control is None:
            return NotMine()
        try:
            text = decode(papers.control, self.folder.encoding)
            asked = Asked.model_validate(_loaded(text.text))
        except Undecided as error:
            return BadRequest(str(error), hold=True)
        except ValidationError as error:
            return BadRequest("; ".join(_told(each) for each in error.errors()[:10]))
        except _Unreadable as error:
            return BadRequest(str(error))
        documents = None if asked.documents is None else tuple(asked.documents)
        requests = tuple(_request(asked, each) for each in asked.to)
        return [Order(requests, documents, encoding=text.encoding)]

    def compose(self, orders: Sequence[Order]) -> str:
        """As JSON."""
        order = only(orders)
        told = [_said(request) for request in order.requests]
        whole: dict[str, Any] = {"to": told} if len(told) > 1 else {"to": told[0].pop("number"), **told[0]}
        if order.documents:
            whole["documents"] = list(order.documents)
        if order.requests[0].account:
            whole["account"] = order.requests[0].account
        return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _said(request: Request) -> dict[str, Any]:
    options = {
        word: value if isinstance(value, bool | int) else plain(value) for word, value in request.options.items()
    }
    told: dict[str, Any] = {"number": request.number, "name": request.name, "reference": request.reference, **options}
    told["fields"] = dict(request.fields) or None
    return {key: value for key, value in told.items() if value is not None}


class _Unreadable(Exception):
    """Neither JSON nor YAML that we read; the reason is for people."""


def _loaded(text: str) -> Any:
    """JSON where it is that, which is quick and has no surprises; else YAML, without aliases, for they can explode."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    except RecursionError:
        raise _Unreadable("it is nested too deeply") from None
    try:
        depth = 0
        for event in yaml.parse(text, yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise _Unreadable(f"line {_line(event.start_mark)}: aliases (*) are not accepted")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEP:
                raise _Unreadable(f"line {_line(event.start_mark)}: it is nested too deeply")
        return yaml.load(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _Unreadable(f"line {_line(error.problem_mark)}: it is neither JSON nor YAML ({error.problem})") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _Unreadable("it is neither JSON nor YAML") from error


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1


def _told(error: Any) -> str:
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"])
    known = "is not known here" if error["type"] == "extra_forbidden" else None
    missing = "is missing" if error["type"] == "missing" else None
    wrong = "must be keys with values" if error["type"] == "model_type" else None
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"{place or 'the file'}: {known or missing or wrong or message[:1].lower() + message[1:]}"


def _request(asked: Asked, own: Recipient) -> Request:
    return Request(
        own.number,
        own.name or asked.name,
        own.reference or asked.reference,
        {**asked.fields, **own.fields},
        {**asked.options, **own.options},
        asked.account,
    )
