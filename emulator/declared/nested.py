"""Nested fields of GraphQL with records of their own: `Task.comments` has those that refer to the task.

The document of a nested field's call is its parent: what the field above replied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from emulator.contract.graphql import GraphQL
from emulator.contract.operation import ObjectField, Operation, Parameter, Response
from emulator.declared.acting import Act, Plan
from emulator.declared.actions import ACTIONS
from emulator.declared.expressions import Problem, Scope
from emulator.declared.planning import Handle, Planner
from emulator.declared.relay import NO_CONNECTION, RELAY
from emulator.declared.replying import ReplyShape
from emulator.declared.resources import Resource
from emulator.declared.root_fields import ARGUMENT
from emulator.declared.words import OperationWords
from emulator.errors import unknown
from emulator.exchange import NOTHING, Call
from emulator.store.world import World

ALLOWED = ("collection", "action", "where", "filter", "sort", "paging", "x-evidence")
"""The words of a nested field: it only reads."""


class NestedFields(NamedTuple):
    """The nested fields of a schema that have words, by their names ("Task.comments")."""

    graphql: GraphQL
    planner: Planner
    switches: Mapping[str, Any]

    def problems(self, name: str, written: Mapping[str, Any]) -> Iterator[Problem]:
        """Yield the mistakes in the words of a nested field, whose form is valid."""
        field, words, resources = self.graphql.object_field(name), OperationWords.of(written), self.planner.resources
        if field is None:
            yield "", unknown("field", name, [f"{of}.{one}" for of, one in self.graphql.fields()])
            return
        for word in written:
            if word not in ALLOWED:
                yield f"/{word}", f"a nested field only reads; it has {', '.join(ALLOWED)}"
        if words.collection not in resources:
            yield "/collection", unknown("collection", words.collection, resources)
            return
        if words.action not in ("", "list", "get"):
            yield "/action", "a nested field only reads; use list or get"
        if words.paging not in ("", "none", RELAY):
            yield "/paging", "a nested field has no pages but those of relay"
        if words.paging == RELAY and not field.is_connection:
            yield "/paging", NO_CONNECTION
        if not words.where and not self._where(name, field, words):
            said = f"no single reference leads from {name.partition('.')[0]} to {words.collection}, or back"
            yield "", f"{said}; write where"
        scope = Scope({ARGUMENT: field.arguments}, self.switches, ("parent",))
        yield from scope.problems(dict(words.where), "/where")

    def handler(self, name: str, written: Mapping[str, Any]) -> Handle:
        """Return the handler of a nested field with valid words."""
        field, words = self.graphql.object_field(name), OperationWords.of(written)
        assert field is not None
        words = words._replace(where=words.where or self._where(name, field, words))
        carrier = self.planner.purposes.operations[self.graphql.carrier]
        operation = replace(carrier, name=name, root="query", parameters=_parameters(field, carrier), responses={})
        action = words.action or ("list" if field.is_list or words.paging == RELAY else "get")
        plan = Plan(
            operation=operation,
            words=words,
            action=action,
            resource=self.planner.resources[words.collection],
            resources=self.planner.resources,
            shapes=self.planner.shapes,
            reply=ReplyShape(200, has_body=True, is_list=action == "list"),
            response=Response(200, carrier.evidence, {}),
            fail=self.planner.fail,
            filters=self.planner.filters(operation, words, None),
        )
        return partial(_value, plan)

    def _where(self, name: str, field: ObjectField, words: OperationWords) -> dict[str, Any]:
        """Return the condition by which two collections refer to each other, {} if it is not clear."""
        above = self._collection_of(name.partition(".")[0])
        own = self.planner.resources[words.collection]
        if above is None:
            return {}
        if field.is_list or words.paging == RELAY:
            fields = own.words.fields_to(above.name)
            return {fields[0]: f"$parent#/{above.key}"} if len(fields) == 1 else {}
        fields = above.words.fields_to(own.name)
        return {own.key: f"$parent#/{fields[0]}"} if len(fields) == 1 else {}

    def _collection_of(self, type_name: str) -> Resource | None:
        """Return the collection whose schema is a type of GraphQL."""
        resources = self.planner.resources.values()
        found = [one for one in resources if (one.kept.schema or "").rpartition("/")[2] == type_name]
        return found[0] if len(found) == 1 else None


def _value(plan: Plan, call: Call, world: World) -> Any:
    """Return the records of a nested field, or the only one; null if its parent refers to none, or a missing one."""
    act = Act(plan, call, world, {"parent": call.document})
    if plan.action == "list":
        return ACTIONS["list"](act).document
    referring = [value for value in plan.words.where.values() if str(value).startswith("$parent")]
    if any(act.context.value(value) in (NOTHING, None) for value in referring):
        return None
    found = plan.resource.find(world, act.conditions, plan.words.sort)
    return next((act.shown(record) for record in found if plan.resource.is_shown(record)), None)


def _parameters(field: ObjectField, carrier: Operation) -> list[Parameter]:
    check = next(iter(carrier.body.media.values())).check if carrier.body else None
    assert check is not None
    return [Parameter(name, ARGUMENT, False, "", check) for name in field.arguments]
