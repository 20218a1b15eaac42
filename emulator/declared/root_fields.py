"""Root fields of GraphQL in declared behaviour: their arguments as parameters, and their payloads.

An argument is a field of the record with its name. A payload gets the record, or records, where its schema has them,
and True for a required `ok` or `success`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulator.contract.graphql import GraphQL
from emulator.contract.operation import Media, Operation, Parameter, Response
from emulator.declared.expressions import Problem
from emulator.declared.relay import NO_CONNECTION, RELAY
from emulator.declared.shapes import Shapes, type_of
from emulator.declared.words import OperationWords
from emulator.exchange import JSON, Call

ARGUMENT = "arguments"
"""The place of a root field's parameters."""

DONE = ("ok", "success")
"""The Boolean fields of a payload that say that all went well."""

ON_A_RECORD = ("get", "replace", "patch", "delete")


def as_declared(operation: Operation, graphql: GraphQL | None) -> Operation:
    """Return an operation as declarations see it: a root field with its arguments, and its payload as a response."""
    if not operation.root or graphql is None or operation.payload is None:
        return operation
    check = operation.payload
    parameters = [Parameter(name, ARGUMENT, False, "", check) for name in graphql.arguments(operation.name)]
    response = Response(200, operation.evidence, {JSON: Media(check, {})})
    return replace(operation, parameters=parameters, responses={200: response})


def wrapping_argument(operation: Operation, graphql: GraphQL, key: str) -> str:
    """Return the argument with the record's fields, if it is the only one besides the key: `input`."""
    found = {name: is_object for name, is_object in graphql.arguments(operation.name).items() if name != key}
    return next((name for name, is_object in found.items() if is_object), "") if len(found) == 1 else ""


def root_field_problems(
    words: OperationWords, operation: Operation, action: str, key: Sequence[str], graphql: GraphQL
) -> Iterator[Problem]:
    """Yield the mistakes in the declaration of a root field; `key` are the key fields of its collection."""
    field = graphql.object_field(f"{operation.root.capitalize()}.{operation.name}")
    if words.paging == RELAY and field is not None and not field.is_connection:
        yield "/paging", NO_CONNECTION
    if words.paging not in ("", "none", RELAY):
        yield "/paging", "a root field has no pages but those of relay; write filter, or a handler"
    if words.reply.status is not None or words.reply.headers or words.reply.example:
        yield "/reply", "a root field has neither status, headers nor examples; write body"
    names = [parameter.name for parameter in operation.parameters]
    lacking = [name for name in key if name not in names]
    if action in ON_A_RECORD and not words.where and lacking:
        said = (
            f"{operation.name} has no argument {lacking[0]!r}, the key of {words.collection}; name the record in where"
        )
        yield "", f"{said} (arguments: {', '.join(names) or 'none'})"


def without_nulls(call: Call) -> Call:
    """Return a root field's call without the arguments that are null: those are no conditions."""
    return replace(call, params={name: value for name, value in call.params.items() if value is not None})


def payload(document: Any, operation: Operation, shapes: Shapes, key: str, written: bool) -> Any:
    """Return the payload of a root field from the document of its reply; one that was `written` is only completed."""
    place = shapes.at(operation.payload.address if operation.payload else "")
    shape, kind = shapes.shape(place), type_of(place)
    if shape.kind == "object" and isinstance(document, dict):
        done = [name for name in DONE if name in shape.properties and type_of(shape.properties[name]) == "boolean"]
        return {**dict.fromkeys(done, True), **document}
    if written or shape.kind != "other" or not isinstance(document, Mapping):
        return document
    return True if kind == "boolean" else document.get(key)
