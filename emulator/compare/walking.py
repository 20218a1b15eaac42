"""The pages of a live vendor's list, of which nothing says how it is paged: by the usual names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin

from emulator.compare.archive import RecordedExchange
from emulator.compare.listed import next_url, records_in
from emulator.compare.live import LiveVendor, Question
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.declared.paging import ENVELOPE, ROLES
from emulator.exchange import Record

MOST_PAGES = 100


@dataclass
class Walk:
    """A walk through a list. `parameters` are the query parameters by role, `key` is the field of a record's key.

    `read` counts the records, `said` is how many there are, as far as a reply says it.
    """

    parameters: Mapping[str, str]
    key: str
    read: int = 0
    said: int = 0

    def next_url(self, exchange: RecordedExchange, records: Sequence[Any]) -> str:
        """Return the URL of the next page, "" if there is none."""
        self.read += len(records)
        beside = dict(_beside(exchange.reply.document))
        self.said = beside["count"] if isinstance(beside.get("count"), int) else 0
        if not records:
            return ""
        if linked := next_url(exchange, "link") or beside.get("next"):
            return urljoin(exchange.url, str(linked))
        place = self._place(exchange, beside, records[-1])
        return _with_query(exchange.url, place) if place else ""

    def _place(self, exchange: RecordedExchange, beside: Mapping[str, Any], last: Any) -> Mapping[str, Any]:
        """Return the parameter that selects the next page, {} if there is none, or none is known."""
        names, cursor, more = self.parameters, beside.get("nextCursor"), beside.get("hasMore")
        if "cursor" in names and cursor:
            return {names["cursor"]: cursor}
        if more is False or self.read >= self.said > 0:
            return {}
        if "offset" in names:
            return {names["offset"]: self.read}
        if "page" in names:
            return {names["page"]: _page(exchange.url, names["page"]) + 1}
        if "cursor" in names and more and isinstance(last, dict) and self.key in last:
            return {names["cursor"]: last[self.key]}
        return {}


async def records_of(vendor: LiveVendor, contract: Contract, operation: Operation) -> AsyncIterator[Record]:
    """Yield the records of a list that takes no path parameters. Raises ConfigurationError."""
    walk, path = Walk(page_parameters(contract, operation), ""), operation.path
    before: list[Any] = []
    for _ in range(MOST_PAGES):
        exchange = await vendor.ask(Question("GET", path))
        records = records_in({}, exchange)
        if before and records == before:  # the vendor does not page, or not so
            return
        before = records
        for record in records:
            if isinstance(record, dict):
                yield record
        url = walk.next_url(exchange, records)
        path = vendor.path_of(url) if url else ""
        if not path:
            return


def page_parameters(contract: Contract, operation: Operation) -> Mapping[str, str]:
    """Return the parameters that select a page, by role: as the contract's strategy says, or by their usual names."""
    declared = [one.name for one in operation.parameters if one.place == "query"]
    described = contract.document["paths"].get(operation.path, {}).get(operation.method.lower(), {})
    strategies = contract.document.get("x-emulator", {}).get("paging", {})
    words = described.get("x-emulator")
    paging = words.get("paging", "") if isinstance(words, dict) else ""
    usual = {role: next((name for name in names if name in declared), "") for role, names in ROLES.items()}
    named = strategies[paging]["parameters"] if paging in strategies else {}
    return {role: name for role, name in {**usual, **named}.items() if name in declared}


def _beside(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields beside the records with their usual meaning, also those of an object such as `meta`."""
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict):
            yield from ((meaning, one) for meaning, one in _beside(value) if one is not None)
        elif name in ENVELOPE and value is not None:
            yield ENVELOPE[name], value


def _page(url: str, parameter: str) -> int:
    given = dict(parse_qsl(url.partition("?")[2])).get(parameter, "")
    return int(given) if given.isdecimal() else 1


def _with_query(url: str, changed: Mapping[str, Any]) -> str:
    path, _, query = url.partition("?")
    return f"{path}?{urlencode({**dict(parse_qsl(query, keep_blank_values=True)), **changed})}"
