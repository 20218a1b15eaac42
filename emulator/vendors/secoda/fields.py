"""Reads the fields of a written record as Django REST framework does: texts, booleans, and ids of other records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.exchange import Record
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendor import Hooks, Write
from emulator.vendors.secoda.collections import CATALOG, GROUPS, INTEGRATIONS, TAGS, TEAMS, USERS
from emulator.vendors.secoda.errors import invalid_fields, parse_boolean, parse_uuid, unknown_key
from emulator.vendors.secoda.texts import is_number, read_text, text_problems

hooks = Hooks()

TEXTS: Final = frozenset(
    (
        "color",
        "database",
        "definition",
        "description",
        "email",
        "entity_type",
        "first_name",
        "group",
        "icon",
        "last_name",
        "name",
        "native_type",
        "schema",
        "title",
        "url",
    )
)

BOOLEANS: Final = frozenset(("accepted_answer", "pii", "published", "verified"))

TARGETS: Final[Mapping[str, Collection]] = {
    "assigned_to": USERS,
    "collections": CATALOG,
    "integration": INTEGRATIONS,
    "owners": USERS,
    "owners_groups": GROUPS,
    "parent": CATALOG,
    "subscribers": USERS,
    "tags": TAGS,
    "teams": TEAMS,
    "user_groups": GROUPS,
    "users": USERS,
}
"""What the ids in a field refer to, a single one or a list."""


@hooks.writing("*")
def read_fields(world: World, write: Write) -> Record | None:
    """Return a record with the fields that are written as they are kept. Raises Refusal (400) for what cannot be."""
    return read_written(world, write.before or {}, write.after) if write.after is not None else None


def read_written(world: World, before: Record, after: Record) -> Record:
    """Return a record with the fields that differ from `before` as they are kept. Raises Refusal (400)."""
    written = {name: value for name, value in after.items() if name not in before or value != before[name]}
    read = {name: _read(name, value) for name, value in written.items()}
    messages = {name: problem for name, value in read.items() if (problem := _problem(world, name, value))}
    if messages:
        raise invalid_fields({name: [problem] for name, problem in messages.items()})
    return {**after, **read}


def _read(name: str, value: Any) -> Any:
    if name in TEXTS and (isinstance(value, str) or is_number(value)):
        return read_text(value)
    if name in BOOLEANS:
        return parse_boolean(value)
    if name in TARGETS and value is not None:
        return [parse_uuid(one) for one in value] if isinstance(value, list) else parse_uuid(value)
    return value


def _problem(world: World, name: str, value: Any) -> str:
    """Return what is wrong with a field; "" if it can be kept."""
    if name in TEXTS and value is not None:
        return next(iter(text_problems(value, may_be_blank=True)), "")
    missing = [id for id in _ids(value) if id not in world[TARGETS[name]]] if name in TARGETS else []
    return unknown_key(missing[0]) if missing else ""


def _ids(value: Any) -> Iterator[str]:
    yield from value if isinstance(value, list) else filter(None, [value])
