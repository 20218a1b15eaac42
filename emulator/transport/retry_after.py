"""How long a server wants a client to wait."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST_NUMBER = 9
"""How many digits of seconds are read: Python refuses to read thousands."""


def seconds_of(retry_after: str, now: datetime) -> float | None:
    """Return the seconds that Retry-After says, also as a date (RFC 9110, 10.2.3); None if it says nothing."""
    text = retry_after.strip()
    if text.isdecimal() and text.isascii():
        return float(text[:LONGEST_NUMBER])
    until = time_of(text)
    return None if until is None else max(0.0, (until - now).total_seconds())


def time_of(text: str) -> datetime | None:
    """Return the time of an HTTP date, None for another text."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None
