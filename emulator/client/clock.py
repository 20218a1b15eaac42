"""A sandbox's clock, and how times are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from emulator.client.api import Api
from emulator.errors import EmulatorError

__tracebackhide__ = True

ClockSetting: TypeAlias = str | datetime | Mapping[str, Any]


class ClockClient:
    """A sandbox's clock."""

    def __init__(self, api: Api) -> None:
        self._api = api

    @property
    def now(self) -> datetime:
        """The sandbox's time (aware, UTC)."""
        return datetime.fromisoformat(self._api.request("GET", "/clock")["now"])

    @property
    def frozen(self) -> bool:
        """Whether the clock is stopped."""
        return bool(self._api.request("GET", "/clock")["frozen"])

    def set(self, now: str | datetime | None) -> None:
        """Set the time, such as "2030-01-01T00:00:00Z", None: to the real time. A frozen clock stays frozen."""
        self._change({"now": _written(now)})

    def freeze(self, now: str | datetime | None = None) -> None:
        """Stop the clock, now or at a given time."""
        self._change({"frozen": True} if now is None else {"now": _written(now), "frozen": True})

    def unfreeze(self) -> None:
        """Let the clock run on."""
        self._change({"frozen": False})

    def advance(self, seconds: float | timedelta) -> None:
        """Move the clock forward; a frozen clock stays frozen."""
        by = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._api.request("POST", "/clock/advance", {"seconds": by})

    def _change(self, change: dict[str, Any]) -> None:
        self._api.request("PUT", "/clock", change)


def clock_change(clock: ClockSetting) -> dict[str, Any]:
    """Return a clock setting for the control API."""
    if isinstance(clock, Mapping):
        return {**clock, "now": _written(clock["now"])} if "now" in clock else dict(clock)
    return {"now": _written(clock)}


def _written(time: str | datetime | None) -> str | None:
    if not isinstance(time, datetime):
        return time
    if time.tzinfo is None:
        raise EmulatorError(f"{time!r} has no time zone; write datetime(…, tzinfo=UTC).")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
