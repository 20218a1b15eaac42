"""Executes a declared operation: one handler, built from its contract's declarations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from emulator.contract.openapi import Contract
from emulator.contract.operation import JSON, Operation, Response, is_json
from emulator.declared.dialect import DeclaredFailures
from emulator.declared.expressions import Context
from emulator.declared.listing import listed
from emulator.declared.paging import BadCursor, Page, Strategy, cut
from emulator.declared.replying import ReplyShape, example_reply, shown_as, success
from emulator.declared.resources import Resource, matches
from emulator.declared.root_fields import as_declared, payload, without_nulls
from emulator.declared.samples import Samples
from emulator.declared.shapes import NOTHING_HIDDEN, Hidden, Place, Shapes
from emulator.declared.words import OperationWords, ReplyWords
from emulator.declared.writing import Writer
from emulator.exchange import NOTHING, Call, Document, Record, Reply
from emulator.store.patching import PatchFailed, json_patch, merge_patch
from emulator.store.world import World

MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Plan:
    """One declared operation, with its declarations resolved.

    `key_from` is the path parameter that has the key, `parents` are the others, each with the field and the collection
    that it is the key of. `filters` are query parameters, each with the field and the operator that it is a condition
    of. `unwrap` is the property of the body in which the record stands.
    """

    operation: Operation
    words: OperationWords
    action: str
    resource: Resource
    resources: Mapping[str, Resource]
    shapes: Shapes
    reply: ReplyShape
    response: Response
    fail: Callable[[Call, Operation], DeclaredFailures]
    key_from: str = ""
    parents: Mapping[str, tuple[str, Resource]] = field(default_factory=dict)
    filters: Sequence[tuple[str, str, str]] = ()
    strategy: Strategy | None = None
    unwrap: str = ""
    replies_by_example: bool = False

    @cached_property
    def hidden(self) -> Hidden:
        """What its replies leave out of a record."""
        return self.shapes.hidden(self.reply.place) if self.reply.place else NOTHING_HIDDEN

    def handle(self, call: Call, world: World) -> Any:
        """Handle one call in one transaction: return its reply, or the payload of a root field."""
        act = _Act(self, call, world)
        act.check_parents()
        reply = _ACTIONS[self.action](act)
        return act.payload(reply) if self.operation.root else reply


class _Act:
    """One call of a declared operation."""

    def __init__(self, plan: Plan, call: Call, world: World) -> None:
        self.plan = plan
        self.call = without_nulls(call) if plan.operation.root else call
        self.arguments = call.params
        self.world = world
        self.resource = plan.resource
        self.context = Context(self.call, world)
        self.failures = plan.fail(call, plan.operation)

    def check_parents(self) -> None:
        """Refuse a call below a missing record of another collection."""
        for parameter, (_, parent) in self.plan.parents.items():
            value = self.call.params.get(parameter, NOTHING)
            found = parent.find(self.world, {parent.key: value}) if value is not NOTHING else []
            if not any(map(parent.is_shown, found)):
                raise self.failures.missing(parent.name, parent.key, value)

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """The values that fields must have: those of the path's parents and of `where`."""
        params = self.call.params
        found = {name: params[of] for of, (name, _) in self.plan.parents.items() if name and of in params}
        given = {name: self.context.value(value) for name, value in self.plan.words.where.items()}
        found |= {name: value for name, value in given.items() if value is not NOTHING}
        if self.plan.key_from in params:
            found[self.resource.key] = params[self.plan.key_from]
        return found

    def existing(self, shows_deleted: bool = False) -> Record:
        """Return the record of the call. Raises the refusal if there is none, or not in that state."""
        conditions = self.conditions
        if self.resource.key not in conditions and not conditions:
            conditions = {self.resource.key: self.given().get(self.resource.key, NOTHING)}
        by = self.plan.words.sort
        found = self.resource.find(self.world, conditions, by) if NOTHING not in conditions.values() else []
        for record in [one for one in found if shows_deleted or self.resource.is_shown(one)]:
            self._check_state(record)
            self.context = replace(self.context, names=_named(record, self.resource.key))
            return record
        key = self.resource.key
        raise self.failures.missing(self.resource.name, key, conditions.get(key, NOTHING))

    def _check_state(self, record: Record) -> None:
        wanted = self.context.value(dict(self.plan.words.requires))
        if not matches(record, wanted):
            said = "; ".join(f"{name} is {record.get(name)!r}, not {value!r}" for name, value in wanted.items())
            raise self.failures.conflict(self.resource.name, said)

    @property
    def writer(self) -> Writer:
        """The writer of this call's records."""
        return Writer(self.resource, self.plan.resources, self.plan.shapes, self.context, self.world, self.failures)

    def sent(self) -> Document:
        """Return the record in the call: from `input`, or else the body, the query, or a root field's arguments."""
        if self.plan.words.input is not None:
            found = self.context.value(self.plan.words.input)
        elif self.plan.operation.root:
            found = self.arguments
        elif self.call.parts:
            found = {name: part.text() for name, part in self.call.parts.items() if part.filename is None}
        elif self.call.document is NOTHING:
            return {name: value for name, value in self.call.params.items() if name in self.call.query}
        else:
            found = self.call.document
        return found.get(self.plan.unwrap, {}) if self.plan.unwrap and isinstance(found, dict) else found

    def payload(self, reply: Reply) -> Any:
        """Return the payload of a root field."""
        plan = self.plan
        return payload(reply.document, plan.operation, plan.shapes, self.resource.key, plan.words.reply.has_body)

    def given(self) -> dict[str, Any]:
        """Return the fields from the caller."""
        found = self.sent()
        return found if isinstance(found, dict) else {}

    def replied(self, record: Record, **names: Any) -> Reply:
        """Return the reply about one record."""
        reply = self.plan.reply.of_record(self._shown(record))
        return self._worded(reply, {**_named(record, self.resource.key), **names})

    def _shown(self, record: Record) -> Record:
        shown: Record = self.plan.hidden.without(self.resource.hooks.reply(self.world, self.resource.name, record))
        return shown

    def listed(self, records: Sequence[Record]) -> Reply:
        """Return the reply with records."""
        return self._worded(self.plan.reply.of_records([self._shown(record) for record in records]), {})

    def paged(self, page: Page, strategy: Strategy) -> Reply:
        """Return the reply with a page of records."""
        reply = self.plan.reply
        if not page.items and strategy.empty is not None and self.context.value(strategy.empty) == 204:
            return Reply(204)
        items = [self._selected(shown_as(reply.record, self._shown(record)), strategy) for record in page.items]
        context = replace(self.context, names={**page.values, "items": items})
        made = reply.of_items(items, page.values)
        if strategy.has_body:
            made.document = context.value(strategy.body)
        headers = {name: context.value(value) for name, value in strategy.headers.items()}
        made.headers |= {name: str(value) for name, value in headers.items() if value is not None}
        return self._worded(made, {})

    def _selected(self, item: Record, strategy: Strategy) -> Record:
        """Return the fields of a record that the caller requests, and those that are always returned."""
        include, exclude = (self._names(strategy, role) for role in ("include", "exclude"))
        kept = {name for name in item if (not include or name in include) and name not in exclude}
        return {name: value for name, value in item.items() if name in kept or name in strategy.always}

    def _names(self, strategy: Strategy, role: str) -> list[str]:
        given = self.call.params.get(strategy.parameters.get(role, ""), [])
        return given if isinstance(given, list) else [name.strip() for name in str(given).split(",")]

    def _worded(self, reply: Reply, names: Mapping[str, Any]) -> Reply:
        words = self.plan.words.reply
        context = replace(self.context, names={**self.context.names, **names})
        if self.plan.replies_by_example:
            reply = example_reply(self.plan.operation, self.plan.response, self.plan.shapes, words.example) or reply
        if words.has_body:
            reply.document = context.value(words.body)
        headers = {name: context.value(value) for name, value in words.headers.items()}
        reply.headers |= {name: str(value) for name, value in headers.items() if value not in (None, NOTHING)}
        return reply


def _named(record: Record, key: str) -> dict[str, Any]:
    return {"record": record, "id": record[key]}


def _list(act: _Act) -> Reply:
    plan, call = act.plan, act.call
    strategy, by = plan.strategy, _sorted_by(act) or plan.words.sort
    wanted = [(name, operator, call.params[of]) for of, name, operator in plan.filters if of in call.params]
    text = call.params.get(strategy.parameters.get("search", "")) if strategy else None
    listing = listed(act.resource, act.world, act.conditions, wanted, by, str(text or ""))
    if strategy is None:
        return act.listed(listing.part())
    try:
        return act.paged(cut(strategy, listing, act.context, act.resource.key), strategy)
    except BadCursor as problem:
        name = strategy.parameters["cursor"]
        raise act.failures.invalid(f"/{name}", f"{problem} was never given out", "query") from None


def _sorted_by(act: _Act) -> Sequence[str]:
    """Return the fields by which the caller sorts a list. Raises the refusal for an unknown field."""
    parameter = act.plan.strategy.parameters.get("sort", "") if act.plan.strategy else ""
    given = act.call.params.get(parameter)
    names = given if isinstance(given, list) else str(given).split(",") if given else []
    shape = act.resource.shape
    for name in names:
        if not name.strip("-") or (shape and not shape.is_open and name.removeprefix("-") not in shape.properties):
            raise act.failures.invalid(f"/{parameter}", f"{name!r} is not a field to sort by", "query")
    return names


def _get(act: _Act) -> Reply:
    return act.replied(act.existing())


def _create(act: _Act) -> Reply:
    sent = act.sent()
    if isinstance(sent, list):
        records = [_created(act, one) for one in sent]
        if not records and not act.plan.reply.is_list:
            raise act.failures.invalid("", "expected at least one record")
        return act.listed(records) if act.plan.reply.is_list else act.replied(records[-1])
    record = _created(act, sent)
    return act.replied(record)


def _created(act: _Act, given: Document) -> Record:
    return act.writer.create(given if isinstance(given, dict) else {}, act.conditions, act.plan.words.set)


def _replace(act: _Act) -> Reply:
    before = act.existing()
    return act.replied(act.writer.replace(before, {**act.given(), **_fixed(act)}, act.plan.words.set))


def _upsert(act: _Act) -> Reply:
    key = act.resource.key
    conditions = act.conditions or {key: act.given().get(key)}
    found = [record for record in act.resource.find(act.world, conditions) if act.resource.is_shown(record)]
    if found:
        return _replace(act)
    reply = act.replied(act.writer.create(act.given(), conditions, act.plan.words.set))
    declared = act.plan.operation.responses.get(201)
    if act.plan.words.reply.status is None and declared is not None and not declared.is_added:
        reply.status = 201
    return reply


def _fixed(act: _Act) -> dict[str, Any]:
    return {name: value for name, value in act.conditions.items() if not isinstance(value, list)}


def _patch(act: _Act) -> Reply:
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


def _patched(act: _Act, before: Record, operations: list[Any]) -> Record:
    try:
        after = json_patch(before, operations)
    except PatchFailed as problem:
        if problem.is_test:
            raise act.failures.conflict(act.resource.name, str(problem)) from None
        raise act.failures.invalid("", str(problem)) from None
    if not isinstance(after, dict):
        raise act.failures.invalid("", "the patch leaves no object")
    return {**act.resource.writable(after), **act.resource.kept_by_replace(before)}


def _delete(act: _Act) -> Reply:
    record = act.existing(shows_deleted=act.resource.words.delete.removes_later)
    removed = act.writer.delete(record)
    return act.replied(record, removed=removed)


_ACTIONS: Mapping[str, Callable[[_Act], Reply]] = {
    "list": _list,
    "get": _get,
    "create": _create,
    "replace": _replace,
    "upsert": _upsert,
    "patch": _patch,
    "delete": _delete,
}


def static_handler(
    operation: Operation, words: OperationWords, response: Response, shapes: Shapes
) -> Callable[[Call, World], Any]:
    """Return the handler of an operation without records: its reply, or else its example, or a value of its schema."""
    handler = partial(_static, operation, words, response, shapes)
    if not operation.root:
        return handler
    return lambda call, world: payload(
        handler(without_nulls(call), world).document, operation, shapes, "", words.reply.has_body
    )


def _static(
    operation: Operation, words: OperationWords, response: Response, shapes: Shapes, call: Call, world: World
) -> Reply:
    context, reply = Context(call, world), example_reply(operation, response, shapes, words.reply.example)
    if words.reply.has_body:
        reply = Reply(response.status, context.value(words.reply.body))
    elif reply is None:
        reply = _sampled(response, Samples(shapes, world), shapes)
    headers = {name: context.value(value) for name, value in words.reply.headers.items()}
    reply.headers |= {name: str(value) for name, value in headers.items() if value not in (None, NOTHING)}
    return reply


def _sampled(response: Response, samples: Samples, shapes: Shapes) -> Reply:
    """Return a reply whose document is a value of its schema: of two ways to make one, the first that is valid."""
    kind, media = next(iter(response.media.items()))
    if not is_json(kind):
        return Reply(response.status, content=b"example", content_type=kind)
    place: Place = shapes.at(media.check.address)
    document = samples.value(place)
    if not media.check.accepts(document):
        document = samples.structured(place)
    return Reply(response.status, document, content_type="" if kind == JSON else kind)


def example_handlers(contract: Contract, names: Sequence[str]) -> dict[str, Callable[[Call, World], Any]]:
    """Return handlers that return the contract's examples, or a value of its schemas."""
    shapes, found = Shapes(contract.schemas.documents), {}
    for name in names:
        operation = as_declared(contract.operations[name], contract.graphql)
        response = success(operation, "", ReplyWords()) or next(iter(operation.responses.values()))
        found[name] = static_handler(operation, OperationWords(), response, shapes)
    return found
