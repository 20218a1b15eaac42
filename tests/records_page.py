"""The reference page of the records: each collection with its schema and an example."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator.catalogue import Catalogue
from emulator.contract.documents import load
from emulator.contract.openapi import Contract
from emulator.store.collection import Collection

SCHEMAS = "../../contracts/{}/schemas/{}"


def collections(catalogue: Catalogue) -> Iterator[str]:
    """The collections by vendor: a table of fields, and the example of the schema."""
    for name, vendor in catalogue.vendors.items():
        yield f"\n## {vendor.title}"
        # Those without a schema are not for users: what waits for its next state.
        for collection in (one for one in vendor.collections if one.schema):
            yield from _collection(collection, catalogue.contracts[name])


def _collection(collection: Collection, contract: Contract) -> Iterator[str]:
    assert collection.schema, f"{collection.name} has no schema"
    schema = load(contract.files[f"schemas/{collection.schema}"])
    link = f"[{collection.schema}]({SCHEMAS.format(contract.vendor, collection.schema)})"
    yield f"\n### `{collection.name}`\n"
    yield f"{schema['description']} Id: `{collection.key}`. {_generated(collection)} Schema: {link}."
    yield ""
    yield "| field | type | required | what it is |"
    yield "|---|---|---|---|"
    for field, described in schema["properties"].items():
        required = "yes" if field in schema.get("required", ()) else ""
        yield f"| `{field}` | {_type(described)} | {required} | {_meaning(field, described, collection, contract)} |"
    yield "\n```json"
    yield json.dumps(schema["examples"][0], indent=2, ensure_ascii=False)
    yield "```"


def _generated(collection: Collection) -> str:
    if collection.populate is not None:
        return "faker generates more (`populate`), and what a record leaves out."
    return "What a record leaves out is generated from the example, if it is required."


def _meaning(field: str, described: dict[str, Any], collection: Collection, contract: Contract) -> str:
    other = collection.references.get(field)
    reference = f"The id of a record of `{other.name}`." if other is not None else ""
    referred = contract.files.get(f"schemas/{described.get('$ref')}")
    description = described.get("description") or (load(referred).get("description") if referred else "")
    return " ".join(filter(None, (description, reference))).replace("|", "\\|").replace("\n", " ")


def _type(schema: dict[str, Any]) -> str:
    """Return the type that a schema says in a few words: "text (date-time)", "list of `step`", "`full`, `read`"."""
    if "$ref" in schema:
        return f"`{Path(schema['$ref']).name.removesuffix('.schema.json')}`"
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{json.dumps(value).strip(chr(34))}`" for value in schema.get("enum", [schema.get("const")]))
    types = schema.get("type", "anything")
    said = " or ".join(_WORDS.get(one, one) for one in ([types] if isinstance(types, str) else types))
    if schema.get("items") and "list" in said:
        said = said.replace("list", f"list of {_type(schema['items'])}")
    return said + (f" ({schema['format']})" if "format" in schema else "")


_WORDS = {"string": "text", "integer": "whole number", "array": "list", "boolean": "true or false"}
