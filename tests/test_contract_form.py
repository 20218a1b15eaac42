"""A user's contract with a mistake: every mistake is reported with its file and place, never as an exception."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import pytest

from emulator.contract.documents import contract_files
from emulator.contract.form import problems
from emulator.contract.openapi import read_contract
from emulator.errors import ContractError
from emulator.files.package_data import CONTRACTS

EVIDENCE = {"level": "assumed", "source": "no source"}
RESPONSE = {
    "description": "Yes.",
    "x-evidence": EVIDENCE,
    "headers": {"X-One": {"schema": {"type": "string"}, "example": "1"}, "X-Two": {"$ref": "#/components/headers/Two"}},
    "content": {
        "application/json": {
            "schema": {"$ref": "schemas/thing.schema.json"},
            "examples": {"one": {"value": {"name": "A"}}},
        }
    },
}
CONTRACT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Mini", "version": "1"},
    "servers": [
        {"url": "https://{area}.mini.test/v1", "variables": {"area": {"default": "eu"}}, "x-evidence": EVIDENCE}
    ],
    "paths": {
        "/{kind}/things/{id}": {
            "put": {
                "operationId": "putThing",
                "tags": ["things"],
                "summary": "Put a thing.",
                "security": [],
                "x-evidence": EVIDENCE,
                "parameters": [
                    {"name": "kind", "in": "path", "required": True, "schema": {"enum": ["a", "b"]}, "x-routes": True},
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
                    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"$ref": "#/components/parameters/Page"},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "required": ["file"],
                                "properties": {"file": {"type": "string", "contentMediaType": "text/csv"}},
                            }
                        }
                    },
                },
                "responses": {"200": RESPONSE, "204": {"$ref": "#/components/responses/Nothing"}},
            }
        },
        "/graphql": {
            "post": {
                "operationId": "run",
                "tags": ["graphql"],
                "x-evidence": EVIDENCE,
                "requestBody": {"$ref": "#/components/requestBodies/Query"},
                "responses": {"200": RESPONSE},
                "x-graphql": {
                    "schema": "schema.graphql",
                    "operations": {
                        "things": {
                            "tags": ["things"],
                            "summary": "List.",
                            "payload": {"type": "array"},
                            "x-evidence": EVIDENCE,
                        }
                    },
                    "type-aliases": {"OldThing": {"of": "ThingInput", "switch": "old_names", "x-evidence": EVIDENCE}},
                    "types": {"Thing.name": {"x-evidence": EVIDENCE}},
                },
            }
        },
    },
    "components": {
        "parameters": {"Page": {"name": "page", "in": "query", "schema": {"type": "integer", "format": "int32"}}},
        "headers": {"Two": {"schema": {"type": "string", "example": "2"}}},
        "responses": {"Nothing": {"description": "No.", "x-may-be-empty": True, "x-evidence": EVIDENCE}},
        "requestBodies": {"Query": {"content": {"application/json": {"schema": {"type": "object"}}}}},
        "schemas": {"Other": {"type": "string", "pattern": "^a+$"}},
    },
    "x-unmatched": {"404": RESPONSE},
    "x-conventions": {
        name: {"value": value, "x-evidence": EVIDENCE}
        for name, value in {
            "trailing-slash": "accepted",
            "missing-content-type": "refused",
            "json-content-type": "application/json",
            "json-reading": "django",
            "headers": {"X-Powered-By": "Mini"},
            "etag": "none",
        }.items()
    },
    "x-switches": {
        "old_names": {
            "default": True,
            "schema": {"enum": [True, False]},
            "description": "Take them.",
            "x-evidence": EVIDENCE,
        }
    },
}
SCHEMA = {"type": "object", "properties": {"name": {"type": "string", "format": "uuid"}}, "required": ["name"]}
SDL = """
type Query { things(like: ThingInput): [Thing] }
type Thing { name: String }
input ThingInput { name: String }
"""
FILE = r"\S*mini/(openapi\.yaml|schemas/thing\.schema\.json|schema\.graphql)"
PLACED = re.compile(rf"^{FILE}( line \d+)?(, (\S+|the whole file))?: .+")
VALUES: list[Any] = [5, [7]]
MISSING = object()
NAMES = ("paths", "responses", "content", "examples", "headers", "properties", "operations", "types", "type-aliases")


def written(folder: Path, document: Any = CONTRACT, schema: Any = SCHEMA, sdl: str = SDL) -> Path:
    mini = folder / "mini"
    (mini / "schemas").mkdir(parents=True, exist_ok=True)
    (mini / "openapi.yaml").write_text(json.dumps(document, indent=1), "utf-8")
    (mini / "schemas" / "thing.schema.json").write_text(json.dumps(schema, indent=1), "utf-8")
    (mini / "schema.graphql").write_text(sdl, "utf-8")
    return mini


def found(folder: Path, *documents: Any) -> list[str]:
    mini = written(folder, *documents)
    return list(problems("mini", contract_files(mini)))


def nodes(node: Any, pointer: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield pointer
    for step, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from nodes(value, (*pointer, step))


def one_of_each_kind(document: Any) -> list[tuple[Any, ...]]:
    """Return a pointer to one node of each kind: its own key and those above it, as far as they say what it is."""
    kinds: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for pointer in nodes(document):
        above = ("", "", *pointer)
        words = ["*" if isinstance(step, int) or before in NAMES else step for before, step in pairwise(above)]
        kinds.setdefault(tuple(words[-3:] if "x-evidence" not in words else words[-2:]), pointer)
    return list(kinds.values())


def mutations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield the document with something else in the place of a node of each kind, by turns, and without it."""
    for pointer, other in zip(one_of_each_kind(document), cycle(VALUES), strict=False):
        *above, last = ("", *pointer)
        for value in (other, MISSING):
            mutated = {"": copy.deepcopy(document)}
            node: Any = mutated
            for step in above:
                node = node[step]
            if value is not MISSING:
                node[last] = value
            elif pointer:
                del node[last]
            yield f"{pointer} is {value!r}", mutated[""]


def check_told(folder: Path, what: str, *documents: Any) -> None:
    told = found(folder, *documents)
    assert all(PLACED.match(sentence) and len(sentence) < 500 for sentence in told), (what, told)
    if not told:
        read_contract(folder / "mini")


def test_contract_that_is_right_has_no_problem(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    read_contract(tmp_path / "mini")


@pytest.mark.parametrize("part", range(4))
def test_every_mistake_in_openapi_yaml_is_reported_with_its_place(tmp_path: Path, part: int) -> None:
    for what, document in list(mutations(CONTRACT))[part::4]:
        check_told(tmp_path, what, document)


def test_every_mistake_in_a_schema_is_reported_with_its_place(tmp_path: Path) -> None:
    for what, schema in mutations(SCHEMA):
        check_told(tmp_path, what, CONTRACT, schema)


@pytest.mark.parametrize(
    ("sdl", "sentence"),
    [
        ("type Query {", "mini/schema.graphql line 1: Syntax Error: Expected Name, found <EOF>."),
        ("type Query { things: [Thing] }", "mini/schema.graphql: Unknown type 'Thing'."),
        (
            "type Query { thing: String }",
            "mini/schema.graphql. Did you mean 'thing'? Known root fields: thing",
        ),
    ],
)
def test_mistake_in_a_graphql_schema_is_reported_with_its_place(tmp_path: Path, sdl: str, sentence: str) -> None:
    (told,) = found(tmp_path, CONTRACT, SCHEMA, sdl)
    assert sentence in told


def test_all_mistakes_of_any_kind_are_reported_at_once(tmp_path: Path) -> None:
    document = copy.deepcopy(CONTRACT)
    operation = document["paths"]["/{kind}/things/{id}"]["put"]
    del operation["tags"]
    operation["responses"]["204"]["$ref"] = "#/components/responses/Nobody"
    document["x-switches"]["old_names"]["default"] = "maybe"
    document["paths"]["/graphql"]["post"]["operationId"] = "putThing"
    document["x-conventions"]["etag"]["value"] = "strong"
    operation["parameters"].pop(1)
    told = found(tmp_path, document, {"type": "objekt", "format": "uri"})
    assert [sentence.partition(" line ")[2].partition(", ")[2] for sentence in told] == [
        "/paths/~1{kind}~1things~1{id}/put/tags: tags is missing; expected a list of names, the first of which is the"
        " operation's group",
        "/paths/~1{kind}~1things~1{id}/put/operationId: 2 operations have the name putThing",
        "/paths/~1{kind}~1things~1{id}/put: the path has {id}, but no path parameter has this name",
        "/paths/~1graphql/post/operationId: 2 operations have the name putThing",
        '/x-switches/old_names/default: "maybe" is not one of True, False',
        '/x-conventions/etag/value: "strong" is not one of none, weak',
        "/paths/~1{kind}~1things~1{id}/put/responses/204/$ref: nothing is at #/components/responses/Nobody",
        '/type: "objekt" is not one of object, array, string, boolean, integer, number, null',
        '/format: format "uri" is not one of uuid, date-time, date, email, binary, int32, int64',
    ]


@pytest.mark.parametrize("source", ["nobody says", "the vendor", "docs, Errors", "a client", "public clients"])
def test_source_without_a_name_is_refused(tmp_path: Path, source: str) -> None:
    document = copy.deepcopy(CONTRACT)
    document["servers"][0]["x-evidence"] = {"level": "assumed", "source": source}
    (told,) = found(tmp_path, document)
    assert told.partition(" line ")[2].partition(", ")[2] == (
        "/servers/0/x-evidence/source: expected a name that others can look up, such as"
        f' "Acme documentation, Errors", or "no source", not "{source}"'
    )


@pytest.mark.parametrize("source", ["no source", "Docs of Acme, Errors", "acme-client 1.2, api.py", "anybody/acme"])
def test_a_source_with_a_name_is_accepted(tmp_path: Path, source: str) -> None:
    document = copy.deepcopy(CONTRACT)
    document["servers"][0]["x-evidence"] = {"level": "assumed", "source": source}
    assert found(tmp_path, document) == []


def test_evidence_that_a_comma_cut_is_reported(tmp_path: Path) -> None:
    """YAML reads {note: a, but b} as a note and a field."""
    document = copy.deepcopy(CONTRACT)
    document["servers"][0]["x-evidence"] = {**EVIDENCE, "note": "It has the body", "but no status": None}
    (told,) = found(tmp_path, document)
    assert "but no status" in told


def test_our_own_contracts_have_no_mistake() -> None:
    for folder in sorted(CONTRACTS.iterdir()):
        assert list(problems(folder.name, contract_files(folder))) == []


def test_start_reports_the_first_mistake_and_the_number_of_others(tmp_path: Path) -> None:
    mini = written(tmp_path, {**CONTRACT, "servers": [], "info": {}})
    with pytest.raises(
        ContractError, match=r"^.*mini/openapi.yaml line \d+, .*\(2 more; `emulator check` lists them\)$"
    ):
        read_contract(mini)
