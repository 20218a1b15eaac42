"""The catalogue: resources of all kinds in one collection. The contract declares what concerns a single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from emulator.exchange import Call, Record, Reply
from emulator.runtime.off_loop import leave_loop
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.secoda.collections import CATALOG
from emulator.vendors.secoda.errors import invalid_fields, not_found, parse_uuid
from emulator.vendors.secoda.fields import read_written
from emulator.vendors.secoda.filters import read_filter, read_sort
from emulator.vendors.secoda.paging import find_page, page_of
from emulator.vendors.secoda.populate import TEAM, WORKSPACE, precise_timestamp
from emulator.vendors.secoda.uploaded import bring_in_uploads

handlers = Handlers()
hooks = Hooks()

FILTERS: Final[Mapping[str, str]] = {
    "integration_id": "integration",
    "parent_id": "parent",
    "title": "title",
    "schema": "schema",
    "database": "database",
}
"""The fields that parameters of these lists filter by."""

DEFAULTS: Final[Mapping[str, Any]] = {
    "native_type": None,
    "bookmarked_by": [],
    "icon": None,
    "title": None,
    "title_full": None,
    "title_cased": None,
    "description": None,
    "definition": None,
    "definition_version": 1,
    "multiplayers": [],
    "multiplayer_last_modified_by": None,
    "multiplayer_last_modified": None,
    "owners": [],
    "owners_groups": [],
    "collections": [],
    "tags": [],
    "workspace_id": WORKSPACE,
    "total_usage": 0,
    "published": True,
    "archived": False,
    "archived_at": None,
    "pii": False,
    "verified": False,
    "url": None,
    "parent": None,
    "children_count": 0,
    "properties": {},
    "integration": None,
    "external_updated_at": None,
    "internal_usage": 0,
    "internal_users": [],
    "external_users": [],
    "external_usage": 0,
    "databuilder_id": None,
    "search_metadata": {},
    "pristine": True,
    "sources": [],
    "stale": False,
    "teams": [TEAM],
    "subscribers": [],
}
"""What a resource has that nobody gave."""

IDENTITY: Final = ("id", "created_at", "updated_at", "entity_type")

NO_LIST: Final = 'Expected a list of items but got type "dict".'
"""ListSerializer's error for a body that is missing, which it reads as {}."""

QUICK_RECORDS: Final = 1000
MOST_LISTED: Final = 10_000
"""The number of resources on all pages of the catalogue (Secoda documentation, Resources)."""


@handlers.operation("listResources")
def list_resources(call: Call, world: World) -> Reply:
    """Return one page of the resources that pass the filter, sorted (Secoda documentation, Resources)."""
    if world[CATALOG].count() > QUICK_RECORDS:
        leave_loop()
    bring_in_uploads(world)
    known = {
        *IDENTITY,
        *DEFAULTS,
        "database",
        "schema",
        "sort_order",
        "group",
        "product",
        "assigned_to",
        "accepted_answer",
    }
    where, is_wanted = read_filter(call.params.get("filter"), known)
    sort = read_sort(call.params.get("sort"), known)
    where |= {"entity_type": call.params["entity_type"]} if call.params.get("entity_type") else {}
    candidates = [complete(resource) for resource in world[CATALOG].all(where)]
    found = [resource for resource in candidates if is_wanted(resource) and _is_listed(call, resource)]
    sort(found)
    return page_of(world, call, found[:MOST_LISTED], partial(_with_children, world))


@handlers.operation("updateResources")
def update_resources(call: Call, world: World) -> Reply:
    """Change several resources, or none if one does not exist (secoda/pii-scanner)."""
    bring_in_uploads(world)
    if not isinstance(call.document, list):
        raise invalid_fields({"non_field_errors": [NO_LIST]})
    return Reply(200, [_updated(world, change) for change in call.document])


@hooks.seeking("catalog")
def bring_in(world: World) -> None:
    """Let the catalogue show what uploads have brought since it was last read."""
    bring_in_uploads(world)


@hooks.shown("catalog")
def show(world: World, resource: Record) -> Record:
    """Return a resource as it is replied: with its defaults and the number of its children."""
    return _with_children(world, complete(resource))


@hooks.writing("catalog")
def prepare_deletion(world: World, write: Write) -> Record | None:
    """Leave the event loop before a deletion that looks through many resources."""
    if write.after is None and world[CATALOG].count() > QUICK_RECORDS:
        leave_loop()
    return write.after


def complete(resource: Record) -> Record:
    """Return a resource with its defaults, and with its title in full."""
    whole = {**{name: resource[name] for name in IDENTITY}, **DEFAULTS, **resource}
    names = [resource.get(name) for name in ("database", "schema", "title")]
    path = ".".join(name for name in names if name) if all(names) else whole["title"]
    return {**whole, "title_full": whole["title_full"] or path, "title_cased": whole["title"]}


def list_kind(kind: str, call: Call, world: World) -> Reply:
    """Return one page of the resources of a kind, as the parameters filter them."""
    bring_in_uploads(world)
    where = {"entity_type": kind} | _wanted(call)
    if "table_title" in call.params:
        tables = world[CATALOG].all({"entity_type": "table", "title": call.params["table_title"]})
        where["parent"] = [table["id"] for table in tables if where.get("parent", table["id"]) == table["id"]]
    page = find_page(call, world[CATALOG].count(where), world.switches)
    found = world[CATALOG].page(page.skip, page.length, where)
    return Reply(200, page.envelope([show(world, resource) for resource in found]))


handlers.operation("listTables")(partial(list_kind, "table"))  # Secoda documentation, Tables
handlers.operation("listColumns")(partial(list_kind, "column"))  # Secoda documentation, Columns
handlers.operation("listDatabases")(partial(list_kind, "database"))  # Secoda documentation, Databases
handlers.operation("listDashboards")(partial(list_kind, "dashboard"))  # Secoda documentation, Examples


def _with_children(world: World, resource: Record) -> Record:
    return {**resource, "children_count": world[CATALOG].count({"parent": resource["id"]})}


def _wanted(call: Call) -> dict[str, Any]:
    given = {field: call.params[name] for name, field in FILTERS.items() if name in call.params}
    return {
        field: parse_uuid(value) or value if field in ("integration", "parent") else value
        for field, value in given.items()
    }


def _is_listed(call: Call, resource: Record) -> bool:
    term, team = call.params.get("search_term", ""), call.params.get("teams")
    return (not team or parse_uuid(team) in resource["teams"]) and term.lower() in (resource["title"] or "").lower()


def _updated(world: World, change: Record) -> Record:
    before = world[CATALOG].get(parse_uuid(change["id"]))
    if before is None:
        raise not_found()
    given = {name: value for name, value in change["data"].items() if name in WRITABLE}
    after = {**read_written(world, before, {**before, **given}), "updated_at": precise_timestamp(world.now)}
    world[CATALOG].replace(after)
    return show(world, after)


WRITABLE: Final[Sequence[str]] = (
    "collections",
    "definition",
    "description",
    "entity_type",
    "icon",
    "integration",
    "native_type",
    "owners",
    "owners_groups",
    "parent",
    "pii",
    "published",
    "subscribers",
    "tags",
    "teams",
    "title",
    "url",
    "verified",
)
"""What a bulk update may change: the properties of resource-written.schema.json."""
