"""The control API's documents for others: its contract and its schemas, each as one document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from emulator.control.document import own_contract, own_schemas
from tests.conftest import EmulatorUnderTest


def get(emulator: EmulatorUnderTest, path: str) -> httpx.Response:
    return httpx.get(f"{emulator.root}/_emulator{path}")


def test_own_schemas_are_served_each_as_one_document(emulator: EmulatorUnderTest) -> None:
    referred = set(re.findall(r"schemas/[a-z-]+\.schema\.json", get(emulator, "/openapi.yaml").text))
    assert len(referred) > 10
    for name in referred:
        response = get(emulator, f"/{name}")
        assert (response.status_code, response.headers["Content-Type"]) == (200, "application/schema+json")
        assert response.json()["$id"] == f"urn:integration-emulator:{name.partition('/')[2]}"
        Draft202012Validator.check_schema(response.json())
        assert references(response.json()) <= {f"#/$defs/{inner}" for inner in response.json().get("$defs", {})}


@pytest.mark.parametrize("fault", json.loads(own_schemas()["fault.schema.json"].read_text("utf-8"))["examples"])
def test_a_served_schema_takes_its_examples_by_itself(emulator: EmulatorUnderTest, fault: dict[str, Any]) -> None:
    schema = get(emulator, "/schemas/scenarios.schema.json").json()
    file = {"scenarios": {"mine": {"description": "Mine.", "faults": [fault]}}}
    assert list(Draft202012Validator(schema).iter_errors(file)) == []
    wrong = {"scenarios": {"mine": {"description": "Mine.", "faults": [{**fault, "wheer": {}}]}}}
    assert list(Draft202012Validator(schema).iter_errors(wrong)) != []


@pytest.mark.parametrize("name", ["settings.schema.json", "secoda.integrations.fixture.schema.json"])
def test_schemas_of_files_that_users_write_are_served(emulator: EmulatorUnderTest, name: str) -> None:
    schema = get(emulator, f"/schemas/{name}").json()
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:integration-emulator:{name}"
    assert references(schema) <= {f"#/$defs/{inner}" for inner in schema.get("$defs", {})}


def test_the_contract_as_one_document_refers_to_nothing_outside(emulator: EmulatorUnderTest) -> None:
    document = get(emulator, "/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    assert {reference for reference in references(document) if not reference.startswith("#/components/")} == set()
    assert document["servers"] == [{"url": f"{emulator.root}/_emulator"}]
    operations = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    assert operations == own_contract().operations.keys()


def test_numbers_beyond_32_bits_say_so(emulator: EmulatorUnderTest) -> None:
    """Go does not compile `9007199254740991` as an int32."""
    beyond = [part for part in parts(get(emulator, "/openapi.json").json()) if part.get("maximum", 0) >= 2**31]
    assert beyond
    assert {part.get("format") for part in beyond if part["type"] == "integer"} == {"int64"}


def test_no_text_of_the_contract_ends_a_comment_of_a_generated_client(emulator: EmulatorUnderTest) -> None:
    assert [text for text in texts(get(emulator, "/openapi.json").json()) if "*/" in text] == []


def references(document: Any) -> set[str]:
    """Return every $ref in a document."""
    values = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    own = {document["$ref"]} if isinstance(document, dict) and isinstance(document.get("$ref"), str) else set()
    return own.union(*map(references, values))


def parts(document: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document."""
    if isinstance(document, dict):
        yield document
    values = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    for value in values:
        yield from parts(value)


def texts(document: Any) -> Iterator[str]:
    """Yield every description and summary of a document."""
    values = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    for value in values:
        yield from texts(value)
    if isinstance(document, dict):
        yield from (document[name] for name in ("description", "summary") if isinstance(document.get(name), str))


def test_alternatives_are_exclusive_so_that_generators_make_unions_of_them() -> None:
    texts = {name: file.read_text("utf-8") for name, file in own_schemas().items()}
    or_null = '"anyOf": [{"$ref": "#/$defs/reply"}, {"type": "null"}]'
    assert [name for name, text in texts.items() if '"anyOf"' in text.replace(or_null, "")] == []
