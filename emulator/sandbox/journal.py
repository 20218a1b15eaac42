"""What a sandbox has seen: each call and its reply, with the verdict of the contract on both."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from emulator.exchange import Call, Reply, Violation


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its reply.

    `operations` are the operations that the call ran: one for REST, the root fields for GraphQL,
    none for a call that no operation matches. `time` is the sandbox's, `seconds` how long it took.
    """

    number: int
    time: datetime
    vendor: str
    operations: tuple[str, ...]
    call: Call
    reply: Reply
    call_violations: Sequence[Violation]
    reply_violations: Sequence[Violation]
    seconds: float

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Those of the call, then those of the reply."""
        return (*self.call_violations, *self.reply_violations)


class Journal:
    """The newest exchanges, oldest first; beyond `size` the oldest go."""

    def __init__(self, size: int) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=size)
        self.recorded = 0

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def __len__(self) -> int:
        return len(self._exchanges)

    def next_number(self) -> int:
        """Return the number of the exchange that comes next, from 1."""
        return self.recorded + 1

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange."""
        self._exchanges.append(exchange)
        self.recorded += 1
