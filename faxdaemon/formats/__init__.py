"""Dialects of asking and of answering, one file each, found by their place.

A module offers `open_format(folder: FolderAsks) -> Format` (see `faxdaemon.contracts.format`) and `ABOUT`, what it
tells of itself (`_about`): `docs/formats.md` is made of that, and its sample is a test.  Modules that begin with `_`
are what dialects have in common; dialects do not know each other.
"""
