"""Whether what is large can leave memory."""

from __future__ import annotations

import tempfile
from functools import cache


@cache
def can_spill() -> bool:
    """Return True if there is a folder for temporary files: not where the root is read-only and /tmp, too."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return False
    return True
