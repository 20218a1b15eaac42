"""Users, groups and teams of the workspace. The contract declares most of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Hooks, Write
from emulator.vendors.secoda.changes import without
from emulator.vendors.secoda.collections import CATALOG, GROUPS, INTEGRATIONS, USERS
from emulator.vendors.secoda.errors import REQUIRED, invalid_fields
from emulator.vendors.secoda.paging import page_of
from emulator.vendors.secoda.populate import TEAM

hooks = Hooks()

DEFAULT_TEAM: Final = "The default team cannot be deleted."


@hooks.paging("secoda")
def page_of_members(world: World, call: Call, records: Sequence[Record]) -> Reply:
    """Return one page of users, or of groups."""
    return page_of(world, call, records)


@hooks.paging("teams")
def page_of_teams(world: World, call: Call, teams: Sequence[Record]) -> Reply:
    """Return one page of the teams, without archived ones unless the caller wants them."""
    wants_all = call.params.get("include_archived", False)
    return page_of(world, call, [team for team in teams if wants_all or not team["archived"]])


@hooks.writing("users")
def settle_user(world: World, write: Write) -> Record | None:
    """Return a user as it is kept, its role in lower case; put it into its groups.

    Raises Refusal (400) for a guest without a team.
    """
    if write.after is None:
        return None
    user = {**write.after, "role": write.after["role"].lower()}
    if user["role"] == "guest" and not user["teams"]:
        raise invalid_fields({"teams": [REQUIRED]})
    groups = user.pop("user_groups", None)
    for group in world[GROUPS].all() if groups is not None else ():
        users = [id for id in group["users"] if id != user["id"]] + [user["id"]] * (group["id"] in groups)
        world[GROUPS].replace({**group, "users": users})
    return user


@hooks.shown("users")
def show_user(world: World, user: Record) -> Record:
    """Return a user with its groups, without its teams."""
    groups = [group["id"] for group in world[GROUPS].all() if user["id"] in group["users"]]
    return {**{name: value for name, value in user.items() if name != "teams"}, "user_groups": groups}


@hooks.written("users")
def forget_user(world: World, write: Write) -> None:
    """Take a deleted user out of the groups, and of what it owns or follows."""
    if write.before is not None and write.after is None:
        without(world, GROUPS, "users", write.before["id"])
        for name in ("owners", "subscribers"):
            without(world, CATALOG, name, write.before["id"])


@hooks.written("groups")
def forget_group(world: World, write: Write) -> None:
    """Take a deleted group out of what it owns."""
    if write.before is not None and write.after is None:
        without(world, CATALOG, "owners_groups", write.before["id"])


@hooks.written("teams")
def give_to_default_team(world: World, write: Write) -> None:
    """Leave what belonged solely to a deleted team to the default team (Secoda documentation, Teams)."""
    if write.before is None or write.after is not None:
        return
    if write.before["is_default_team"]:
        raise invalid_fields({"non_field_errors": [DEFAULT_TEAM]})
    without(world, USERS, "teams", write.before["id"])
    for collection in (INTEGRATIONS, CATALOG):
        without(world, collection, "teams", write.before["id"], or_else=[TEAM])
