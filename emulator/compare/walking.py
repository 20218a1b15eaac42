"""The pages of a live vendor's list, of which nothing says how it is paged: by the usual names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin

from emulator.compare.archive import RecordedExchange
from emulator.compare.listed import next_url
from emulator.declared.paging import ENVELOPE


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
