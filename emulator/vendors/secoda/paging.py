"""Pages of a list and their envelope.

Secoda documentation, Integrations, List Integrations; the rules are Django REST framework's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Switches
from emulator.vendors.secoda.errors import invalid_page


@dataclass(frozen=True)
class Page:
    """One page of a list of `count` records; `number` counts from 1.

    If `torn`, the last record has moved to the front since the first page (switch torn_pages).
    """

    call: Call
    number: int
    size: int
    count: int
    torn: bool = False

    @property
    def total(self) -> int:
        """The number of pages; an empty list has one."""
        return _pages(self.count, self.size)

    @property
    def skip(self) -> int:
        """The number of records before this page, in the stored order."""
        return (self.number - 1) * self.size - self._is_shifted

    @property
    def length(self) -> int:
        """The number of records on this page."""
        return min(self.size, self.count - (self.number - 1) * self.size)

    @property
    def _is_shifted(self) -> bool:
        return self.torn and self.number > 1

    def envelope(self, results: Sequence[Record]) -> dict[str, Any]:
        """Return the body of the page."""
        following = self.number + 1 if self.number < self.total else None
        previous = self.number - 1 if self.number > 1 else None
        return {
            "links": {"next": self._link(following), "previous": self._link(previous)},
            "meta": {"page": self.number, "previous_page": previous, "next_page": following},
            "count": self.count,
            "total_pages": self.total,
            "results": list(results),
        }

    def _link(self, number: int | None) -> str | None:
        """Return the URL of a page, with the caller's host and path; that of the first page has no page number."""
        if number is None:
            return None
        parameters = [(name, value) for name, value in self.call.query.items() if name != "page"]
        if number > 1:
            parameters.append(("page", str(number)))
        # As in Django REST framework: names in order, the values of one name as they were sent.
        parameters.sort(key=itemgetter(0))
        url = self.call.base_url + self.call.path
        return f"{url}?{urlencode(parameters)}" if parameters else url


def find_page(call: Call, count: int, switches: Switches) -> Page:
    """Return the requested page of a list of `count` records. Raises Refusal (404)."""
    size = min(call.params.get("page_size", switches["default_page_size"]), switches["maximum_page_size"])
    total = _pages(count, size)
    # Not a number in the contract, but known to Django REST framework: the last page.
    number = total if call.query.getall("page", [""])[-1] == "last" else call.params.get("page", 1)
    if number > total:
        raise invalid_page()
    return Page(call, number, size, count, switches["torn_pages"])


def page_of(world: World, call: Call, records: Sequence[Record], show: Callable[[Record], Record] = dict) -> Reply:
    """Return one page of records, each as `show` returns it. Raises Refusal (404)."""
    page = find_page(call, len(records), world.switches)
    return Reply(200, page.envelope([show(record) for record in records[page.skip : page.skip + page.length]]))


def _pages(count: int, size: int) -> int:
    return max(1, -(-count // size))
