"""Global policies, and the data policies of a data source. The contract declares what creates and changes them."""

from __future__ import annotations

from typing import Any

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.immuta.auth import require_full_rights
from emulator.vendors.immuta.circumstances import applied_policies
from emulator.vendors.immuta.collections import USERS
from emulator.vendors.immuta.data_sources import find_data_source
from emulator.vendors.immuta.errors import policy_handler_not_found

handlers = Handlers()
hooks = Hooks()


@handlers.operation("getPolicyHandler")
def get_policy_handler(call: Call, world: World) -> Reply:
    """Return the data policies that apply to a data source (sandeepmohan/immuta-mcp, immuta_queries.py)."""
    data_source = find_data_source(world, call.params["dataSourceId"])
    actions = [action for policy in applied_policies(world, data_source, "data") for action in policy["actions"]]
    if not actions:
        raise policy_handler_not_found()
    return Reply(200, {"dataSourceId": data_source["id"], "jsonPolicies": actions, "rules": None})


@hooks.writing("policies")
def settle(world: World, write: Write) -> Record | None:
    """Return a policy as it is stored: as the documented reply differs from the documented call.

    Immuta documentation, Manage Data and Subscription Policies. Raises a 403 for a user who may only read (assumed).
    """
    require_full_rights(world)
    if write.after is None:
        return None
    after = {**write.after, "actions": [_action(one) for one in write.after["actions"]]}
    if after["circumstances"] is not None:
        after["circumstances"] = [_circumstance(one) for one in after["circumstances"]]
    return after if write.before is not None else {**after, **_creator(world), "policyKey": after["name"]}


def _creator(world: World) -> Record:
    id = int(world.identity.user)
    user = world[USERS].get(id)
    return {"createdBy": id, "createdByName": user["profile"]["name"] if user else None}


def _action(action: Record) -> Record:
    rules = {"rules": [_rule(rule) for rule in action["rules"]]} if isinstance(action.get("rules"), list) else {}
    return {**action, **rules, "description": action.get("description") or None}


def _rule(rule: Any) -> Any:
    match rule:
        case {"config": {"fields": [*fields]} as config}:
            return {**rule, "config": {**config, "fields": [_without(field, "displayName") for field in fields]}}
    return rule


def _circumstance(circumstance: Record) -> Record:
    named = {name: circumstance[name] for name in ("tag", "columnTag") if name in circumstance}
    return {**circumstance, **{name: _without(tag, "displayName", "source") for name, tag in named.items()}}


def _without(value: Any, *names: str) -> Any:
    return {name: one for name, one in value.items() if name not in names} if isinstance(value, dict) else value
