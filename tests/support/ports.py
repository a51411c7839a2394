"""Ports that nobody is going to take."""

from __future__ import annotations

import random
import socket

_OURS = range(20_000, 32_000)
"""Below those from which systems take the near ends of connections, of which other tests make many at the same time."""


def free_port() -> int:
    """One on which nobody listens now, and on which nobody will by chance."""
    for port in random.SystemRandom().sample(_OURS, 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
