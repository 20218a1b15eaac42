"""Pages of lists, and their envelopes: strategies by name, or a vendor's templates."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from emulator.declared.expressions import Context
from emulator.declared.listing import Listing
from emulator.exchange import Call, Record

NAMES = (
    *("items", "count", "page", "pages", "size", "offset", "next", "previous", "first", "last"),
    *("nextPage", "previousPage", "nextCursor", "hasMore", "links"),
)
"""The names in a strategy's templates, in addition to the runtime expressions."""

BUILT_IN: Mapping[str, Sequence[str]] = {
    "page": ("page",),
    "offset": ("offset",),
    "token": ("cursor",),
    "cursor": ("cursor",),
    "link": ("page", "offset"),
    "jsonapi": ("page", "offset", "cursor"),
}
"""Strategies that need no entry, by name, each with the role that one of its operation's parameters must have."""

_JSONAPI = {"data": "$items", "links": {"first": "$first", "last": "$last", "prev": "$previous", "next": "$next"}}
"""JSON:API 1.1, Fetching Data, Pagination: a link is null if its page does not exist."""

ROLES: Mapping[str, Sequence[str]] = {
    "page": ("page", "page_number", "pageNumber", "pageIndex", "page[number]"),
    "size": (
        *("limit", "per_page", "perPage", "page_size", "pageSize", "size", "max_results", "maxResults"),
        *("page[size]", "page[limit]"),
    ),
    "offset": ("offset", "skip", "start", "page[offset]"),
    "cursor": (
        *("cursor", "after", "starting_after", "page_token", "pageToken", "marker", "next_token"),
        *("page[cursor]", "page[after]"),
    ),
    "sort": ("sort", "sort_by", "sortBy", "order_by", "orderBy"),
}
"""The usual names of parameters, by purpose."""

_ENVELOPE: Mapping[str, Sequence[str]] = {
    "count": ("count", "total", "total_count", "totalCount", "total_results"),
    "page": ("page", "current_page", "currentPage"),
    "pages": ("pages", "total_pages", "totalPages", "page_count"),
    "size": ("size", "limit", "per_page", "perPage", "page_size", "pageSize"),
    "offset": ("offset", "skip"),
    "next": ("next", "next_url", "nextUrl"),
    "previous": ("previous", "prev", "previous_url"),
    "hasMore": ("has_more", "hasMore"),
    "nextCursor": ("next_cursor", "nextCursor", "next_page_token", "nextPageToken"),
}
ENVELOPE = {name: meaning for meaning, names in _ENVELOPE.items() for name in names}
"""The usual meaning of fields next to the records, by name."""

DEFAULT_SIZE = 100


class Strategy(NamedTuple):
    """How a list is paged. `parameters` are names by role; `body` wraps the records if `has_body`.

    With `by_key`, a cursor is the key of the last record seen instead of an opaque text.
    """

    name: str
    parameters: Mapping[str, str]
    default: Any = DEFAULT_SIZE
    maximum: Any = None
    body: Any = None
    has_body: bool = False
    headers: Mapping[str, Any] = {}
    empty: Any = None
    always: Sequence[str] = ()
    by_key: bool = False

    @classmethod
    def of(cls, name: str, written: Mapping[str, Any]) -> Strategy:
        """Read a vendor's own strategy, whose form is valid."""
        size = written.get("size", {})
        return cls(
            name=name,
            parameters=written["parameters"],
            default=size.get("default", DEFAULT_SIZE),
            maximum=size.get("maximum"),
            body=written.get("body"),
            has_body="body" in written,
            headers=written.get("headers", {}),
            empty=written.get("empty"),
            always=written.get("always", ()),
            by_key=written.get("cursor") == "key",
        )

    @classmethod
    def built_in(cls, name: str, declared: Sequence[str]) -> Strategy:
        """Return the strategy of that name for an operation with these query parameters."""
        found = {role: next((one for one in names if one in declared), "") for role, names in ROLES.items()}
        wanted = (*BUILT_IN[name], "size", "sort")
        parameters = {role: found[role] for role in wanted if found[role]}
        headers = {"Link": "$links"} if name == "link" else {}
        is_jsonapi = name == "jsonapi"
        body = _JSONAPI if is_jsonapi else None
        return cls(name, parameters, body=body, has_body=is_jsonapi, headers=headers, by_key=name == "cursor")

    def fits(self, declared: Sequence[str]) -> bool:
        """Return True if an operation declares a parameter that selects the page."""
        return any(self.parameters.get(role) in declared for role in ("page", "offset", "cursor", "size"))


class Page(NamedTuple):
    """One page of a list: its records, and the values of NAMES."""

    items: Sequence[Record]
    values: Mapping[str, Any]


class BadCursor(Exception):
    """A cursor that was never issued, in `parameter`."""

    def __init__(self, cursor: str, parameter: str) -> None:
        super().__init__(cursor)
        self.parameter = parameter


def cut(strategy: Strategy, listing: Listing, context: Context, key: str) -> Page:
    """Return the requested page of a list. Raises BadCursor."""
    call, roles, count = context.call, strategy.parameters, listing.count()
    size = _size(strategy, context)
    page = max(_number(call, roles.get("page"), 1), 1)
    start = max(_number(call, roles.get("offset"), 0), 0) + (page - 1) * size
    if given := call.param("query", roles.get("cursor", ""), None):
        start = place_after(strategy, str(given), listing)
    items, pages = listing.part(start, size), max(-(-count // size), 1)
    has_more = start + size < count
    values = {
        "items": items,
        "count": count,
        "page": page,
        "pages": pages,
        "size": size,
        "offset": start,
        "nextPage": page + 1 if has_more else None,
        "previousPage": page - 1 if page > 1 else None,
        "nextCursor": cursor_after(strategy, items[-1], start + size, key) if has_more and items else None,
        "hasMore": has_more,
    }
    return Page(items, {**values, **_links(strategy, call, values)})


def _links(strategy: Strategy, call: Call, values: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the URLs of other pages (None: there is none), and all of them as a header: `links` (RFC 8288)."""
    page, size, start, goes_back = values["page"], values["size"], values["offset"], "cursor" not in strategy.parameters
    following = _step(strategy, page + 1, start + size, values["nextCursor"])
    steps = {
        "next": following if values["hasMore"] else None,
        "previous": _step(strategy, page - 1, max(start - size, 0), None) if start > 0 and goes_back else None,
        "first": _step(strategy, 1, 0, None),
        "last": _step(strategy, values["pages"], (values["pages"] - 1) * size, None) if goes_back else None,
    }
    urls = {name: None if step is None else _url(call, step) for name, step in steps.items()}
    rels = {"next": "next", "previous": "prev", "first": "first", "last": "last"}
    links = ", ".join(f'<{urls[name]}>; rel="{rel}"' for name, rel in rels.items() if steps[name])
    return {**urls, "links": links or None}


def _size(strategy: Strategy, context: Context) -> int:
    default, maximum = context.value(strategy.default), context.value(strategy.maximum)
    size = _number(context.call, strategy.parameters.get("size"), int(default))
    size = size if size > 0 else int(default)
    return size if maximum is None else min(size, int(maximum))


def _number(call: Call, parameter: str | None, default: int) -> int:
    value = call.param("query", parameter, default) if parameter else default
    return value if isinstance(value, int) else int(value) if str(value).isdecimal() else default


def cursor_after(strategy: Strategy, last: Record, position: int, key: str) -> str:
    """Return the cursor of what follows a record, the one before number `position`."""
    if strategy.by_key:
        return str(last[key])
    return base64.urlsafe_b64encode(f"{position}:{last[key]}".encode()).decode().rstrip("=")


def place_after(strategy: Strategy, cursor: str, listing: Listing) -> int:
    """Return where a page begins: after the record of the cursor, or where that record was. Raises BadCursor."""
    position, id = None, cursor
    if not strategy.by_key:
        try:
            text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
            position, id = int(text.partition(":")[0]), text.partition(":")[2]
        except (ValueError, binascii.Error):
            raise BadCursor(cursor, strategy.parameters["cursor"]) from None
    found = listing.place_of(id)
    if found is None and position is None:
        raise BadCursor(cursor, strategy.parameters["cursor"])
    return position or 0 if found is None else found + 1


def _step(strategy: Strategy, page: int, offset: int, cursor: str | None) -> dict[str, Any]:
    """Return the parameters of another page."""
    roles = strategy.parameters
    wanted = {"page": page} if "page" in roles else {"offset": offset} if "offset" in roles else {"cursor": cursor}
    return {roles[role]: value for role, value in wanted.items() if role in roles}


def _url(call: Call, changed: Mapping[str, Any]) -> str:
    """Return the URL of the call on the caller's host, with some query parameters changed."""
    kept: Iterable[tuple[str, Any]] = [(name, value) for name, value in call.query.items() if name not in changed]
    query = urlencode([*kept, *((name, value) for name, value in changed.items() if value is not None)])
    return f"{call.base_url}{call.path}" + (f"?{query}" if query else "")
