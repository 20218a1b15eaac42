"""Creating, changing and deleting users, and the users of groups. The contract declares what changes groups."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply, timestamp
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.collections import (
    DOMAIN_PERMISSIONS,
    GROUP_USERS,
    GROUPS,
    PROJECT_MEMBERS,
    SUBSCRIPTIONS,
    USERS,
)
from emulator.vendors.immuta.errors import group_not_found, name_taken, user_not_found
from emulator.vendors.immuta.users import find_user

BIM = "bim"
"""Immuta's own identity manager."""

NEW_PERMISSIONS = ["CREATE_PROJECT"]
"""What a user may do for whom no permission is sent (Immuta documentation, BIM API, the printed reply)."""

TOKEN_LENGTH = 23

UNKNOWN = ("phone", "about", "location", "organization", "position", "preferences", "scim")
"""The fields of a new profile that are null."""

BY_PROFILE = {
    SUBSCRIPTIONS: "profile",
    PROJECT_MEMBERS: "profile",
    GROUP_USERS: "profile",
    DOMAIN_PERMISSIONS: "profileId",
}
"""What goes with a user, and the field with the profile."""

handlers = Handlers()
hooks = Hooks()


@hooks.writing("groups")
def settle(world: World, write: Write) -> Record | None:
    """Return a group as it is. Raises a 403 for a user who may only read (assumed)."""
    require_full_rights(world)
    return write.after


@hooks.written("groups")
def follow(world: World, write: Write) -> None:
    """Let memberships go with their group."""
    if write.after is None and write.before is not None:
        world[GROUP_USERS].delete_all(where={"group": write.before["id"]})


@handlers.operation("listBimUsers")
def list_bim_users(call: Call, world: World) -> Reply:
    """Return the users of Immuta itself (immuta/terraform-provider-immuta)."""
    users = world[USERS].all(where={"iamid": BIM})
    return Reply(200, {"users": users, "count": len(users)})


@handlers.operation("createUser")
def create_user(call: Call, world: World) -> Reply:
    """Create a user of Immuta itself, without e-mail (Immuta documentation, BIM API)."""
    require_full_rights(world)
    payload: Any = call.document
    userid, now = payload["userid"], timestamp(world.now)
    if world[USERS].all(where={"iamid": BIM, "userid": userid}):
        raise Refusal(name_taken("user", userid))
    user = _new_user(payload, world.unused_number(USERS, world[USERS].count() + 2), now)
    world[USERS].insert(user)
    named = f"userid={quote(userid, safe='')}&name={quote(user['profile']['name'], safe='')}"
    link = f"https://demo.immuta.com/login?token={world.secret(TOKEN_LENGTH)}&{named}"
    return Reply(200, {"newUser": user, "newUserLink": link, "emailFailed": False, "emailSent": False})


@handlers.operation("deleteUser")
def delete_user(call: Call, world: World) -> Reply:
    """Delete a user with all that refers to it (Immuta documentation, BIM API; the reply is assumed)."""
    require_full_rights(world)
    user = find_user(world, call.params["iamid"], call.params["userid"])
    for collection, field in BY_PROFILE.items():
        world[collection].delete_all(where={field: user["id"]})
    world[USERS].delete(user["id"])
    return Reply(200, {})


@handlers.operation("updateProfile")
def update_profile(call: Call, world: World) -> Reply:
    """Change the fields of a profile that are sent (Immuta documentation, BIM API)."""
    require_full_rights(world)
    user = find_user(world, call.params["iamid"], call.params["userid"])
    payload: Any = call.document
    given = {name: value for name, value in payload.items() if name in user["profile"]}
    made = {name: user["profile"][name] for name in ("id", "scim", "systemGenerated", "createdAt")}
    profile = {**user["profile"], **given, **made, "updatedAt": timestamp(world.now)}
    world[USERS].replace({**user, "profile": profile})
    return Reply(200, profile)


@handlers.operation("listGroupUsers")
def list_group_users(call: Call, world: World) -> Reply:
    """Return the users of a group (immuta/terraform-provider-immuta)."""
    memberships = world[GROUP_USERS].all(where={"group": _group(call, world)["id"]})
    hits = [_hit(one, user) for one in memberships if (user := world[USERS].get(one["profile"]))]
    return Reply(200, {"count": len(hits), "hits": hits})


@handlers.operation("putGroupUser")
def put_group_user(call: Call, world: World) -> Reply:
    """Add a user to a group, or leave it there (immuta/terraform-provider-immuta; the latter is assumed)."""
    require_full_rights(world)
    payload: Any = call.document
    group = _group(call, world)
    there = {"group": group["id"], "profile": find_user(world, payload["iamid"], payload["userid"])["id"]}
    existing = world[GROUP_USERS].all(where=there)
    if existing:
        return Reply(200, existing[0])
    now, id = timestamp(world.now), world.unused_number(GROUP_USERS, world[GROUP_USERS].count() + 1)
    membership = {"id": id, **there, "createdAt": now, "updatedAt": now}
    world[GROUP_USERS].insert(membership)
    return Reply(200, membership)


@handlers.operation("deleteGroupUser")
def delete_group_user(call: Call, world: World) -> Reply:
    """Take a user out of a group (immuta/terraform-provider-immuta; the reply is assumed)."""
    require_full_rights(world)
    group, id = _group(call, world), call.params["membershipId"]
    membership = world[GROUP_USERS].get(id)
    if membership is None or membership["group"] != group["id"]:
        raise user_not_found()
    world[GROUP_USERS].delete(id)
    return Reply(200, {})


def _group(call: Call, world: World) -> Record:
    group = world[GROUPS].get(call.params["groupId"])
    if group is None:
        raise group_not_found()
    return group


def _hit(membership: Record, user: Record) -> Record:
    return {
        **membership,
        "profile": user["profile"],
        **{name: user[name] for name in ("userid", "iamid", "disabled")},
        "uid": user["id"],
    }


def _new_user(payload: Record, id: int, now: str) -> Record:
    given = payload.get("profile", {})
    times = {"createdAt": now, "updatedAt": now}
    profile = {
        "name": given.get("name") or payload["userid"],
        "email": given.get("email"),
        **dict.fromkeys(UNKNOWN),
        "externalUserIds": {},
        "systemGenerated": False,
        "id": id,
        **times,
    }
    return {
        "id": id,
        "iamid": BIM,
        "userid": payload["userid"],
        "bimAuthorizations": None,
        "iamAuthorizations": None,
        "authorizations": {},
        "permissions": payload.get("permissions") or NEW_PERMISSIONS,
        "profile": profile,
        "authentication": None,
        "systemGenerated": False,
        "lastLogin": None,
        "lastExternalRefresh": now,
        "disabled": False,
        **times,
    }
