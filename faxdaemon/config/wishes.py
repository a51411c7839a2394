"""`options:` of a drop folder: the vocabulary of `core.wishes`, as a part of the file.

Promise   what stands there is read as route reads a fax's own wishes; every mistake is told at its own line.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from faxdaemon.core.wishes import VOCABULARY, BadWish, parse


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


Wishes = Annotated[
    dict[str, Any],
    AfterValidator(_read),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: wish.schema() for name, wish in VOCABULARY.items()},
        }
    ),
]
"""What a folder asks for with every fax."""
