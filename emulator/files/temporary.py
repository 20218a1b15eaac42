"""Whether large data can be moved from memory to a file."""

from __future__ import annotations

import tempfile
from functools import cache


@cache
def can_spill() -> bool:
    """Return True if there is a writable folder for temporary files: not if both the root and /tmp are read-only."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return False
    return True
