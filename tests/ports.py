"""Ports of this machine on which nothing listens, and which no other program is given meanwhile."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a port to oneself: it refuses connections until a server, which has to name it, listens on it."""
    with socket.socket() as kept:
        # So a server may bind the port, too: this socket never listens.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port: int = kept.getsockname()[1]
        if sys.platform != "linux":  # others refuse the second one all the same
            kept.close()
        yield port
