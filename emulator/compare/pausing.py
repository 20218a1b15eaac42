"""How long to leave a live vendor alone after a reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.transport.retry_after import seconds_of, time_of

TOO_MANY = 429

SECONDS_AFTER_BARE = (1.0, 4.0, 16.0, 60.0)
"""Pauses after a 429 that does not say how long, one after the other: the last one is longer than most windows."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of so many seconds, None if it would be one too many; `said` is what the vendor says of it."""

    seconds: float | None
    said: str


def waits(seconds: float) -> str:
    """Return a pause in words."""
    return f"waits {round(seconds, 1):g} second{'' if seconds == 1 else 's'}"


def pause_after(status: int, headers: Mapping[str, str], tried: int, most: int | None = None) -> Pause | None:
    """Return the pause after the reply to a call, None for another reply than 429 and 503 with Retry-After.

    The call was `tried` so often, and may be `most` times (None: as often as one likes); `headers` are in any case.
    A date is compared with the reply's own, as clocks differ.
    """
    text = headers.get("Retry-After", "")
    seconds = seconds_of(text, time_of(headers.get("Date", "")) or datetime.now(UTC))
    if status in (TOO_MANY, 503) and seconds is not None:
        return Pause(seconds if most is None or tried < most else None, f"with Retry-After: {text}")
    if status != TOO_MANY:
        return None
    bare = SECONDS_AFTER_BARE[tried - 1 : tried] or (SECONDS_AFTER_BARE[-1:] if most is None else ())
    return Pause(next(iter(bare), None), "without Retry-After")
