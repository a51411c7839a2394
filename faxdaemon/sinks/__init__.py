"""Destinations of received faxes, found by their place: a module is one kind, with `Options` and `open_sink`."""
