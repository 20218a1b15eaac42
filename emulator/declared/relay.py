"""Connections: lists of GraphQL with cursors (Relay, GraphQL Cursor Connections Specification)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.declared.listing import Listing
from emulator.declared.paging import BadCursor, Strategy, cursor_after, place_after
from emulator.exchange import Record

RELAY = "relay"
ARGUMENTS = ("first", "after", "last", "before")
NO_CONNECTION = "relay pages need a connection: an object with edges"
_CURSORS = Strategy(RELAY, {"cursor": "after"})


def connection(
    listing: Listing, arguments: Mapping[str, Any], key: str, shown: Callable[[Record], Record]
) -> dict[str, Any]:
    """Return the part of a list that the arguments select: edges, nodes, pageInfo, totalCount.

    Raises BadCursor; for a negative number of records, too.
    """
    count = listing.count()
    start = _place(arguments.get("after"), listing, 0)
    end = max(_place(arguments.get("before"), listing, count + 1) - 1, start)
    end = min(end, start + _size(arguments, "first", count))
    start = max(start, end - _size(arguments, "last", count))
    records = listing.part(start, end - start)
    edges = [
        {"cursor": cursor_after(_CURSORS, record, start + number, key), "node": shown(record)}
        for number, record in enumerate(records, 1)
    ]
    info = {
        "hasNextPage": end < count,
        "hasPreviousPage": start > 0,
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
    return {"edges": edges, "nodes": [edge["node"] for edge in edges], "pageInfo": info, "totalCount": count}


def _place(cursor: Any, listing: Listing, absent: int) -> int:
    """Return the number of records up to and with that of a cursor."""
    return absent if cursor is None else place_after(_CURSORS, str(cursor), listing)


def _size(arguments: Mapping[str, Any], name: str, absent: int) -> int:
    size = arguments.get(name)
    if isinstance(size, int) and size < 0:
        raise BadCursor(str(size), name)
    return absent if size is None else int(size)
