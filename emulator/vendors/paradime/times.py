"""Times as Paradime writes them: "2024-02-13 16:09:29.718805", in UTC (Paradime documentation, Audit Logs API)."""

from __future__ import annotations

from datetime import UTC, datetime


def written(time: datetime) -> str:
    """Return a time as text."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def read(text: str) -> datetime:
    """Return the time in a text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
