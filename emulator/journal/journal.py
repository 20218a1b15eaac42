"""What a sandbox has seen: each call and its reply, with the verdict of the contract on both.

Nothing in it holds a credential: they are masked on the way in.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import attrgetter

from emulator.journal.entry import BODY_LIMIT, Exchange, _size_of
from emulator.journal.journals import Journals
from emulator.matching.globs import matches

# These are not frozen, which would make each six times as slow to make; all the same, nobody changes them.


class Journal:
    """The newest exchanges, oldest first: at most `size`, and of `max_bytes` in all, about.

    Calls under way are in it, too. `recorded` counts all there were, `dropped` those that had to make room, `cleared`
    those that somebody cleared away; `lost` those that had to make room since then. `bytes` is what those kept take.
    `changes` counts what has begun and ended. Of a body the first `body_limit` bytes are kept. `on_record` is told of
    each exchange that is over, masked. `journals` bound what all of them take together.
    """

    def __init__(
        self,
        size: int,
        max_bytes: int,
        body_limit: int = BODY_LIMIT,
        on_record: Callable[[Exchange], None] | None = None,
        journals: Journals | None = None,
    ) -> None:
        self._journals = journals or Journals()
        self.body_limit = body_limit
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

    def next_number(self) -> int:
        """Return the number of the exchange that comes next, from 1."""
        return self.recorded + 1

    def open(self, exchange: Exchange) -> None:
        """Keep an exchange, which has the next number, whose call is under way; `record` it when that is over."""
        exchange.is_open = True
        self._add(exchange)
        self._changed()

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange that is over: one that was open, or another, which has the next number."""
        if not exchange.is_open:
            self._add(exchange)
        elif exchange.size:  # it has not made room
            self._count(exchange)
        exchange.is_open = False
        self._changed()
        if self.on_record is not None:
            self.on_record(exchange)

    def clear(self) -> None:
        """Forget all exchanges but those whose calls are under way; the numbers go on."""
        kept = [exchange for exchange in self._exchanges if exchange.is_open]
        self.cleared += len(self._exchanges) - len(kept)
        self._exchanges = deque(kept)
        size = sum(exchange.size for exchange in kept)
        self._shrink(self.bytes - size)
        self.bytes, self.lost = size, 0

    def drop_oldest(self) -> None:
        """Let go of the oldest exchange, which makes room for others."""
        exchange = self._exchanges.popleft()
        self.bytes -= exchange.size
        self._shrink(exchange.size)
        exchange.size = 0
        self.dropped += 1
        self.lost += 1

    def get(self, number: int) -> Exchange | None:
        """Return the exchange of that number, None if it is not kept."""
        found = next(iter(self.after(number - 1)), None)
        return found if found is not None and found.number == number else None

    def select(
        self,
        vendor: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        unmatched: bool | None = None,
        violations: bool | None = None,
        state: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Return the exchanges that are like all that is given, oldest first.

        `operation` is a name or a glob, `status` 0 finds broken connections, `state` is "open" or "done". `since` is a
        number: only those after it. `limit` keeps the newest ones, but the first ones after `since`.
        """
        found = [
            exchange
            for exchange in self.after(since or 0)
            if (vendor is None or exchange.vendor == vendor)
            and (operation is None or any(matches(name, operation) for name in exchange.operations))
            and (status is None or (exchange.status == status and not exchange.is_open))
            and (unmatched is None or unmatched is not bool(exchange.operations))
            and (violations is None or violations is bool(exchange.violations))
            and (state is None or exchange.is_open is (state == "open"))
        ]
        if limit is None:
            return found
        return found[:limit] if since is not None else found[max(0, len(found) - limit) :]

    def after(self, number: int) -> Iterable[Exchange]:
        """Return the exchanges after a number; a gap before the first one's tells what is lost."""
        if not self._exchanges or number < self._exchanges[0].number:
            return self._exchanges
        return islice(self._exchanges, bisect_right(self._exchanges, number, key=attrgetter("number")), None)

    async def changed(self, changes: int) -> None:
        """Wait until `changes` is another number, or the journal is closed."""
        while self.changes == changes and not self.is_closed:
            await self._next()

    def close(self) -> None:
        """Let go of those who wait, and count no more among the journals; what it holds can still be read."""
        self._journals.remove(self)
        self.is_closed = True
        self._wake()

    def _add(self, exchange: Exchange) -> None:
        assert exchange.number == self.recorded + 1
        self._exchanges.append(exchange)
        self.recorded += 1
        self._count(exchange)

    def _count(self, exchange: Exchange) -> None:
        """Count what an exchange takes; the oldest make room for it."""
        size = _size_of(exchange)
        more, exchange.size = size - exchange.size, size
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
