"""Domains, which data sources name. The contract declares what creates and changes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.collections import DATA_SOURCES, DOMAIN_PERMISSIONS, DOMAINS, USERS
from emulator.vendors.immuta.data_sources import find_data_source
from emulator.vendors.immuta.errors import domain_not_found

handlers = Handlers()
hooks = Hooks()


@handlers.operation("listDomains")
def list_domains(call: Call, world: World) -> Reply:
    """Return one page of the domains (Immuta documentation, Use Domains)."""
    return _page(call, world[DOMAINS].all())


@handlers.operation("listDomainDataSources")
def list_domain_data_sources(call: Call, world: World) -> Reply:
    """Return one page of the data sources in a domain (sandeepmohan/immuta-mcp, immuta_queries.py)."""
    id = _find(call, world)["id"]
    return _page(
        call,
        [
            {"dataSourceId": one["id"], "name": one["name"], "deleted": one["deleted"]}
            for one in world[DATA_SOURCES].all()
            if any(domain["id"] == id for domain in one.get("domains", ()))
        ],
    )


@handlers.operation("listDomainPermissions")
def list_domain_permissions(call: Call, world: World) -> Reply:
    """Return one page of the users with permissions on a domain (sandeepmohan/immuta-mcp, immuta_queries.py)."""
    by_profile: dict[int, list[str]] = {}
    for one in world[DOMAIN_PERMISSIONS].all(where={"domain": _find(call, world)["id"]}):
        by_profile.setdefault(one["profileId"], []).append(one["permission"])
    return _page(call, [_permissions(world, profile, names) for profile, names in by_profile.items()])


@hooks.writing("domains")
def settle(world: World, write: Write) -> Record | None:
    """Return a domain as it is stored. Raises a 403 for a user who may only read, a 404 for an unknown data source."""
    require_full_rights(world)
    if write.after is None or write.before is not None:
        return write.after
    for id in _data_sources(write.call):
        find_data_source(world, id)
    user = world[USERS].get(int(world.identity.user))
    name = user["profile"]["name"] if user else None
    return {**write.after, "createdBy": int(world.identity.user), "profile": {"name": name}}


@hooks.written("domains")
def follow(world: World, write: Write) -> None:
    """Let data sources name a new domain, a renamed one anew, and one that is gone no more; permissions go with it."""
    if write.before is None and write.after is not None:
        for id in _data_sources(write.call):
            data_source = find_data_source(world, id)
            _name(world, data_source, [*data_source.get("domains", []), _reference(write.after)])
        _permit(world, write.after["id"], write.call)
    elif write.before is not None and (write.after is None or write.after["name"] != write.before["name"]):
        _name_anew(world, write.before["id"], write.after)


def _name_anew(world: World, id: str, domain: Record | None) -> None:
    for data_source in world[DATA_SOURCES].all():
        named = data_source.get("domains", [])
        if any(one["id"] == id for one in named):
            changed = [_reference(domain) if one["id"] == id and domain else one for one in named]
            _name(world, data_source, [one for one in changed if domain or one["id"] != id])
    if domain is None:
        world[DOMAIN_PERMISSIONS].delete_all(where={"domain": id})


def _name(world: World, data_source: Record, domains: list[Record]) -> None:
    world[DATA_SOURCES].replace({**data_source, "domains": domains})


def _reference(domain: Record) -> Record:
    return {"id": domain["id"], "name": domain["name"]}


def _permit(world: World, domain: str, call: Call) -> None:
    payload: Any = call.document
    for one in payload.get("domainPermissions", ()):
        id = world.unused_number(DOMAIN_PERMISSIONS, world[DOMAIN_PERMISSIONS].count() + 1)
        permission = {name: one[name] for name in ("profileId", "permission")}
        world[DOMAIN_PERMISSIONS].insert({"id": id, "domain": domain, **permission})


def _data_sources(call: Call) -> list[int]:
    payload: Any = call.document
    return list(dict.fromkeys(one["dataSourceId"] for one in payload.get("domainDataSources", ())))


def _find(call: Call, world: World) -> Record:
    domain = world[DOMAINS].get(call.params["domainId"].lower())
    if domain is None:
        raise domain_not_found()
    return domain


def _permissions(world: World, profile: int, names: list[str]) -> Record:
    user = world[USERS].get(profile)
    return {
        "profileId": profile,
        "name": user["profile"]["name"] if user else None,
        "userObjectId": None,
        "permissions": names,
        "source": [],
    }


def _page(call: Call, found: Sequence[Record]) -> Reply:
    offset = call.params.get("offset", 0)
    end = offset + call.params["size"] if "size" in call.params else None
    return Reply(200, {"data": list(found[offset:end]), "count": len(found)})
