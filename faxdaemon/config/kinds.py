"""The kinds of parts that a configuration may name, and the options of each.

Promise   only the parts that the file names are imported.
Needs     each provider's and sink's own `Options`, found by its place.
Crash     keeps nothing.
"""

from __future__ import annotations

from faxdaemon import plugins
from faxdaemon.core.errors import UserError
from faxdaemon.options import Section

PROVIDERS = "faxdaemon.providers"
FORMATS = "faxdaemon.formats"
SINKS = "faxdaemon.sinks"


def options(package: str, name: str) -> type[Section]:
    """The `Options` of one provider or sink; imports that module only.  `UserError` when it cannot be had."""
    try:
        module = plugins.load(package, name)
    except ImportError as error:
        raise UserError(
            f"{name} needs the Python package {error.name}, which is not installed; install it beside faxdaemon"
        ) from error
    found: type[Section] = module.Options
    return found
