"""Calls that are written in a contract's files: with "<name>" where a value of an earlier reply belongs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from emulator.compare.graphql_questions import is_query
from emulator.compare.live import Question
from emulator.contract.openapi import Contract
from emulator.exchange import NOTHING, steps_of
from emulator.matching.where import at_pointer

_KEPT = re.compile(r"<([A-Za-z_]+)(?::([a-z]+))?>")
_CHANGES: Mapping[str, Callable[[str], str]] = {"swapcase": str.swapcase, "tail": lambda text: text[1:]}


class NothingKept(Exception):
    """A step needs a value that no reply before it had: str() is its name."""


def filled(value: Any, kept: Mapping[str, Sequence[Any]]) -> Any:
    """Return a value with each "<name>" in it replaced by the first value kept of that name. Raises NothingKept."""
    if isinstance(value, dict):
        return {name: filled(one, kept) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, kept) for one in value]
    if not isinstance(value, str):
        return value
    whole = _KEPT.fullmatch(value)
    return _kept(whole, kept) if whole else _KEPT.sub(lambda found: str(_kept(found, kept)), value)


def _kept(found: re.Match[str], kept: Mapping[str, Sequence[Any]]) -> Any:
    name, change = found[1], found[2]
    if not kept.get(name):
        raise NothingKept(name)
    return _CHANGES[change](str(kept[name][0])) if change else kept[name][0]


def names_in(value: Any) -> Iterator[str]:
    """Yield the names that a value is filled with."""
    if isinstance(value, str):
        yield from (found[1] for found in _KEPT.finditer(value))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from names_in(one)


def question_of(contract: Contract, step: Mapping[str, Any], kept: Mapping[str, Sequence[Any]]) -> Question:
    """Return the call of a step, filled with kept values. Raises NothingKept."""
    given = filled({name: step[name] for name in ("query", "body", "parts", "headers") if name in step}, kept)
    query = f"?{urlencode(given['query'])}" if "query" in given else ""
    operation = contract.operations[step["call"]]
    return Question(
        operation.method,
        path_of(contract, step, kept) + query,
        given.get("body"),
        is_anonymous=step.get("anonymous", False),
        parts=given.get("parts", {}),
        headers=given.get("headers", {}),
        is_query=bool(operation.root) and is_query(step["body"]["query"], step["body"].get("operationName")),
    )


def path_of(contract: Contract, step: Mapping[str, Any], kept: Mapping[str, Sequence[Any]]) -> str:
    """Return the path of a step's call, below the vendor's base URL. Raises NothingKept."""
    path = contract.operations[step["call"]].path
    for name, value in filled(step.get("path", {}), kept).items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return path


def values_at(document: Any, pointer: str) -> Iterator[Any]:
    """Yield the values at a JSON pointer in which "*" is every item of a list."""
    yield from _below(document, steps_of(pointer))


def _below(document: Any, steps: Sequence[str]) -> Iterator[Any]:
    if document is NOTHING or not steps:
        yield from () if document is NOTHING else (document,)
    elif steps[0] == "*":
        for one in document if isinstance(document, list) else ():
            yield from _below(one, steps[1:])
    else:
        yield from _below(at_pointer(document, f"/{steps[0].replace('~', '~0').replace('/', '~1')}"), steps[1:])
