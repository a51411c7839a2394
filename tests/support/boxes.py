"""The sandbox's accounts with a password that is found wherever it is shown (`support/leaks.py`)."""

from __future__ import annotations

from dataclasses import replace

from faxdaemon.sandbox import DEFAULT_ACCOUNTS

PASSWORD = "sandbox-password"
ACCOUNTS = tuple(replace(account, password=PASSWORD) for account in DEFAULT_ACCOUNTS)
