"""The parts of documents that a schema refers to: a validator copies what it is given, and needs no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urljoin

from emulator.exchange import NOTHING, Document, steps_of

__all__ = ["reached"]


class _Way(dict[str, Any]):
    """What leads to the schemas in a document."""


def reached(address: str, documents: Mapping[str, Document]) -> dict[str, Document]:
    """Return documents with the schema at an address and those that it refers to, each in its place, and nothing else.

    A list on the way to one is an object: a JSON pointer reaches into both. The documents have no `$id` within.
    """
    found, wanted, seen = _Way(), [address], set()
    while wanted:
        file, _, pointer = wanted.pop().partition("#")
        place = file, *steps_of(unquote(pointer))
        if place in seen:
            continue
        seen.add(place)
        schema = _at(documents, place)
        if schema is not NOTHING:
            _put(found, place, schema)
            wanted += [urljoin(file, reference) for reference in _references(schema)]
    return found


def _at(node: Any, place: Sequence[str]) -> Any:
    for step in place:
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, Mapping) and step in node:
            node = node[step]
        else:
            return NOTHING
    return node


def _put(way: _Way, place: Sequence[str], schema: Any) -> None:
    for step in place[:-1]:
        way = way.setdefault(step, _Way())
        if not isinstance(way, _Way):
            return  # It is part of one that is there.
    way[place[-1]] = schema


def _references(node: Any) -> Iterator[str]:
    """Yield what is referred to in a schema, and in the values that it names."""
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference
        for one in node.values():
            yield from _references(one)
    elif isinstance(node, list):
        for one in node:
            yield from _references(one)
