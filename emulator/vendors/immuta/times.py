"""Times as Immuta writes them."""

from __future__ import annotations

from datetime import datetime


def written(time: datetime) -> str:
    """Write a UTC time with milliseconds and Z: 2018-03-21T10:52:30.535Z."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
