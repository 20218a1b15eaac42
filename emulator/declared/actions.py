"""What each action does: list, get, create, replace, upsert, patch, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.declared.acting import Act, Plan
from emulator.declared.listing import listed
from emulator.declared.paging import BadCursor, cut
from emulator.declared.relay import RELAY, connection
from emulator.exchange import NOTHING, Call, Document, Record, Reply
from emulator.store.patching import PatchFailed, json_patch, merge_patch
from emulator.store.world import World

MERGE_PATCH = "application/merge-patch+json"


def _list(act: Act) -> Reply:
    plan, call = act.plan, act.call
    strategy, by = plan.strategy, _sorted_by(act) or plan.words.sort
    wanted = [(name, operator, call.param("query", of)) for of, name, operator in plan.filters]
    wanted = [condition for condition in wanted if condition[2] is not NOTHING]
    text = call.param("query", strategy.parameters.get("search", ""), None) if strategy else None
    is_whole = strategy is None and plan.words.paging != RELAY
    listing = listed(
        act.resource,
        act.world,
        act.conditions,
        wanted,
        by,
        str(text or ""),
        is_whole=is_whole,
        # The fields of a GraphQL call share a transaction, which cannot begin again for one of them.
        stays=bool(plan.operation.root),
    )
    if (page := act.resource.hooks.strategies.get(plan.words.paging)) is not None:
        return page(act.world, call, [act.shown(record) for record in listing.part()])
    if is_whole:
        return act.listed(listing.part())
    try:
        if strategy is None:
            return Reply(200, connection(listing, call.params, act.resource.key, act.shown))
        return act.paged(cut(strategy, listing, act.context, act.resource.key), strategy)
    except BadCursor as problem:
        raise act.failures.invalid(f"/{problem.parameter}", f"{problem} was never given out", "query") from None


def _sorted_by(act: Act) -> Sequence[str]:
    """Return the fields by which the caller sorts a list. Raises the refusal for an unknown field."""
    parameter = act.plan.strategy.parameters.get("sort", "") if act.plan.strategy else ""
    given = act.call.param("query", parameter, None)
    names = given if isinstance(given, list) else str(given).split(",") if given else []
    shape = act.resource.shape
    for name in names:
        if not name.strip("-") or (shape and not shape.is_open and name.removeprefix("-") not in shape.properties):
            raise act.failures.invalid(f"/{parameter}", f"{name!r} is not a field to sort by", "query")
    return names


def _get(act: Act) -> Reply:
    return act.replied(act.existing())


def _create(act: Act) -> Reply:
    sent = act.sent()
    if isinstance(sent, list):
        records = [_created(act, one) for one in sent]
        if not records and not act.plan.reply.is_list:
            raise act.failures.invalid("", "expected at least one record")
        return act.listed(records) if act.plan.reply.is_list else act.replied(records[-1])
    record = _created(act, sent)
    return act.replied(record)


def _created(act: Act, given: Document) -> Record:
    return act.writer.create(given if isinstance(given, dict) else {}, act.conditions, act.plan.words.set)


def _replace(act: Act) -> Reply:
    before = act.existing()
    return act.replied(act.writer.replace(before, {**act.given(), **_fixed(act)}, act.plan.words.set))


def _upsert(act: Act) -> Reply:
    given = act.given()
    conditions = act.conditions or {name: given.get(name) for name in act.resource.words.key_fields}
    found = [record for record in act.resource.find(act.world, conditions) if act.resource.is_shown(record)]
    if found:
        return _replace(act)
    reply = act.replied(act.writer.create(act.given(), conditions, act.plan.words.set))
    declared = act.plan.operation.responses.get(201)
    if act.plan.words.reply.status is None and declared is not None and not declared.is_added:
        reply.status = 201
    return reply


def _fixed(act: Act) -> dict[str, Any]:
    return {name: value for name, value in act.conditions.items() if not isinstance(value, list)}


def _patch(act: Act) -> Reply:
    before = act.existing()
    sent, nulls = act.sent(), act.resource.words.nulls
    if isinstance(sent, list):
        after = _patched(act, before, sent)
    elif act.call.content_type == MERGE_PATCH and not nulls:
        after = merge_patch(before, act.resource.writable(act.given()))
    else:
        given = act.resource.writable(act.given())
        after = {**before, **given}
        if nulls in ("ignore", "remove"):
            empty = [name for name, value in given.items() if value is None]
            after |= {name: before[name] for name in empty if nulls == "ignore" and name in before}
            after = {name: value for name, value in after.items() if value is not None or name not in empty}
    return act.replied(act.writer.change(before, after, act.plan.words.set))


def _patched(act: Act, before: Record, operations: list[Any]) -> Record:
    try:
        after = json_patch(before, operations)
    except PatchFailed as problem:
        if problem.is_test:
            raise act.failures.conflict(act.resource.name, str(problem)) from None
        raise act.failures.invalid("", str(problem)) from None
    if not isinstance(after, dict):
        raise act.failures.invalid("", "the patch leaves no object")
    return {**act.resource.writable(after), **act.resource.kept_by_replace(before)}


def _delete(act: Act) -> Reply:
    record = act.existing(shows_deleted=act.resource.words.delete.removes_later)
    removed = act.writer.delete(record)
    return act.replied(record, removed=removed)


ACTIONS: Mapping[str, Callable[[Act], Reply]] = {
    "list": _list,
    "get": _get,
    "create": _create,
    "replace": _replace,
    "upsert": _upsert,
    "patch": _patch,
    "delete": _delete,
}


def handle(plan: Plan, call: Call, world: World) -> Any:
    """Handle one call in one transaction: return its reply, or the payload of a root field."""
    act = Act(plan, call, world)
    plan.resource.hooks.prepare(world, plan.resource.name)
    act.check_parents()
    reply = ACTIONS[plan.action](act)
    return act.payload(reply) if plan.operation.root else reply
