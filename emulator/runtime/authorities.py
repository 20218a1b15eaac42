"""Certificate authorities, which a server that verifies nobody need not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_authorities"]

FILE = "SSL_CERT_FILE"
"""Where OpenSSL reads the machine's certificate authorities from, instead of its own place."""


@contextmanager
def without_authorities() -> Iterator[None]:
    """Let what is imported inside the `with` block find an empty file of certificate authorities.

    aiohttp reads the machine's twice when it is imported, for its client: 39 of the 360 ms of a start, and 2 MB. A
    folder of authorities is still searched at the first use. Not for a process that other code shares: its client
    may need them.
    """
    given = os.environ.get(FILE)
    os.environ[FILE] = os.devnull
    try:
        yield
    finally:
        del os.environ[FILE]
        if given is not None:
            os.environ[FILE] = given
