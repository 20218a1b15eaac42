"""Rules on reading a list page by page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from emulator.conduct.calls import Calls
from emulator.conduct.finding import Observation, numbers
from emulator.conduct.pages import Page
from emulator.journal.entry import Exchange

__all__ = ["ignored_next", "pages_read_twice", "pages_skipped", "pages_unread"]


def pages_skipped(calls: Calls) -> Iterator[Observation]:
    """Find pages between others that were left out."""
    for walk in calls.walks:
        numbered = (page for page in walk if page.is_read and page.start is not None)
        pages = sorted(numbered, key=lambda page: page.start or 0)
        for page, following in pairwise(pages):
            expected = page.next_position
            if expected.isdecimal() and following.start is not None and following.start > int(expected):
                sentence = (
                    f"{calls.named(page.exchange)}: behind exchange {page.exchange.number} comes"
                    f" {page.paging.parameter}={expected}, but {numbers([following.exchange])} asked for"
                    f" {page.paging.parameter}={following.position}; the records in between were not read"
                )
                yield Observation([page.exchange, following.exchange], sentence)


def pages_read_twice(calls: Calls) -> Iterator[Observation]:
    """Find pages that were read again within one reading of the list."""
    for walk in calls.walks:
        by_position: dict[str, list[Exchange]] = {}
        for page in (page for page in walk if page.is_read):
            by_position.setdefault(page.position, []).append(page.exchange)
        for position, exchanges in by_position.items():
            if len(exchanges) > 1:
                sentence = (
                    f"{calls.named(exchanges[0])}: {numbers(exchanges)} read the same page"
                    f" ({walk[0].paging.parameter}={position}); its records were read twice"
                )
                yield Observation(exchanges, sentence)


def pages_unread(calls: Calls) -> Iterator[Observation]:
    """Find lists that were not read to their end: nobody even tried to read the next page."""
    unread: dict[tuple[str, ...], list[Page]] = {}
    for walk in calls.walks:
        tried = {page.position for page in walk}
        read = [page for page in walk if page.is_read]
        last = max(read, key=lambda page: (page.start or 0, page.exchange.number), default=None)
        if last is not None and last.next_position and last.next_position not in tried:
            unread.setdefault(last.exchange.operations, []).append(last)
    for pages in unread.values():
        exchanges, position = [page.exchange for page in pages], pages[0].next_position
        named = f" ({pages[0].paging.parameter}={position})" if position.isdecimal() else ""
        sentence = (
            f"{calls.named(exchanges[0])}: a page{named} that comes after {numbers(exchanges)} was not read; read on"
            " until there is none"
        )
        yield Observation(exchanges, sentence)


def ignored_next(calls: Calls) -> Iterator[Observation]:
    """Find pages whose URL the client made itself, and other than the reply before had it."""
    for walk in calls.walks:
        offered = {page.next_position: page for page in walk if page.next_query}
        for page in walk:
            before = offered.get(page.position)
            if before is not None and page.query != before.next_query:
                sentence = (
                    f"{calls.named(page.exchange)}: exchange {before.exchange.number} named the URL of the next page,"
                    f" but exchange {page.exchange.number} has another query; follow the URL as it is"
                )
                yield Observation([before.exchange, page.exchange], sentence)
                break
