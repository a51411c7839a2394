"""`options:` of a drop folder: the vocabulary of `core.wishes`, as a part of the file.

Promise   what stands there is read as route reads a fax's own wishes; every mistake is told at its own line.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from faxdaemon.core.wishes import VOCABULARY, BadWish, Kind, Wish, parse

_FORMS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.NUMBER: {"type": "integer", "minimum": 0},
    Kind.FLAG: {"type": "boolean"},
    Kind.ADDRESS: {"type": "string", "format": "email"},
}


def _read(value: dict[str, Any]) -> dict[str, Any]:
    """All of them, normalised."""
    good: dict[str, Any] = {}
    wrong: list[InitErrorDetails] = []
    for name, asked in value.items():
        try:
            good |= parse({name: asked})
        except BadWish as error:
            kind = PydanticCustomError("part", "{words}", {"words": error.words})
            wrong.append(InitErrorDetails(type=kind, loc=(name,), input=asked))
    if wrong:
        raise ValidationError.from_exception_data("options", wrong)
    return good


def _form(wish: Wish) -> dict[str, Any]:
    """As JSON Schema."""
    form: dict[str, Any] = {"description": wish.meaning, **_FORMS.get(wish.kind, {"type": "string"})}
    if wish.choices:
        form["enum"] = list(wish.choices)
    form["maximum" if wish.kind is Kind.NUMBER else "maxLength"] = wish.most
    return form


Wishes = Annotated[
    dict[str, Any],
    AfterValidator(_read),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: _form(wish) for name, wish in VOCABULARY.items()},
        }
    ),
]
"""What a folder asks for with every fax."""
