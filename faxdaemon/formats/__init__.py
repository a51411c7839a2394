"""Dialects of asking and of answering, one file each, found by their place.

A module offers `open_format(folder: FolderSettings) -> Format` (see `faxdaemon.contracts.format`).
"""
