"""Follows a journal: returns each exchange once, when it is completed."""

from __future__ import annotations

from collections.abc import Collection

from emulator.journal.entry import Exchange
from emulator.journal.journal import Journal


class Follower:
    """A reader of a journal after the exchange `since`; a number that it has not reached means another journal: 0.

    `missed` counts exchanges that were evicted between two takes.
    """

    def __init__(self, journal: Journal, since: int = 0) -> None:
        self.missed = 0
        self._journal = journal
        self._last = since if since <= journal.recorded else 0
        self._changes = -1
        self._in_flight: dict[int, Exchange] = {}

    @property
    def has_ended(self) -> bool:
        """Return True if the journal is closed."""
        return self._journal.is_closed

    @property
    def in_flight(self) -> Collection[Exchange]:
        """The exchanges that were in progress at the last take."""
        return self._in_flight.values()

    def take(self) -> list[Exchange]:
        """Return the exchanges completed since the last take, by number; some may be older than earlier ones."""
        new = list(self._journal.after(self._last))
        if self._changes >= 0:
            self.missed += self._journal.recorded - self._last - len(new)
        found = [*self._in_flight.values(), *new]
        self._last, self._changes = self._journal.recorded, self._journal.changes
        self._in_flight = {one.number: one for one in found if one.is_open}
        return [one for one in found if not one.is_open]

    def resumes_after(self, exchange: Exchange) -> int:
        """Return the `since` with which another follower misses no exchange that was not taken up to this one."""
        return min([exchange.number, *(number - 1 for number in self._in_flight)])

    async def changed(self) -> None:
        """Wait until a call has begun or ended since the last take, or the journal is closed."""
        await self._journal.changed(self._changes)
