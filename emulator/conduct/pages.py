"""The pages of lists that a client has read, or has tried to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from emulator.contract.client_rules import LINK, NEXT_LINK, Paging
from emulator.contract.operation import Operation
from emulator.journal.entry import Exchange
from emulator.journal.subject import JournalledSubject
from emulator.matching.where import SELECTIONS, Unreadable

__all__ = ["Page", "walks"]

Query: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Page:
    """One page that a client has asked for: by `query`, or by the arguments of a GraphQL field, sorted.

    `key` is the field's key in the data, "" for REST.
    """

    exchange: Exchange
    paging: Paging
    query: Query
    key: str = ""

    @cached_property
    def position(self) -> str:
        """What selected it: a page, an offset or a cursor; "" if the client said nothing."""
        return next((value for name, value in self.query if name == self.paging.parameter), "")

    @cached_property
    def start(self) -> int | None:
        """The page or offset as a number, None for another text, and for a cursor."""
        first = {self.paging.page: 1, self.paging.offset: 0}.get(self.paging.parameter)
        if self.paging.cursor or not self.position:
            return None if self.paging.cursor else first
        return int(self.position) if self.position.isdecimal() and self.position.isascii() else None

    @cached_property
    def filters(self) -> Query:
        """The query without what selects the page."""
        return tuple(pair for pair in self.query if pair[0] != self.paging.parameter)

    @property
    def is_first(self) -> bool:
        """True for the page with which a client begins."""
        return self.position == "" or self.start == (1 if self.paging.page else 0)

    @cached_property
    def is_read(self) -> bool:
        """True if the client got it: the vendor's own reply, whole."""
        exchange = self.exchange
        return exchange.status == 200 and not exchange.withheld and (not self._said or self._said[""] is not None)

    @cached_property
    def link(self) -> str:
        """What the reply says of the next page: a URL, or a cursor; "" if it is the last one, or nothing is said."""
        if self.paging.next == LINK:
            found = NEXT_LINK.search(self.exchange.reply_header("Link"))
            return found[1] if found else ""
        if not self.paging.next or (self.paging.more and self._said.get(self.paging.more) is not True):
            return ""
        value = self._said.get(self.paging.next)
        return value if isinstance(value, str) else ""

    @cached_property
    def next_query(self) -> Query:
        """The query of the URL of the next page, sorted; none if there is none, or it is only a cursor."""
        url = "" if self.key else self.link
        return tuple(sorted(parse_qsl(urlsplit(url).query, keep_blank_values=True)))

    @cached_property
    def next_position(self) -> str:
        """What selects the next page, "" if this is the last one. Show it only if it is a number."""
        if self.link:
            named = next((value for name, value in self.next_query if name == self.paging.parameter), "")
            return named or (self.link if self.paging.cursor else "")
        return str(self._end) if self.paging.total and self._end is not None else ""

    @cached_property
    def _end(self) -> int | None:
        """The offset behind the page if there are more records, else None."""
        total, items = self._said.get(self.paging.total), self._said.get(self.paging.items)
        if not isinstance(total, int) or not isinstance(items, list) or not items or self.start is None:
            return None
        end = self.start + len(items)
        return end if end < total else None

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        """What the reply says at "" and at the pointers of the paging; {} if the journal has cut it."""
        paging = self.paging
        pointers = dict.fromkeys(("", paging.next, paging.more, paging.total, paging.items))
        root = f"/data/{self.key}" if self.key else ""
        values = self.exchange.reply_values([root + pointer for pointer in pointers])
        return {} if values is None else dict(zip(pointers, values, strict=True))


def walks(exchanges: Sequence[Exchange], operation: Operation, paging: Paging) -> list[list[Page]]:
    """Return the pages of each reading of a list, in the order in which the client asked for them."""
    found: list[list[Page]] = []
    for page in (page for one in exchanges for page in _pages(one, operation, paging)):
        walk = _continued(page, found) if found and not page.is_first else None
        if walk is None:
            found.append([page])
        else:
            walk.append(page)
    return found


def _pages(exchange: Exchange, operation: Operation, paging: Paging) -> Iterator[Page]:
    """Yield the pages of a list that one call asked for: a GraphQL document may select several."""
    if not operation.root:
        yield Page(exchange, paging, tuple(sorted(exchange.call.query)))
        return
    try:
        selections = JournalledSubject(exchange, operation.name).document(SELECTIONS)
    except Unreadable:
        return
    for key, arguments in selections.items() if isinstance(selections, Mapping) else ():
        given = ((name, _text(value)) for name, value in arguments.items() if value is not None)
        yield Page(exchange, paging, tuple(sorted(given)), key)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _continued(page: Page, walks: Sequence[list[Page]]) -> list[Page] | None:
    """Return the newest reading that a page continues: as a link says, with the same filters, or by its position."""
    for continues in (_is_linked, _is_alike, _is_next):
        for walk in reversed(walks):
            if any(continues(before, page) for before in reversed(walk)):
                return walk
    return None


def _is_linked(before: Page, page: Page) -> bool:
    return before.next_query != () and before.next_query == page.query


def _is_alike(before: Page, page: Page) -> bool:
    return before.filters == page.filters


def _is_next(before: Page, page: Page) -> bool:
    return before.next_position == page.position
