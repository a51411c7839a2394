"""A sink for the tests of the configuration."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from faxdaemon.options import Destination


class Options(Destination):
    """A place for papers."""

    path: Path
    """Where."""
    as_: Literal["received", "pdf"] = Field(default="pdf", alias="as")
    """In which form."""
