"""A sandbox's clock: real, set, frozen or advanced. It drives timestamps, expiry, rate windows and fault windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Returns the sandbox's time, aware and in UTC. It is the real time until it is set."""

    def __init__(self, now: datetime | None = None, frozen: bool | None = None) -> None:
        self._ahead = timedelta()
        self._frozen: datetime | None = None
        if now is not None or frozen is not None:
            self.set(now, frozen)

    @property
    def frozen(self) -> bool:
        """Return True if the clock is stopped."""
        return self._frozen is not None

    @property
    def real(self) -> bool:
        """Return True if it has not been set."""
        return not self._ahead and not self.frozen

    def now(self) -> datetime:
        """Return the sandbox's time."""
        return self._frozen or (datetime.now(UTC) + self._ahead if self._ahead else datetime.now(UTC))

    def seconds_since(self, moment: datetime, real_seconds: float) -> float:
        """Return the seconds by this clock since it was `moment`, which was `real_seconds` ago."""
        return real_seconds if self.real else (self.now() - moment).total_seconds()

    def set(self, now: datetime | None = None, frozen: bool | None = None) -> None:
        """Set the time to `now` (None: unchanged), and freeze or run the clock (None: unchanged)."""
        now, frozen = now or self.now(), self.frozen if frozen is None else frozen
        self._frozen = now if frozen else None
        self._ahead = now - datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock forward; a frozen clock stays frozen."""
        self.set(self.now() + timedelta(seconds=seconds))

    def reset(self) -> None:
        """Return to the real time."""
        self._ahead, self._frozen = timedelta(), None
