"""Lists: pages with a Link header, and replies for empty lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendors.celigo.projection import Projection

LARGEST_PAGE: Final = 1000


def page_of(
    call: Call, world: World, records: Sequence[Record], projection: Projection | None = None, skip_by: str = "skip"
) -> Reply:
    """Return one page of records that are all in memory."""
    return page(call, world, len(records), lambda skip, limit: records[skip : skip + limit], projection, skip_by)


def page(
    call: Call,
    world: World,
    total: int,
    fetch: Callable[[int, int], Sequence[Record]],
    projection: Projection | None = None,
    skip_by: str = "skip",
) -> Reply:
    """Return one page; `fetch(skip, limit)` gets its records (Celigo developer pages, Pagination).

    `skip_by` is the parameter that says how many records come before it.

    If there are no records at all, the switch empty_list_status chooses the reply.
    """
    if not total and world.switches["empty_list_status"] == 204:
        return Reply(204)
    limit = min(call.params.get("limit", world.switches["default_page_size"]), LARGEST_PAGE)
    skip = call.params.get(skip_by, 0)
    records = [projection.apply(record) if projection else record for record in fetch(skip, limit)]
    links = ", ".join(_links(call, total, skip, limit, skip_by))
    return Reply(200, records, {"Link": links} if links else {})


def _links(call: Call, total: int, skip: int, limit: int, skip_by: str) -> Iterator[str]:
    if skip + limit < total:
        yield _link(call, {skip_by: skip + limit, "limit": limit}, "next")
    if skip > 0:
        yield _link(call, {skip_by: max(skip - limit, 0), "limit": limit}, "prev")


def _link(call: Call, place: Mapping[str, int], relation: str) -> str:
    others = [(name, value) for name, value in call.query.items() if name not in place]
    query = urlencode([*others, *place.items()], safe=",")
    return f'<{call.base_url}{call.path.rstrip("/")}?{query}>; rel="{relation}"'
