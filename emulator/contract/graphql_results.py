"""Validates the result of a GraphQL request that another server ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, execute_sync

from emulator.contract.execution import Executable, GraphQLDocument
from emulator.exchange import NOTHING, Violation, pointer_to


def result_violations(
    executable: Executable, document: GraphQLDocument, request: Mapping[str, Any], data: Any
) -> Iterator[Violation]:
    """Yield where `data` differs from what the schema says about the selected fields: types, nulls, enums, names.

    The document is executed over the data: each field returns the value at its response name.
    """
    if document.ast is None or document.refusal is not None or not isinstance(data, dict):
        return
    result = execute_sync(
        executable.schema,
        document.ast,
        data,
        variable_values=request.get("variables"),
        operation_name=request.get("operationName"),
        type_resolver=_type_of,
        middleware=[_take],
    )
    failed = [list(error.path or ()) for error in result.errors or ()]
    for error, path in zip(result.errors or (), failed, strict=True):
        yield _violation(path, "type", error.message, NOTHING)
    yield from _differences(data, result.data, [], failed)


def _type_of(value: Any, *_: Any) -> Any:
    return value.get("__typename") if isinstance(value, dict) else None


def _take(_resolver: Any, source: Any, info: GraphQLResolveInfo[Any], **_: Any) -> Any:
    key = info.path.key
    if not isinstance(source, dict):
        raise GraphQLError(f"expected an object of type {info.parent_type.name}")
    if key not in source:
        raise GraphQLError(f"{key!r} was selected and is missing")
    return source[key]


def _differences(theirs: Any, ours: Any, path: list[str | int], failed: list[list[str | int]]) -> Iterator[Violation]:
    """Yield scalars that the schema writes otherwise, such as "5" for an Int, and fields that were not selected."""
    if path in failed or (ours is None and any(found[: len(path)] == path for found in failed)):
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key, value in theirs.items():
            if key not in ours:
                yield _violation([*path, key], "additionalProperties", f"{key!r} was not selected", theirs)
            else:
                yield from _differences(value, ours[key], [*path, key], failed)
    elif isinstance(theirs, list) and isinstance(ours, list):
        for number, (their, our) in enumerate(zip(theirs, ours, strict=True)):
            yield from _differences(their, our, [*path, number], failed)
    elif type(theirs) is not type(ours) or theirs != ours:
        yield _violation(path, "type", f"expected {ours!r}", theirs)


def _violation(path: list[str | int], rule: str, sentence: str, actual: Any) -> Violation:
    return Violation("body", "/data" + pointer_to(*path), rule, NOTHING, actual, sentence)
