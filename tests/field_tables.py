"""Tables of the fields of a JSON Schema, as Markdown: name, type, default, example, what it does."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.control.fields import fields_of, own_schema


def field_table(file: str, *path: str, leave_out: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the table of the fields at a path of properties in a schema of the control API, those below them, too.

    `leave_out` names fields whose own fields have a table of their own.
    """
    root = schema = own_schema(file)
    for name in path:
        schema = schema["properties"][name]
    yield "| field | type | default | example | what it does |"
    yield "|---|---|---|---|---|"
    for field in fields_of(schema, root):
        first = field.name.partition(".")[0]
        if (only and first not in only) or (first in leave_out and field.name != first):
            continue
        described = f"{field.description} See [{first}](#{first}).".strip() if first in leave_out else field.description
        yield f"| `{field.name}` | {field.type} | {field.default} | {field.example} | {described} |"
