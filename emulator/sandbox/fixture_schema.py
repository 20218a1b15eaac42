"""The JSON Schema of a fixture file, for editors."""

from __future__ import annotations

from typing import Any

from emulator.contract.bundling import SUFFIX, bundle
from emulator.contract.documents import load
from emulator.contract.openapi import Contract
from emulator.exchange import Document
from emulator.sandbox.fixtures import DEFAULTS, FIELDS, POPULATE_LIMIT
from emulator.store.collection import Collection

CREDENTIAL = f"any-credential{SUFFIX}"


def fixture_schema(collection: Collection, contract: Contract, credential: Document) -> dict[str, Any]:
    """Return the schema of a collection's fixture file; `credential` is the one for all vendors' credentials."""
    schemas = {name.rpartition("/")[2]: load(file) for name, file in contract.files.items() if name.endswith(SUFFIX)}
    # A schema within a user's openapi.yaml is not bundled.
    is_file = collection.schema is not None and collection.schema in schemas
    of_record = [{"$ref": collection.schema}] if is_file else []
    if collection.is_of_credentials:
        of_record.append({"$ref": CREDENTIAL})
    records, populate, defaults = FIELDS
    properties: dict[str, Any] = {records: {"type": ["array", "null"], "items": {"type": "object"}}}
    whole: dict[str, Any] = {"properties": {records: {"items": {"allOf": of_record}}}} if of_record else {}
    if not collection.is_of_credentials:
        properties[defaults] = {"enum": [DEFAULTS, None]}
    if collection.populate:
        properties[populate] = {"type": ["integer", "null"], "minimum": 0, "maximum": POPULATE_LIMIT}
    document = {
        "title": f"Fixture {collection.name}",
        "description": "The records that a sandbox starts with, and how many more to generate.",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": properties,
        # With it, records may leave out required fields.
        "if": {"required": [defaults], "properties": {defaults: {"const": DEFAULTS}}},
        "else": whole,
    }
    return bundle(document, {**schemas, CREDENTIAL: credential}, "/$defs")
