"""How two exchanges of a client relate, and what became of one.

Two clocks count: real time, and the sandbox's, which a test advances instead of waiting. A client has waited if either
says so: a test may replace `time.sleep` by `emulator.clock.advance`, and a patient client is patient by a frozen clock,
too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from emulator.journal.entry import Exchange, json_of
from emulator.transport.connection import LOOK_SECONDS

__all__ = [
    "began_after",
    "consecutive",
    "ended",
    "is_same",
    "passed",
    "reply_document",
    "waited",
    "was_done",
    "was_done_unseen",
]


def began_after(later: Exchange, earlier: Exchange) -> bool:
    """Return True if a call arrived once another had its reply, so that its client could know it."""
    return later.started >= ended(earlier)


def waited(earlier: Exchange, later: Exchange) -> float:
    """Return the seconds between a reply and a later call, by the clock that says more."""
    return max(later.started - ended(earlier), passed(earlier, later) - earlier.clock_seconds)


def is_same(one: Exchange, other: Exchange) -> bool:
    """Return True if two calls are equal but for their headers."""
    if one.method != other.method or one.operations != other.operations:
        return False
    first, second = one.call, other.call
    # A multipart body has another boundary each time.
    body = (first.parts, second.parts) if first.parts or second.parts else (first.body, second.body)
    size = first.parts or first.body_size == second.body_size
    return bool(first.path == second.path and first.query == second.query and body[0] == body[1] and size)


def was_done(exchange: Exchange) -> bool:
    """Return True if a call was carried out: by the status of the vendor's reply, and for GraphQL by its document."""
    if was_done_unseen(exchange):
        return True
    document = reply_document(exchange) if exchange.operations and is_success(exchange.status) else None
    return is_success(exchange.status) and not (isinstance(document, Mapping) and {"errors", "data"} <= document.keys())


def was_done_unseen(exchange: Exchange) -> bool:
    """Return True if a call was carried out although the client did not get the vendor's own reply whole."""
    return is_success(exchange.withheld)


def is_success(status: int) -> bool:
    """Return True for a status that says so."""
    return 200 <= status < 300


def reply_document(exchange: Exchange) -> Any:
    """Return the JSON of a reply; None without one, and for what the journal has cut."""
    reply = exchange.reply
    return None if reply is None or reply.body_cut else json_of(reply.body)


def consecutive(exchanges: Sequence[Exchange], patience: Callable[[Exchange], float]) -> Iterator[list[Exchange]]:
    """Yield the runs of equal calls, each of which began after the one before had its reply with the same status.

    A run ends when the client has waited so many seconds as `patience` returns for the earlier call.
    """
    run = list(exchanges[:1])
    for earlier, later in pairwise(exchanges):
        is_next = later.status == earlier.status and began_after(later, earlier) and is_same(earlier, later)
        if is_next and waited(earlier, later) < patience(earlier):
            run.append(later)
        else:
            yield run
            run = [later]
    if run:
        yield run


def ended(exchange: Exchange) -> float:
    """Return when a call had its reply, in real seconds as `started`; for an abandoned one when its client left.

    That the client has left is noticed a moment later, perhaps during its next call.
    """
    unnoticed = min(LOOK_SECONDS, exchange.seconds) if exchange.is_abandoned else 0
    return exchange.started + exchange.seconds - unnoticed


def passed(earlier: Exchange, later: Exchange) -> float:
    """Return the seconds between the arrivals of two calls by the sandbox's clock."""
    return (later.time - earlier.time).total_seconds()
