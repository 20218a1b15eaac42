"""Compares two JSON documents by what they consist of: names and types, not values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.exchange import pointer_to

TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


def structural_differences(ours: Any, theirs: Any, *steps: object) -> Iterator[tuple[str, str, str]]:
    """Yield pointer and the two descriptions wherever `ours` has other names or types than `theirs`.

    The items of a list are compared with the first one of the other list; null is compared with nothing.
    """
    if ours is None or theirs is None:
        return
    kind, other = type_name(ours), type_name(theirs)
    if kind != other:
        yield pointer_to(*steps), kind, other
    elif isinstance(ours, dict):
        for name in [*theirs, *(name for name in ours if name not in theirs)]:
            if name not in ours or name not in theirs:
                present, absent = "present", "missing"
                yield (
                    pointer_to(*steps, name),
                    present if name in ours else absent,
                    present if name in theirs else absent,
                )
            else:
                yield from structural_differences(ours[name], theirs[name], *steps, name)
    elif isinstance(ours, list) and ours and theirs:
        yield from structural_differences(ours[0], theirs[0], *steps, 0)


def type_name(value: Any) -> str:
    """Return the JSON type of a value."""
    return TYPES.get(type(value), "null")


def texts_at_the_same_place(ours: Any, theirs: Any) -> Iterator[tuple[str, str]]:
    """Yield pairs of different texts (ours, theirs) at the same places of two documents."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours.keys() & theirs.keys():
            yield from texts_at_the_same_place(ours[name], theirs[name])
    elif isinstance(ours, list) and isinstance(theirs, list):
        for one, other in zip(ours, theirs, strict=False):
            yield from texts_at_the_same_place(one, other)
    elif isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
        yield ours, theirs
