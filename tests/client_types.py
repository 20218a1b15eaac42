"""The types of the Python client that are read off scenarios, vendors and schemas, as the text of a module."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from emulator.catalogue import Catalogue, read_scenarios
from emulator.control.document import own_schemas
from emulator.files.package_data import FIXTURES

HEAD = '''"""What an editor completes and a type checker refuses. Written by tests/generated.py: do not edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypeAlias, TypedDict

if TYPE_CHECKING:
    from emulator.client.vendors import VendorAccess
'''
SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
NAMES = {"graphql": "GraphQL", "error": "GraphQLError", "location": "GraphQLLocation"}


def client_types(catalogue: Catalogue) -> str:
    """Return the module, formatted."""
    where, fault, delay, expectation = map(_schema, ("where", "fault", "delay", "expectation"))
    definitions: dict[str, str] = {}
    _define("where", where, definitions)
    for name in ("only", "when", "commit", "reply", "delay", "connection", "graphql"):
        # What a reply needs may be given beside it: fault(status=…).
        schema = delay if name == "delay" else fault["properties"][name]
        _define(name, schema | ({"required": []} if name == "reply" else {}), definitions)
    _define("expectedCall", expectation["properties"]["in_order"]["items"]["oneOf"][1], definitions)
    exported = ["BuiltInVendors", "ConductRule", "ScenarioName", *definitions]
    names = [_scenario_names(catalogue), _conduct_rules(), _vendors(catalogue)]
    parts = [HEAD, f"__all__ = {sorted(exported)!r}\n", *names]
    return _formatted("\n".join([*parts, *definitions.values()]))


def _schema(name: str) -> Any:
    return json.loads(own_schemas()[f"{name}.schema.json"].read_text("utf-8"))


def _scenario_names(catalogue: Catalogue) -> str:
    names = sorted(read_scenarios([FIXTURES], catalogue))
    often = Counter(name.partition("/")[2] for name in names)
    every = [f"*/{name}" for name, count in sorted(often.items()) if count > 1]
    return f"ScenarioName: TypeAlias = Literal[{', '.join(map(repr, [*names, *every]))},]\n"


def _conduct_rules() -> str:
    return (
        f"ConductRule: TypeAlias = Literal[{', '.join(map(repr, _schema('finding')['properties']['rule']['enum']))},]\n"
    )


def _vendors(catalogue: Catalogue) -> str:
    lines = [f"    {name}: VendorAccess" for name in catalogue.vendors]
    title = '    """The vendors that come with the emulator, as attributes; those of yours are in `vendors`."""\n'
    return "\n".join(["class BuiltInVendors:", title, *lines, ""])


def _define(name: str, schema: Mapping[str, Any], definitions: dict[str, str]) -> str:
    """Define a name for a schema and return it."""
    title = NAMES.get(name, name[:1].upper() + name[1:])
    if "properties" in schema:
        fields = list(_fields(schema, definitions))
        definitions[title] = "\n".join([f"class {title}(TypedDict, total=False):", *_docstring(schema), *fields, ""])
    else:
        definitions[title] = f"{title}: TypeAlias = {_type_of(name, schema, definitions)}\n"
    return title


def _fields(schema: Mapping[str, Any], definitions: dict[str, str]) -> Iterator[str]:
    for name, of_field in schema["properties"].items():
        kind = _type_of(name, of_field, definitions)
        yield f"    {name}: {f'Required[{kind}]' if name in schema.get('required', ()) else kind}"
        yield from _docstring(of_field)


def _docstring(schema: Mapping[str, Any]) -> Iterator[str]:
    text = schema.get("description")
    if text:
        lines = wrap(f'"""{text}"""', 110)
        yield from (f"    {line}" for line in lines if len(lines) == 1)
        yield from (f"    {line}" for line in [*wrap(f'"""{text}', 110), '"""'] if len(lines) > 1)


def _type_of(name: str, schema: Mapping[str, Any], definitions: dict[str, str]) -> str:
    """Return the annotation for what a schema allows; an object with fields is defined by `name` first."""
    if "$ref" in schema:
        return NAMES.get(name, name.capitalize())
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    if "properties" in schema:
        return _define(name, schema, definitions)
    kinds = schema.get("type", ())
    alternatives = [kinds] if isinstance(kinds, str) else kinds
    # Of a word or a number, or an object with details, the object has a name of its own.
    choices = [
        _type_of(f"{name}Details" if "properties" in one else name, one, definitions)
        for key in ("anyOf", "oneOf")
        for one in schema.get(key, ())
    ]
    return " | ".join(choices or [_of_kind(kind, name, schema, definitions) for kind in alternatives] or ["Any"])


def _of_kind(kind: str, name: str, schema: Mapping[str, Any], definitions: dict[str, str]) -> str:
    if kind == "array":
        return f"Sequence[{_type_of(name.removesuffix('s'), schema.get('items', {}), definitions)}]"
    if kind == "object":
        return f"Mapping[str, {_type_of(name, schema.get('additionalProperties') or {}, definitions)}]"
    return SIMPLE[kind]


def _formatted(text: str) -> str:
    ruff = Path(sys.executable).parent / "ruff"
    command = [str(ruff), "format", "--stdin-filename", "types.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
