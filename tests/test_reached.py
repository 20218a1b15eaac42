"""A validator gets the parts of the documents that its schema refers to."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from emulator.catalogue import Catalogue
from emulator.contract.reached import reached
from emulator.contract.schemas import Schemas

TREE = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}}
DOCUMENTS: dict[str, Any] = {
    "file:///acme/openapi.yaml": {
        "paths": {"/a/{b}": {"get": {"parameters": [{"name": "x"}, {"schema": {"$ref": "schemas/x.schema.json"}}]}}},
        "components": {"schemas": {"Tree": TREE, "Other": {"type": "string"}}},
    },
    "file:///acme/schemas/x.schema.json": {"anyOf": [{"$ref": "y.schema.json#/$defs/short"}, {"type": "integer"}]},
    "file:///acme/schemas/y.schema.json": {"$defs": {"short": {"maxLength": 2, "type": "string"}, "long": {}}},
    "file:///acme/schemas/z.schema.json": {},
}
PARAMETER = "file:///acme/openapi.yaml#/paths/~1a~1%7Bb%7D/get/parameters/1/schema"
RECURSIVE = "file:///acme/openapi.yaml#/components/schemas/Tree"


def test_what_is_not_referred_to_is_left_out() -> None:
    assert reached(PARAMETER, DOCUMENTS) == {
        "file:///acme/openapi.yaml": {
            "paths": {"/a/{b}": {"get": {"parameters": {"1": {"schema": {"$ref": "schemas/x.schema.json"}}}}}}
        },
        "file:///acme/schemas/x.schema.json": DOCUMENTS["file:///acme/schemas/x.schema.json"],
        "file:///acme/schemas/y.schema.json": {"$defs": {"short": {"maxLength": 2, "type": "string"}}},
    }
    assert reached(RECURSIVE, DOCUMENTS) == {"file:///acme/openapi.yaml": {"components": {"schemas": {"Tree": TREE}}}}


@pytest.mark.parametrize(
    ("address", "document", "is_valid"),
    [
        (PARAMETER, "ab", True),
        (PARAMETER, 3, True),
        (PARAMETER, "abc", False),
        (RECURSIVE, {"below": [{"below": []}]}, True),
        (RECURSIVE, {"below": [{"below": [1]}]}, False),
    ],
)
def test_a_check_follows_references(address: str, document: Any, is_valid: bool) -> None:
    assert Schemas(DOCUMENTS).check(address).accepts(document) is is_valid


def test_a_part_of_what_is_there_as_a_whole_is_not_put_twice() -> None:
    documents: dict[str, Any] = {"file:///a": {"$ref": "#/x/y", "x": {"y": {"type": "string"}}}}
    assert reached("file:///a#", documents) == documents
    whole = {"file:///a": {"x": {"y": {"$ref": "#/x"}, "z": {}}, "w": 1}}
    assert reached("file:///a#/x/y", whole) == {"file:///a": {"x": {"y": {"$ref": "#/x"}, "z": {}}}}


def test_a_reference_that_leads_nowhere_is_an_error_of_the_validator() -> None:
    documents = {"file:///a": {"x": {"$ref": "#/y"}}}
    assert reached("file:///a#/x", documents) == documents
    with pytest.raises((ValueError, jsonschema_rs.ReferencingError)):
        Schemas(documents).check("file:///a#/x").accepts(1)


def test_every_schema_of_the_built_in_contracts_finds_what_it_refers_to(catalogue: Catalogue) -> None:
    for contract in catalogue.contracts.values():
        for operation in contract.operations.values():
            for response in operation.responses.values():
                for media in response.media.values():
                    media.check.compile()
