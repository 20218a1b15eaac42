"""The control API's own contract is right, its handlers are where they belong, its documentation is up to date."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from emulator.control import guide
from emulator.control.document import FILE, own_contract, own_schemas
from emulator.control.handlers import Handlers
from emulator.errors import ContractError
from emulator.exchange import Call, Reply
from tests.test_contracts import _mutations, agrees, medias

SCHEMA_FILES = list(own_schemas().values())


def test_document_is_valid_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(yaml.safe_load(FILE.read_text()), base_uri=FILE.as_uri()).validate()


@pytest.mark.parametrize("file", SCHEMA_FILES, ids=lambda file: file.name)
def test_schema_file_is_valid_described_and_its_examples_keep_to_it(file: Path) -> None:
    schema = json.loads(file.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert schema["description"]
    assert schema["examples"]
    check = own_contract().schema(file.name)
    assert [check.violations(example, "body") for example in schema["examples"]] == [[]] * len(schema["examples"])


@pytest.mark.parametrize("file", ["fault.schema.json", "where.schema.json", "scenario.schema.json"])
def test_each_field_is_described_and_its_default_and_examples_keep_to_it(file: str) -> None:
    for pointer, field in _fields("", json.loads(own_schemas()[file].read_text())):
        assert {"description", "examples"} <= field.keys(), pointer
        check = own_contract().schema(f"{file}#{pointer}")
        documents = [*field["examples"], *([field["default"]] if "default" in field else [])]
        assert [check.violations(document, "body") for document in documents] == [[]] * len(documents), pointer


def _fields(pointer: str, schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield each field of an object, and those of objects in it, with its pointer."""
    for number, below in enumerate(schema.get("oneOf", ())):
        yield from _fields(f"{pointer}/oneOf/{number}", below)
    for name, field in schema.get("properties", {}).items():
        yield f"{pointer}/properties/{name}", field
        yield from _fields(f"{pointer}/properties/{name}", field)


def test_examples_of_calls_and_replies_keep_to_their_schemas() -> None:
    wrong = {
        f"{where} {name}": violations
        for where, media in medias(own_contract())
        for name, example in media.examples.items()
        if (violations := media.check.violations(example, "body"))
    }
    assert wrong == {}


def test_every_body_has_an_example() -> None:
    assert [where for where, media in medias(own_contract()) if not media.examples] == []


def test_both_json_schema_libraries_agree_on_every_example_and_its_mutations() -> None:
    each = {media.check.address: (where, media) for where, media in medias(own_contract())}
    disagreed = [
        (where, document)
        for where, media in each.values()
        for example in media.examples.values()
        for document in _mutations(example)
        if not agrees(media.check, document)
    ]
    assert disagreed == []


def test_each_operation_is_handled_in_the_module_of_its_tag() -> None:
    misplaced = [
        operation.name
        for operation in own_contract().operations.values()
        if operation.name not in _decorated(FILE.parent / f"{operation.tag}.py")
    ]
    assert misplaced == []


def _decorated(file: Path) -> set[str]:
    return {
        str(decorator.args[0].value)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.args[0], ast.Constant)
    }


def test_two_handlers_for_one_operation_are_refused() -> None:
    async def handler(call: Call, emulator: object) -> Reply:
        return Reply(204)

    handlers = Handlers()
    handlers.operation("getHealth")(handler)
    with pytest.raises(ContractError, match="getHealth of the control API has two handlers; keep one"):
        handlers.operation("getHealth")(handler)


def test_every_route_has_a_summary_and_a_command() -> None:
    assert [route.operation for route in guide.routes() if not (route.summary and route.commands)] == []
