"""The contracts are themselves right: valid documents, valid examples, evidence everywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from graphql import build_schema
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from emulator.catalogue import Catalogue
from emulator.contract.evidence import LEVELS
from emulator.contract.openapi import Contract
from emulator.contract.operation import Media
from emulator.contract.schemas import Check
from emulator.files.package_data import CONTRACTS

VENDORS = sorted(folder.name for folder in CONTRACTS.iterdir())
SCHEMA_FILES = sorted(CONTRACTS.glob("*/schemas/*.schema.json"))


def load(vendor: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / vendor / "openapi.yaml").read_text())
    return document


def medias(contract: Contract) -> Iterator[tuple[str, Media]]:
    for operation in contract.operations.values():
        for kind, media in (operation.body.media if operation.body else {}).items():
            yield f"{operation.name} request {kind}", media
        for status, response in operation.responses.items():
            for kind, media in response.media.items():
                yield f"{operation.name} {status} {kind}", media
    for status, response in contract.unmatched.items():
        for kind, media in response.media.items():
            yield f"unmatched {status} {kind}", media


@pytest.mark.parametrize("vendor", VENDORS)
def test_document_is_valid_openapi_3_1(vendor: str) -> None:
    file = CONTRACTS / vendor / "openapi.yaml"
    OpenAPIV31SpecValidator(load(vendor), base_uri=file.as_uri()).validate()


@pytest.mark.parametrize("file", SCHEMA_FILES, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_schema_file_is_valid_described_and_usable_alone(file: Path) -> None:
    schema = json.loads(file.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]
    assert "$id" not in schema, "references between files resolve against where the file was got from"


@pytest.mark.parametrize("file", SCHEMA_FILES, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_schema_file_is_referred_to(file: Path) -> None:
    folder = file.parent.parent
    others = [other.read_text() for other in (folder / "openapi.yaml", *folder.glob("schemas/*")) if other != file]
    fixtures_schema = [path.read_text() for path in (Path("emulator/vendors") / folder.name).glob("*.py")]
    assert any(file.name in text for text in others + fixtures_schema)


@pytest.mark.parametrize("file", SCHEMA_FILES, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_examples_of_a_schema_file_keep_to_it(file: Path, catalogue: Catalogue) -> None:
    contract = catalogue.contracts[file.parent.parent.name]
    examples = json.loads(file.read_text()).get("examples", [])
    assert examples
    assert [contract.schema(file.name).violations(example, "body") for example in examples] == [[]] * len(examples)


@pytest.mark.parametrize("vendor", VENDORS)
def test_examples_of_calls_and_replies_keep_to_their_schemas(vendor: str, catalogue: Catalogue) -> None:
    wrong = {
        f"{where} {name}": violations
        for where, media in medias(catalogue.contracts[vendor])
        for name, example in media.examples.items()
        if not media.fields and (violations := media.check.violations(example, "body"))
    }
    assert wrong == {}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_reply_with_a_body_has_an_example(vendor: str, catalogue: Catalogue) -> None:
    without = [
        where for where, media in medias(catalogue.contracts[vendor]) if " request " not in where and not media.examples
    ]
    assert without == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_operation_can_fail_in_the_common_ways(vendor: str, catalogue: Catalogue) -> None:
    for operation in catalogue.contracts[vendor].operations.values():
        if not operation.root:
            expected = {429, 500, 503} | ({401, 403} if operation.secured else set())
            assert expected <= set(operation.responses), operation.name


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_x_evidence_names_level_and_source(vendor: str) -> None:
    found = list(_evidences(load(vendor)))
    assert found
    assert [entry for entry in found if entry.get("level") not in LEVELS or not entry.get("source")] == []


def _evidences(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "x-evidence" in node:
            yield node["x-evidence"]
        for entry in node.values():
            yield from _evidences(entry)
    elif isinstance(node, list):
        for entry in node:
            yield from _evidences(entry)


SHARE = 1 if os.environ.get("TEST_MATRIX") == "all" else 5
"""`make test` tries each fifth of the mutations, `make matrix` all."""


@pytest.mark.parametrize("vendor", VENDORS)
def test_both_json_schema_libraries_agree_on_every_example_and_its_mutations(vendor: str, catalogue: Catalogue) -> None:
    disagreed = [
        (where, document)
        for where, media in medias(catalogue.contracts[vendor])
        for example in media.examples.values()
        for document in islice(_mutations(example), None, None, SHARE)
        if not agrees(media.check, document)
    ]
    assert disagreed == []


def agrees(check: Check, document: Any) -> bool:
    explained = check._schemas.explaining.violations(check.address, document, "body")
    return check.accepts(document) == (explained == [])


def test_pattern_ends_where_the_text_ends(catalogue: Catalogue) -> None:
    check = catalogue.contracts["celigo"].schema("object-id.schema.json")
    sound = "5f1a2b3c4d5e6f7a8b9c0d1e"
    assert check.violations(sound, "body") == []
    assert [found.rule for found in check.violations(f"{sound}\n", "body")] == ["pattern"]


def _mutations(document: Any) -> Iterator[Any]:
    """Yield the document, and copies with one value each replaced or left out, to any depth."""
    yield document
    yield from (None, 0, "", [], {}, True, -1.5)
    for key in document if isinstance(document, dict) else ():
        yield {name: value for name, value in document.items() if name != key}
        for value in _mutations(document[key]):
            yield {**document, key: value}
    if isinstance(document, list) and document:
        for value in _mutations(document[0]):
            yield [value, *document[1:]]


def test_schema_definition_language_is_valid() -> None:
    for file in CONTRACTS.glob("*/schema.graphql"):
        build_schema(file.read_text())
