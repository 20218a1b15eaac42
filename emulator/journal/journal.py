"""What a sandbox has seen: each call and its reply, with the verdict of the contract on both.

Nothing in it holds a credential: they are masked on the way in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from emulator.journal.entry import BODY_LIMIT, Exchange, _size_of
from emulator.journal.journals import Journals
from emulator.matching.globs import matches

if TYPE_CHECKING:
    pass


# These are not frozen, which would make each six times as slow to make; all the same, nobody changes them.


class Journal:
    """The newest exchanges, oldest first: at most `size`, and of `max_bytes` in all, about.

    `recorded` counts all there were, `dropped` those that had to make room, `cleared` those that
    somebody cleared away; `lost` those that had to make room since then. `bytes` is what those kept
    take. Of a body the first `body_limit` bytes are kept. `on_record` is told of each exchange, masked.
    `journals` bound what all of them take together.
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
        self.recorded = self.dropped = self.cleared = self.lost = 0
        self.bytes = 0
        self._size = size
        self._max_bytes = max_bytes
        self._exchanges: deque[Exchange] = deque()
        self._sizes: deque[int] = deque()
        self._listeners: set[asyncio.Future[None]] = set()
        self._closed = False

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def __len__(self) -> int:
        return len(self._exchanges)

    def next_number(self) -> int:
        """Return the number of the exchange that comes next, from 1."""
        return self.recorded + 1

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange, which has the next number; the oldest make room for it."""
        assert exchange.number == self.recorded + 1
        size = _size_of(exchange)
        self._exchanges.append(exchange)
        self._sizes.append(size)
        self.bytes += size
        self.recorded += 1
        if not self._closed:
            self._journals.grow(self, size)
        while self.bytes > self._max_bytes or len(self._exchanges) > self._size:
            self.drop_oldest()
        if self._listeners:
            self._wake()
        if self.on_record is not None:
            self.on_record(exchange)

    def clear(self) -> None:
        """Forget all exchanges; the numbers go on."""
        self.cleared += len(self._exchanges)
        self._exchanges.clear()
        self._sizes.clear()
        self._shrink(self.bytes)
        self.bytes = self.lost = 0

    def drop_oldest(self) -> None:
        """Let go of the oldest exchange, which makes room for others."""
        self._exchanges.popleft()
        size = self._sizes.popleft()
        self.bytes -= size
        self._shrink(size)
        self.dropped += 1
        self.lost += 1

    def get(self, number: int) -> Exchange | None:
        """Return the exchange of that number, None if it is not kept."""
        index = number - self._exchanges[0].number if self._exchanges else -1
        return self._exchanges[index] if 0 <= index < len(self._exchanges) else None

    def select(
        self,
        vendor: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        unmatched: bool | None = None,
        violations: bool | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Return the exchanges that are like all that is given, oldest first.

        `operation` is a name or a glob, `status` 0 finds broken connections, `since` is a number:
        only those after it. `limit` keeps the newest ones, but the first ones after `since`.
        """
        found = [
            exchange
            for exchange in self._after(since)
            if (vendor is None or exchange.vendor == vendor)
            and (operation is None or any(matches(name, operation) for name in exchange.operations))
            and (status is None or exchange.status == status)
            and (unmatched is None or unmatched is not bool(exchange.operations))
            and (violations is None or violations is bool(exchange.violations))
        ]
        if limit is None:
            return found
        return found[:limit] if since is not None else found[max(0, len(found) - limit) :]

    async def after(self, number: int) -> list[Exchange]:
        """Wait until there are exchanges after a number, and return them; none if the journal is closed.

        A gap before the first one's number tells what is lost. A number that this journal has not
        come to belongs to an earlier one: then all are returned.
        """
        if number > self.recorded:
            number = 0
        while not (found := self.select(since=number)) and not self._closed:
            await self._next()
        return found

    def close(self) -> None:
        """Let go of those who wait, and count no more among the journals; what it holds can still be read."""
        self._journals.remove(self)
        self._closed = True
        self._wake()

    def _after(self, number: int | None) -> Iterable[Exchange]:
        if number is None or not self._exchanges:
            return self._exchanges
        return islice(self._exchanges, max(0, number + 1 - self._exchanges[0].number), None)

    def _shrink(self, size: int) -> None:
        if not self._closed:
            self._journals.shrink(size)

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
