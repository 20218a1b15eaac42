"""What happens when a resource is created, replaced or deleted on its own. The contract declares the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendor import Hooks, Write
from emulator.vendors.celigo.collections import CONNECTIONS, ERRORS, EXPORTS, FLOWS, IMPORTS, INTEGRATIONS, TYPES
from emulator.vendors.celigo.errors import Error, cast_failed, error, invalid_ref, refusal, refuse_any, required
from emulator.vendors.celigo.history import log
from emulator.vendors.celigo.ids import OBJECT_ID
from emulator.vendors.celigo.paging import page_of
from emulator.vendors.celigo.projection import projection
from emulator.vendors.celigo.records import values_of
from emulator.vendors.celigo.validation import MOST_ERRORS
from emulator.vendors.celigo.validation import TARGETS as ALIASED_BY

hooks = Hooks()

TARGETS: Final[Mapping[str, Collection]] = {"_integrationId": INTEGRATIONS, **ALIASED_BY}
"""What a resource refers to, by the field with the id, at any depth."""

NO_RESOURCES: Final = ("ashares", "jobs")
"""The collections of users' access and of jobs: whether the log has their changes is unknown."""

REFERENCES: Final = {
    "connections": "_connectionId",
    "exports": "_exportId",
    "imports": "_importId",
    "scripts": "_scriptId",
}
"""The field by which others refer to a resource that may not be deleted meanwhile, by collection."""

FREE: Final = "settings"
"""The field with anything, whose names mean nothing here."""

IDENTIFIERS: Final = {"exports": "e", "imports": "i"}
"""How a new apiIdentifier begins, by collection (celigo/integrator-api-docs, import.md; of exports assumed)."""

SECRETS: Final = (
    "authKey",
    "bearerToken",
    "clientSecret",
    "password",
    "pgpPassphrase",
    "privateKey",
    "refreshToken",
    "secretAccessKey",
    "token",
)
"""The fields of connections whose texts are masked (celigo/ai, configuring-connections)."""

ENCRYPTED: Final = "encrypted"
"""The field of connections in which all texts are masked."""

MASK: Final = "******"

FIRST: Final = ("_id", "lastModified", "name")
LAST: Final = ("createdAt", "lastModifiedBy")

ALIASED: Final = "This flow is being referenced by an alias. Delete the alias before detaching the flow."
NO_ALIASES: Final = "Aliases are not supported on a standalone flow. The flow must be attached to an integration."


@hooks.paging("celigo")
def page(world: World, call: Call, records: Sequence[Record]) -> Reply:
    """Return one page of all resources of a kind."""
    return page_of(call, world, records, projection(call))


@hooks.paging("scripts")
def page_of_scripts(world: World, call: Call, records: Sequence[Record]) -> Reply:
    """Return one page of the scripts, without their content (celigo/ai, writing-scripts, response.yml)."""
    listed = [{name: value for name, value in record.items() if name != "content"} for record in records]
    return page_of(call, world, listed, projection(call))


@hooks.writing("*")
def settle(world: World, write: Write) -> Record | None:
    """Return a resource as it is stored. Raises Refusal (422, 409).

    Unknown integrations in a user's access are not refused (celigo/ai, managing-users).
    """
    if write.collection in NO_RESOURCES:
        return write.after
    if write.after is None:
        _refuse_if_used(world, write)
        return None
    after: Record = _lowered({name: value for name, value in write.after.items() if value is not None})
    after |= _identifier(world, write)
    known = set(_references(write.before or {}))
    new = ((path, id) for path, id in _references(after) if (path, id) not in known)
    refuse_any(list(islice((one for path, id in new for one in _unknown(world, path, id)), MOST_ERRORS)))
    if write.collection == "flows":
        _check_aliases(world, write.before or {}, after)
    if write.collection == "connections":
        _check_kind(after)
        after = _masked(after)
    return _ordered(after)


@hooks.written("*")
def follow(world: World, write: Write) -> None:
    """Log what was done to a resource; errors of a flow go with it, a connection loses its registrations."""
    if write.collection in NO_RESOURCES:
        return
    event = "delete" if write.after is None else "create" if write.before is None else "update"
    log(world, event, TYPES[write.collection], before=write.before, after=write.after)
    if write.after is None and write.before is not None:
        _clean_up(world, write.collection, write.before["_id"])


def rewrite_flow(world: World, write: Write) -> None:
    """Replace a flow outside of its declared operations, with what these do besides. Raises Refusal (422)."""
    stamped = {**(write.after or {}), "lastModified": timestamp(world.now), "lastModifiedBy": world.identity.user}
    after = settle(world, replace(write, after=stamped))
    if after is not None:
        world[FLOWS].replace(after)
        follow(world, replace(write, after=after))


def _clean_up(world: World, collection: str, gone: str) -> None:
    if collection == "flows":
        world[ERRORS].delete_all({"_flowId": gone})
    if collection == "connections":
        for integration in world[INTEGRATIONS].all():
            left = [id for id in integration["_registeredConnectionIds"] if id != gone]
            if left != integration["_registeredConnectionIds"]:
                world[INTEGRATIONS].replace({**integration, "_registeredConnectionIds": left})


def _identifier(world: World, write: Write) -> Record:
    begins = IDENTIFIERS.get(write.collection)
    return {"apiIdentifier": begins + world.hex(10)} if begins and write.before is None else {}


def _check_kind(connection: Record) -> None:
    """Refuse a connection without the settings of its type (celigo/ai, configuring-connections, request.yml)."""
    if connection["type"] not in connection:
        raise refusal(422, required(connection["type"]))


def _masked(value: Any, name: str = "", *, whole: bool = False) -> Any:
    """Return a document with its secrets masked: nothing here needs them."""
    if isinstance(value, dict):
        return {key: _masked(one, key, whole=whole or key == ENCRYPTED) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, whole=whole) for one in value]
    return MASK if isinstance(value, str) and value and (whole or name in SECRETS) else value


def _ordered(record: Record) -> Record:
    inner = [name for name in record if name not in (*FIRST, *LAST)]
    return {name: record[name] for name in (*FIRST, *inner, *LAST) if name in record}


def _lowered(value: Any, name: str = "") -> Any:
    """Return a document with the ids of its references as they are stored."""
    if isinstance(value, dict):
        return {key: one if key == FREE else _lowered(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_lowered(one) for one in value]
    return value.lower() if name in TARGETS and isinstance(value, str) else value


def _references(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the references in a document, each with its dotted path. Null refers to nothing."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in pairs:
        where = f"{path}.{name}" if path else str(name)
        if name in TARGETS and one is not None:
            yield where, one
        elif name != FREE:
            yield from _references(one, where)


def _unknown(world: World, path: str, id: Any) -> Iterator[Error]:
    """Yield the error of a reference that is not an id, or is the id of nothing.

    celigo/ai, building-flows, page-generator.yml: the server rejects entries without a valid export reference.
    """
    name = path.rpartition(".")[2]
    if not isinstance(id, str) or not OBJECT_ID.fullmatch(id):
        yield cast_failed("ObjectId", id, path)
    elif world[TARGETS[name]].get(id) is None:
        yield {**invalid_ref(name), "field": path}


def _check_aliases(world: World, before: Record, after: Record) -> None:
    """Refuse aliases of a flow without integration, and detaching a flow that an alias of its integration references.

    Celigo QA automation has both texts; the status is assumed.
    """
    home = before.get("_integrationId")
    if after.get("aliases") and "_integrationId" not in after:
        raise refusal(422, error("alias_not_supported", NO_ALIASES))
    if home is not None and after.get("_integrationId") != home:
        integration = world[INTEGRATIONS].get(home) or {}
        if before["_id"] in values_of(integration.get("aliases", []), "_flowId"):
            raise refusal(422, error("detach_failed", ALIASED))


def _refuse_if_used(world: World, write: Write) -> None:
    """Refuse to delete what another resource refers to, unless the switch delete_referenced allows it."""
    field = REFERENCES.get(write.collection)
    if field is None or write.before is None or world.switches["delete_referenced"] == "accepted":
        return
    users = (one for kept in (INTEGRATIONS, FLOWS, EXPORTS, IMPORTS, CONNECTIONS) for one in world[kept].all())
    if any(write.before["_id"] in values_of(user, field) for user in users):
        raise refusal(409, error("in_use", f"The {TYPES[write.collection]} is used by other resources."))
