"""A vendor's API as an OpenAPI document of a sandbox: for its page, and for other tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from emulator.catalogue import Catalogue
from emulator.control.vendor_document import vendor_document
from tests.conftest import EmulatorUnderTest
from tests.control import controlled
from tests.own_vendor import crud, served

VENDORS = ("celigo", "immuta", "paradime", "secoda")


def document_of(emulator: EmulatorUnderTest, vendor: str, prefix: str = "") -> Any:
    response = httpx.get(f"{emulator.root}{prefix}/_emulator/vendors/{vendor}/openapi.json")
    assert response.status_code == 200, response.text
    return response.json()


def parts(part: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each object in a document with its place, but for examples."""
    if isinstance(part, dict):
        yield place, part
        for name, value in part.items():
            if name not in ("examples", "example"):
                yield from parts(value, f"{place}/{name}")
    if isinstance(part, list):
        for number, value in enumerate(part):
            yield from parts(value, f"{place}/{number}")


@pytest.mark.parametrize("vendor", VENDORS)
def test_document_is_valid_openapi_without_outside_references(emulator: EmulatorUnderTest, vendor: str) -> None:
    document = document_of(emulator, vendor)
    OpenAPIV31SpecValidator(document).validate()
    references = [part["$ref"] for _, part in parts(document) if isinstance(part.get("$ref"), str)]
    assert references
    assert all(reference.startswith("#/") for reference in references)
    assert "x-conventions" not in document


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_piece_of_evidence_is_said_where_it_is(emulator: EmulatorUnderTest, vendor: str) -> None:
    found = [(place, part) for place, part in parts(document_of(emulator, vendor)) if "x-evidence" in part]
    shown = [(place, part) for place, part in found if not place.startswith(("/servers", "/x-graphql"))]
    for place, part in shown:
        evidence = part["x-evidence"]
        assert f"Evidence: **{evidence['level']}**, {evidence['source']}" in part["description"], place
        assert evidence.get("note", "") in part["description"], place
    assert any("/responses/" in place for place, _ in shown)
    assert any("/properties/" in place for place, _ in shown)
    assert any(place.endswith(("/get", "/post")) for place, _ in shown)


@pytest.mark.parametrize(("prefix", "root"), [("", ""), ("/~default", ""), ("/~alpha", "/~alpha")])
def test_servers_are_the_vendors_urls_in_the_sandbox(
    emulator: EmulatorUnderTest, request: pytest.FixtureRequest, prefix: str, root: str
) -> None:
    httpx.post(f"{emulator.root}/_emulator/sandboxes", json={"name": "alpha"})
    request.addfinalizer(lambda: httpx.delete(f"{emulator.root}/_emulator/sandboxes/alpha"))
    servers = document_of(emulator, "secoda", prefix)["servers"]
    assert servers[0] == {"url": f"{emulator.root}{root}/secoda/api/v1"}
    sandbox = httpx.get(f"{emulator.root}{prefix}/_emulator").json()["vendors"]["secoda"]
    listed = httpx.get(f"{servers[0]['url']}/integration/integrations", headers=sandbox["headers"])
    assert listed.status_code == 200


def test_servers_of_graphql_end_before_the_path_of_its_operation(emulator: EmulatorUnderTest) -> None:
    document = document_of(emulator, "paradime")
    path, item = "/graphql", document["paths"]["/graphql"]
    sandbox = httpx.get(f"{emulator.root}/_emulator").json()["vendors"]["paradime"]
    assert document["servers"][0]["url"] + path == sandbox["base_url"]
    assert "| `listCustomIntegrations` (query) | **documented** |" in item["post"]["description"]


def test_no_tag_is_without_an_operation(emulator: EmulatorUnderTest) -> None:
    document = document_of(emulator, "paradime")
    operations = [part for place, part in parts(document) if "operationId" in part and place.startswith("/paths")]
    assert {tag["name"] for tag in document["tags"]} == {tag for one in operations for tag in one["tags"]}


def test_on_a_vendors_port_its_own_urls_are_on_that_port(catalogue: Catalogue) -> None:
    with controlled(catalogue, vendor_ports="celigo=0") as (emulator, control):
        port = f"http://127.0.0.1:{next(iter(emulator.ports.vendors))}"
        celigo, secoda = (
            httpx.get(f"{port}/_emulator/vendors/{vendor}/openapi.json").json()["servers"][0]["url"]
            for vendor in ("celigo", "secoda")
        )
        assert (celigo, secoda) == (f"{port}/v1", f"{control.url}/secoda/api/v1")


def test_the_contract_itself_stays_as_it_is(catalogue: Catalogue) -> None:
    contract = catalogue.contracts["celigo"]
    before = deepcopy(contract.document)
    vendor_document(contract, catalogue.ways["celigo"], ["http://x"])
    assert contract.document == before


def test_a_vendor_of_ones_own_is_described_with_what_was_added(tmp_path: Path) -> None:
    document = crud()
    document["components"]["schemas"]["Task"]["properties"]["default"] = {
        "type": "string",
        "x-evidence": {"level": "assumed", "source": "me"},
    }
    document["paths"]["/tasks"]["servers"] = [{"url": "https://elsewhere.example"}]
    with served(tmp_path, document) as client:
        root = str(client.base_url).partition("/acme")[0]
        made = httpx.get(f"{root}/_emulator/vendors/acme/openapi.json").json()
    OpenAPIV31SpecValidator(made).validate()
    assert [server["url"] for server in made["servers"]] == [str(client.base_url).removesuffix("/")]
    assert "servers" not in made["paths"]["/tasks"]
    assert "Handled by: declared." in made["paths"]["/tasks"]["get"]["description"]
    assert {"200", "401"} <= made["paths"]["/tasks"]["get"]["responses"].keys()
    assert "Evidence: **assumed**, me" in made["components"]["schemas"]["Task"]["properties"]["default"]["description"]


def test_a_schema_file_does_not_replace_a_schema_of_its_name(tmp_path: Path) -> None:
    document = crud()
    document["components"]["schemas"]["list"] = {"type": "object", "description": "inside"}
    document["paths"]["/lists"]["post"]["requestBody"]["content"]["application/json"]["schema"] = {
        "$ref": "schemas/list.schema.json"
    }
    schema = json.dumps(
        {"type": "object", "description": "file", "required": ["id"], "properties": {"id": {"type": "string"}}}
    )
    with served(tmp_path, document, {"schemas/list.schema.json": schema}) as client:
        root = str(client.base_url).partition("/acme")[0]
        schemas = httpx.get(f"{root}/_emulator/vendors/acme/openapi.json").json()["components"]["schemas"]
    assert (schemas["list"]["description"], schemas["list-file"]["description"]) == ("inside", "file")


def test_document_needs_the_control_token_or_that_of_the_sandbox(catalogue: Catalogue) -> None:
    with controlled(catalogue, control_token="secret") as (_, control):
        bearer = {"Authorization": "Bearer secret"}
        own = control.done("POST", "/sandboxes", json={"name": "alpha"}, headers=bearer)["token"]
        path = "/sandboxes/alpha/vendors/secoda/openapi.json"
        statuses = [
            control.ask("GET", path, headers={"Authorization": f"Bearer {token}"}).status_code
            for token in ("secret", own, "x")
        ]
        assert statuses == [200, 200, 401]
