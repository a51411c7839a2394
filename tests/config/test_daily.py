"""`reconcile` and `retention` in the configuration."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from pydantic import ValidationError

from faxdaemon.config.daily import LineRetention, Reconcile, Retention, SiteRetention, kept


@pytest.mark.parametrize(
    ("written", "meant"),
    [("03:30", time(3, 30)), ("3:05", time(3, 5)), (810, time(13, 30)), (0, time(0)), (None, None)],
)
def test_a_time_of_day(written: Any, meant: Any) -> None:
    """To YAML, 13:30 without quotes is 810."""
    assert Reconcile.model_validate({"at": written}).at == meant


@pytest.mark.parametrize("written", ["24:00", "3", "noon", 1440, -1, "03:30:00", True])
def test_what_is_no_time_of_day(written: Any) -> None:
    with pytest.raises(ValidationError):
        Reconcile.model_validate({"at": written})


def test_a_folder_says_otherwise_key_by_key() -> None:
    site = SiteRetention(sent=10.0, spool=20.0)
    assert kept(site, Retention(sent=5.0)) == {"sent": 5.0, "failed": None, "spool": 20.0, "journal": None}
    assert kept(site, Retention(spool=None))["spool"] is None, "for ever, although the site says otherwise"
    assert kept(site, LineRetention(journal=7.0)) == {"sent": 10.0, "failed": None, "spool": 20.0, "journal": 7.0}
