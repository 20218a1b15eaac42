"""The calls to a sandbox and their replies, with their violations of the contract.

Nobody reads credentials in it: each exchange is masked when it is first read.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from operator import attrgetter

from emulator.journal.entry import Exchange
from emulator.journal.journals import Journals
from emulator.matching.globs import matches

# Not frozen, because creating them would take six times as long; still, nothing changes them.


class Journal:
    """The newest exchanges, oldest first: at most `size`, and about `max_bytes` in total.

    It includes calls in progress. `recorded` counts all exchanges, `dropped` those that were evicted, `cleared` those
    that were cleared, `lost` those evicted since then. `bytes` is the size of the stored ones. `changes` counts
    beginnings and ends. `on_record` gets each completed exchange. `journals` limit the size of all journals together.
    """

    def __init__(
        self,
        size: int,
        max_bytes: int,
        on_record: Callable[[Exchange], None] | None = None,
        journals: Journals | None = None,
    ) -> None:
        self._journals = journals or Journals()
        self.on_record = on_record
        self.recorded = self.dropped = self.cleared = self.lost = self.changes = 0
        self.bytes = 0
        self.is_closed = False
        self._size = size
        self._max_bytes = max_bytes
        self._exchanges: deque[Exchange] = deque()
        self._listeners: set[asyncio.Future[None]] = set()

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def __len__(self) -> int:
        return len(self._exchanges)

    def listed(self) -> list[Exchange]:
        """Return the exchanges now, oldest first. Any thread may call this: while a list is made, no other one runs."""
        return list(self._exchanges)

    def next_number(self) -> int:
        """Return the number of the next exchange, from 1."""
        return self.recorded + 1

    def open(self, exchange: Exchange) -> None:
        """Add an exchange, which has the next number, whose call is in progress; `record` it when that has ended."""
        exchange.is_open = True
        self._add(exchange)
        self._changed()

    def record(self, exchange: Exchange) -> None:
        """Add a completed exchange: one that was open, or a new one, which has the next number."""
        if not exchange.is_open:
            self._add(exchange)
        elif exchange.counted:  # it was not evicted
            self._count(exchange)
        exchange.is_open = False
        self._changed()
        if self.on_record is not None:
            self.on_record(exchange)

    def clear(self) -> None:
        """Delete all exchanges except those whose calls are in progress; the numbers continue."""
        kept = [exchange for exchange in self._exchanges if exchange.is_open]
        self.cleared += len(self._exchanges) - len(kept)
        self._exchanges = deque(kept)
        size = sum(exchange.counted for exchange in kept)
        self._shrink(self.bytes - size)
        self.bytes, self.lost = size, 0

    def drop_oldest(self) -> None:
        """Evict the oldest exchange."""
        exchange = self._exchanges.popleft()
        self.bytes -= exchange.counted
        self._shrink(exchange.counted)
        exchange.counted = 0
        self.dropped += 1
        self.lost += 1

    def get(self, number: int) -> Exchange | None:
        """Return the exchange with that number, or None."""
        place = bisect_left(self._exchanges, number, key=attrgetter("number"))
        found = self._exchanges[place] if place < len(self._exchanges) else None
        return found if found is not None and found.number == number else None

    def select(
        self,
        vendor: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        unmatched: bool | None = None,
        stubbed: bool | None = None,
        violations: bool | None = None,
        state: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Return the exchanges that match all arguments, oldest first.

        `operation` is a name or a glob, `status` 0 finds broken connections, `state` is "open" or "done". `since` is a
        number: only those after it. `limit` keeps the newest ones, but the first ones after `since`.
        """
        found = [
            exchange
            for exchange in self.after(since or 0)
            if (vendor is None or exchange.vendor == vendor)
            and (operation is None or any(matches(name, operation) for name in exchange.operations))
            and (status is None or (exchange.status == status and not exchange.is_open))
            and (unmatched is None or unmatched is exchange.is_unmatched)
            and (stubbed is None or stubbed is exchange.is_stubbed)
            and (violations is None or violations is bool(exchange.violations))
            and (state is None or exchange.is_open is (state == "open"))
        ]
        if limit is None:
            return found
        return found[:limit] if since is not None else found[max(0, len(found) - limit) :]

    def after(self, number: int) -> Iterable[Exchange]:
        """Return the exchanges after a number; a gap before the first number means that some were evicted."""
        if not self._exchanges or number < self._exchanges[0].number:
            return self._exchanges
        newest_first = takewhile(lambda exchange: exchange.number > number, reversed(self._exchanges))
        return list(newest_first)[::-1]

    async def changed(self, changes: int) -> None:
        """Wait until `changes` differs, or the journal is closed."""
        while self.changes == changes and not self.is_closed:
            await self._next()

    def close(self) -> None:
        """Wake all waiters, and stop counting among the journals; the exchanges can still be read."""
        self._journals.remove(self)
        self.is_closed = True
        self._wake()

    def _add(self, exchange: Exchange) -> None:
        assert exchange.number == self.recorded + 1
        self._exchanges.append(exchange)
        self.recorded += 1
        self._count(exchange)

    def _count(self, exchange: Exchange) -> None:
        """Count what an exchange takes by now; evict the oldest if necessary."""
        more = exchange.size - exchange.counted
        exchange.counted = exchange.size
        self.bytes += more
        if not self.is_closed:
            self._journals.grow(self, more)
        while self.bytes > self._max_bytes or len(self._exchanges) > self._size:
            self.drop_oldest()

    def _shrink(self, size: int) -> None:
        if not self.is_closed:
            self._journals.shrink(size)

    def _changed(self) -> None:
        self.changes += 1
        if self._listeners:
            self._wake()

    async def _next(self) -> None:
        listener = asyncio.get_running_loop().create_future()
        self._listeners.add(listener)
        try:
            await listener
        finally:
            self._listeners.discard(listener)

    def _wake(self) -> None:
        for listener in self._listeners:
            if not listener.done():
                listener.set_result(None)
