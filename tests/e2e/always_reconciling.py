"""A daemon for which every moment is the hour of reconciliation, and nothing is too young to be judged.

always_reconciling.py --config FILE
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from itertools import cycle
from pathlib import Path

from faxdaemon import reconcile
from faxdaemon.config.load import load
from faxdaemon.journal.auditing import Auditing
from faxdaemon.logs import configure
from faxdaemon.service import Service


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    settings = load(parser.parse_args().config)
    configure("info", "text", sys.stderr)
    turns = cycle([0.0, 0.05])
    Auditing.take_daily = lambda _self, _name, _next_in: next(turns)  # type: ignore[method-assign] # the test's subject
    reconcile.GRACE = timedelta(0)
    return Service(settings).run()


if __name__ == "__main__":
    sys.exit(main())
