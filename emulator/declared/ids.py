"""Generates the keys of new records, and normalizes their spelling."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from emulator.declared.patterns import fits, matching
from emulator.declared.shapes import Place, type_of
from emulator.store.collection import Collection
from emulator.store.world import World

STRATEGIES = ("uuid", "integer", "objectid", "client")
_PART = re.compile(r"\{(hex|alnum|digits):([1-9][0-9]?)\}")
_SOME_UUID = "0b0e7b7a-3c5d-4e1f-8a6b-9c8d7e6f5a4b"
MATCHING = "matching "
"""Before the regular expression of keys: a strategy that no word names."""

_ALPHABETS: Mapping[str, str] = {
    "hex": "0123456789abcdef",
    "alnum": string.ascii_letters + string.digits,
    "digits": string.digits,
}


def is_strategy(text: str) -> bool:
    """Return True for one of STRATEGIES, and for a pattern: "cus_{hex:14}"."""
    return text in STRATEGIES or (_PART.search(text) is not None and not re.search(r"[{}]", _PART.sub("", text)))


def strategy_for(key: Place | None) -> str:
    """Return the default strategy for keys, by their schema: numbers, texts that its pattern matches, or UUIDs."""
    if key is not None and type_of(key) == "integer":
        return "integer"
    pattern, longest = (key.schema.get(word) for word in ("pattern", "maxLength")) if key else (None, None)
    if pattern and not fits(pattern, _SOME_UUID):
        return f"{MATCHING}{pattern}"
    return f"{{alnum:{longest}}}" if longest and longest < len(_SOME_UUID) else "uuid"


def canonical(strategy: str, value: Any) -> Any:
    """Return a key as it is stored, from a UUID in any spelling, an object id in any case, or a number as text."""
    if not isinstance(value, str):
        return value
    if strategy == "objectid":
        return value.lower()
    if strategy == "integer":
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 19 else value
    if strategy == "uuid":
        try:
            return str(UUID(value))
        except ValueError:
            return value
    return value


def new_id(strategy: str, world: World, collection: Collection) -> Any:
    """Return a key that no record of a collection has; those of the strategy "client" are given by the caller."""
    if strategy.startswith(MATCHING):
        pattern = strategy.removeprefix(MATCHING)
        return world.new_id(collection, lambda: matching(pattern, world.random) or world.uuid())
    draw: Callable[[], Any] = {
        "uuid": world.uuid,
        "client": world.uuid,
        "integer": lambda: world.next_number(collection.name),
        "objectid": lambda: world.hex(24),
    }.get(strategy, lambda: _PART.sub(lambda part: _drawn(part, world), strategy))
    return world.new_id(collection, draw)


def _drawn(part: re.Match[str], world: World) -> str:
    return "".join(world.random.choices(_ALPHABETS[part[1]], k=int(part[2])))
