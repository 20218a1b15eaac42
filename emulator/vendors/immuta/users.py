"""Users, and who has access to a data source. The contract declares groups and identity managers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.collections import SUBSCRIPTIONS, USERS
from emulator.vendors.immuta.data_sources import NOT_SUBSCRIBED, find_data_source, owned_data_source
from emulator.vendors.immuta.errors import attribute_not_found, user_not_found

UNKNOWN: Mapping[str, Any] = {
    "profile": {"name": None, "email": None},
    "iamid": None,
    "userid": None,
    "systemGenerated": False,
    "lastExternalRefresh": None,
    "createdAt": None,
    "updatedAt": None,
}
"""What is shown of a subscriber without a record."""

ATTRIBUTES = ("bimAuthorizations", "authorizations")
"""The fields of a user with the attributes that Immuta itself gave: alone, and with those of identity managers."""

handlers = Handlers()


@handlers.operation("listUsers")
def list_users(call: Call, world: World) -> Reply:
    """Return one page of the users who match (sandeepmohan/immuta-mcp, immuta_queries.py)."""
    userid, name = (call.params.get(key, "").lower() for key in ("userid", "name"))
    found = [
        user
        for user in world[USERS].all()
        if userid in user["userid"].lower() and name in user["profile"]["name"].lower()
    ]
    offset = call.params.get("offset", 0)
    size = call.params.get("size", len(found))
    return Reply(200, {"count": len(found), "hits": found[offset : offset + size]})


@handlers.operation("getCurrentUser")
def get_current_user(call: Call, world: World) -> Reply:
    """Return the caller (fh-immuta-utils 0.5.2, client.py). Raises a 404 for a credential of nobody known."""
    user = world[USERS].get(int(world.identity.user))
    if user is None:
        raise user_not_found()
    return Reply(200, user)


@handlers.operation("listDataSourceUsers")
def list_data_source_users(call: Call, world: World) -> Reply:
    """Return the subscribers of a data source (immuta/tap-immuta 0.3.2, schemas/data_source_subscription.py)."""
    data_source = find_data_source(world, call.params["dataSourceId"])
    subscriptions = world[SUBSCRIPTIONS].all(where={"dataSource": data_source["id"]})
    users = [_subscriber(world, one) for one in subscriptions if one["state"] != NOT_SUBSCRIBED]
    return Reply(200, {"users": users})


def _subscriber(world: World, subscription: Record) -> Record:
    return {
        **user_fields(world, subscription["profile"]),
        "admin": None,
        "approved": subscription["state"] != "pending",
        "state": subscription["state"],
        "subscriptionId": subscription["id"],
        "approvals": [],
    }


@handlers.operation("grantAccess")
def grant_access(call: Call, world: World) -> Reply:
    """Give a user a subscription to a data source, or change it (Immuta documentation, Manage Write Policies).

    Raises a 403 for others than its owners, a 404 for an unknown user (assumed).
    """
    data_source = owned_data_source(call, world, "update")
    payload: Any = call.document
    if payload["profileId"] not in world[USERS]:
        raise user_not_found()
    now, there = timestamp(world.now), {"dataSource": data_source["id"], "profile": payload["profileId"]}
    existing = next(iter(world[SUBSCRIPTIONS].all(where=there)), None)
    granted = {"state": payload["state"], "accessGrant": payload.get("accessGrant", "READ")}
    if existing is None:
        id = world.unused_number(SUBSCRIPTIONS, world[SUBSCRIPTIONS].count() + 1)
        subscription = {"id": id, **there, **granted, "createdAt": now}
        world[SUBSCRIPTIONS].insert(subscription)
    else:
        subscription = {"createdAt": now, **existing, **granted}
        world[SUBSCRIPTIONS].replace(subscription)
    return Reply(200, _granted(subscription, int(world.identity.user), now))


def _granted(subscription: Record, admin: int, now: str) -> Record:
    return {
        "isSubscriptionOverride": True,
        "id": subscription["id"],
        "modelId": str(subscription["dataSource"]),
        "modelType": "datasource",
        "state": subscription["state"],
        "metadata": {},
        "admin": admin,
        "denialReasoning": None,
        "profile": subscription["profile"],
        "group": None,
        "policy": False,
        "expiration": None,
        "acknowledgeRequired": False,
        "createdAt": subscription["createdAt"],
        "updatedAt": now,
        "accessGrant": subscription["accessGrant"],
        "approved": subscription["state"] not in (NOT_SUBSCRIBED, "pending"),
    }


@handlers.operation("getUser")
def get_user(call: Call, world: World) -> Reply:
    """Return a user of an identity manager (Immuta documentation, BIM API)."""
    return Reply(200, _find(call, world))


@handlers.operation("putAttribute")
def put_attribute(call: Call, world: World) -> Reply:
    """Give a user a value of an attribute (Immuta documentation, BIM API; the reply is assumed)."""
    require_full_rights(world)
    user, (name, value) = _find(call, world), _attribute(call, world)
    for field in ATTRIBUTES:
        values = (user[field] or {}).get(name, [])
        user[field] = {**(user[field] or {}), name: values if value in values else [*values, value]}
    world[USERS].replace({**user, "updatedAt": timestamp(world.now)})
    return Reply(200, {})


@handlers.operation("deleteAttribute")
def delete_attribute(call: Call, world: World) -> Reply:
    """Take a value of an attribute from a user (Immuta documentation, BIM API; the reply is assumed)."""
    require_full_rights(world)
    user, (name, value) = _find(call, world), _attribute(call, world)
    if value not in user["authorizations"].get(name, ()):
        raise attribute_not_found()
    for field in ATTRIBUTES:
        left = {key: [one for one in ones if (key, one) != (name, value)] for key, ones in (user[field] or {}).items()}
        user[field] = {key: ones for key, ones in left.items() if ones} if user[field] is not None else None
    world[USERS].replace({**user, "updatedAt": timestamp(world.now)})
    return Reply(200, {})


def _find(call: Call, world: World) -> Record:
    return find_user(world, call.params["iamid"], call.params["userid"])


def find_user(world: World, iamid: str, userid: str) -> Record:
    """Return the user of an identity manager. Raises a 404 if there is none (assumed)."""
    found = world[USERS].all(where={"iamid": iamid, "userid": userid})
    if not found:
        raise user_not_found()
    return found[0]


def _attribute(call: Call, world: World) -> tuple[str, str]:
    name = call.params["attributeName"]
    return name.lower() if world.switches["attribute_names"] == "lower_case" else name, call.params["attributeValue"]


def user_fields(world: World, profile: int) -> Record:
    """Return what subscriptions show of a user, also of one without a record (immuta/tap-immuta 0.3.2)."""
    user = world[USERS].get(profile) or UNKNOWN
    return {
        "profile": profile,
        "name": user["profile"]["name"],
        "iamid": user["iamid"],
        "userid": user["userid"],
        "email": user["profile"]["email"],
        **{name: user[name] for name in ("systemGenerated", "lastExternalRefresh", "createdAt", "updatedAt")},
    }
