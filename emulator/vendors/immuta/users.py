"""Users, and who has access to a data source. The contract declares groups and identity managers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.collections import SUBSCRIPTIONS, USERS
from emulator.vendors.immuta.data_sources import NOT_SUBSCRIBED, find_data_source
from emulator.vendors.immuta.errors import user_not_found

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
