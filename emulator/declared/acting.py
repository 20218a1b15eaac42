"""One call of a declared operation: which records it means, what was sent, and how it is replied to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from emulator.contract.operation import Operation, Response
from emulator.declared.dialect import DeclaredFailures
from emulator.declared.expressions import Context
from emulator.declared.paging import Page, Strategy
from emulator.declared.replying import ReplyShape, example_reply, shown_as, with_body
from emulator.declared.resources import Resource, matches
from emulator.declared.root_fields import payload, without_nulls
from emulator.declared.shapes import NOTHING_HIDDEN, Hidden, Shapes
from emulator.declared.words import OperationWords
from emulator.declared.writing import Writer
from emulator.exchange import NOTHING, Call, Document, Record, Reply
from emulator.store.world import World


@dataclass(frozen=True)
class Plan:
    """One declared operation, with its declarations resolved.

    `key_from` are the parameters that have the key, each with its field, `parents` are the path parameters of other
    collections, each with the field and the collection that it is the key of. `filters` are query parameters, each with
    the field and the operator that it is a condition of. `unwrap` is the property of the body in which the record
    stands, `accepted` are its properties (None: any), `initial` is a singleton before it is written.
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
    key_from: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, tuple[str, Resource]] = field(default_factory=dict)
    filters: Sequence[tuple[str, str, str]] = ()
    strategy: Strategy | None = None
    unwrap: str = ""
    accepted: Collection[str] | None = None
    initial: Record = field(default_factory=dict)
    replies_by_example: bool = False

    @cached_property
    def hidden(self) -> Hidden:
        """What its replies leave out of a record."""
        return self.shapes.hidden(self.reply.place) if self.reply.place else NOTHING_HIDDEN


class Act:
    """One call of a declared operation."""

    def __init__(self, plan: Plan, call: Call, world: World, names: Mapping[str, Any] | None = None) -> None:
        self.plan = plan
        self.call = without_nulls(call) if plan.operation.root else call
        self.arguments = call.params
        self.world = world
        self.resource = plan.resource
        self.context = Context(self.call, world, names or {})
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
        return found | {name: params[of] for of, name in self.plan.key_from.items() if of in params}

    def existing(self, shows_deleted: bool = False) -> Record:
        """Return the record of the call. Raises the refusal if there is none, or not in that state."""
        conditions = self.conditions
        if not conditions:
            conditions = self.resource.identity(self.given())
        by = self.plan.words.sort
        found = self.resource.find(self.world, conditions, by) if NOTHING not in conditions.values() else []
        for record in [one for one in found if shows_deleted or self.resource.is_shown(one)]:
            self._check_state(record)
            self.context = replace(self.context, names=_named(record, self.resource.key))
            return record
        if self.resource.words.singleton and not found:
            return self.writer.create({}, {**self.plan.initial, **conditions}, {})
        key = self.resource.words.key_fields[-1]
        raise self.failures.missing(self.resource.name, key, conditions.get(key, NOTHING))

    def _check_state(self, record: Record) -> None:
        wanted = self.context.value(dict(self.plan.words.requires))
        if not matches(record, wanted):
            other = {name: value for name, value in wanted.items() if not matches(record, {name: value})}
            said = "; ".join(f"{name} is {record.get(name)!r}, not {value!r}" for name, value in other.items())
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
            query = {name: self.call.param("query", name) for name in self.call.query}
            return {name: value for name, value in query.items() if value is not NOTHING}
        else:
            found = self.call.document
        return self._accepted(
            found.get(self.plan.unwrap, {}) if self.plan.unwrap and isinstance(found, dict) else found
        )

    def _accepted(self, sent: Document) -> Document:
        """Return what was sent without properties that the schema of the body does not name."""
        names = self.plan.accepted
        if names is not None and isinstance(sent, dict):
            return {name: value for name, value in sent.items() if name in names}
        if names is not None and isinstance(sent, list) and self.plan.action == "create":
            return [self._accepted(one) for one in sent]
        return sent

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
        reply = self.plan.reply.of_record(self.shown(record))
        return self._worded(reply, {**_named(record, self.resource.key), **names})

    def shown(self, record: Record) -> Record:
        """Return a record as it is replied: as hooks show it, without what is only written."""
        shown: Record = self.plan.hidden.without(self.resource.hooks.reply(self.world, self.resource.name, record))
        return self.resource.kept.described(shown)

    def listed(self, records: Sequence[Record]) -> Reply:
        """Return the reply with records."""
        shown = [self.shown(record) for record in records]
        return self._worded(self.plan.reply.of_records(shown), {"items": shown, "count": len(shown)})

    def paged(self, page: Page, strategy: Strategy) -> Reply:
        """Return the reply with a page of records."""
        reply = self.plan.reply
        if not page.items and strategy.empty is not None and self.context.value(strategy.empty) == 204:
            return Reply(204)
        items = [self._selected(shown_as(reply.record, self.shown(record)), strategy) for record in page.items]
        context = replace(self.context, names={**page.values, "items": items})
        made = reply.of_items(items, page.values)
        if strategy.has_body:
            made.document = context.value(strategy.body)
        headers = {name: context.value(value) for name, value in strategy.headers.items()}
        made.headers |= {name: str(value) for name, value in headers.items() if value is not None}
        return self._worded(made, {"items": items, "count": page.values["count"]})

    def _selected(self, item: Record, strategy: Strategy) -> Record:
        """Return the fields of a record that the caller requests, and those that are always returned."""
        include, exclude = (self._names(strategy, role) for role in ("include", "exclude"))
        kept = {name for name in item if (not include or name in include) and name not in exclude}
        return {name: value for name, value in item.items() if name in kept or name in strategy.always}

    def _names(self, strategy: Strategy, role: str) -> list[str]:
        given = self.call.param("query", strategy.parameters.get(role, ""), [])
        return given if isinstance(given, list) else [name.strip() for name in str(given).split(",")]

    def _worded(self, reply: Reply, names: Mapping[str, Any]) -> Reply:
        words = self.plan.words.reply
        context = replace(self.context, names={**self.context.names, **names})
        if self.plan.replies_by_example:
            reply = example_reply(self.plan.operation, self.plan.response, self.plan.shapes, words.example) or reply
        if words.has_body:
            reply = with_body(reply, self.plan.response, context.value(words.body))
        headers = {name: context.value(value) for name, value in words.headers.items()}
        reply.headers |= {name: str(value) for name, value in headers.items() if value not in (None, NOTHING)}
        return reply


def _named(record: Record, key: str) -> dict[str, Any]:
    return {"record": record, "id": record[key]}
