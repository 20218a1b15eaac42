"""Keys of several fields: a tag of a data source is known by the source and its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.own_vendor import ID, body, operation, problems, ref, served
from tests.test_declared_graphql import data

TAG = {
    "type": "object",
    "required": ["source", "name"],
    "properties": {"source": {"type": "integer"}, "name": {"type": "string"}, "color": {"type": "string"}},
    "additionalProperties": False,
}
SOURCE = {"type": "object", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}}
WORDS = {"collection": "tags"}


def contract(**tags: Any) -> dict[str, Any]:
    """Return a contract of sources and their tags: below a source, and by both fields."""
    given: dict[str, Any] = {"requestBody": body({"type": "object"})}
    collections = {"tags": {"key": ["source", "name"], "references": {"source": "sources"}, **tags}, "sources": {}}
    of_source, whole = [{**ID, "name": "sourceId"}], [{**ID, "name": "sourceId"}, {**ID, "name": "name"}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "security": [{"token": []}],
        "x-emulator": {"collections": collections},
        "components": {"schemas": {"Tag": TAG, "Source": SOURCE}},
        "paths": {
            "/sources/{sourceId}": {
                "parameters": of_source,
                "get": operation("getSource", {"collection": "sources"}, ref("Source")),
            },
            "/tags": {
                "get": operation("listAll", WORDS, {"type": "array", "items": ref("Tag")}),
                "post": operation("createTag", WORDS, ref("Tag"), "201", **given),
                "put": operation("putTag", {**WORDS, "action": "upsert"}, ref("Tag"), **given),
            },
            "/sources/{sourceId}/tags": {
                "parameters": of_source,
                "get": operation("listTags", WORDS, {"type": "array", "items": ref("Tag")}),
                "post": operation("addTag", WORDS, ref("Tag"), "201", **given),
            },
            "/sources/{sourceId}/tags/{name}": {
                "parameters": whole,
                "get": operation("getTag", WORDS, ref("Tag")),
                "patch": operation("changeTag", WORDS, ref("Tag"), **given),
                "delete": operation("deleteTag", WORDS, status="204"),
            },
        },
    }


FIXTURES = {
    "fixtures/sources.yaml": "records: [{id: 1}, {id: 2}]",
    "fixtures/tags.yaml": "records: [{source: 1, name: red}, {source: 2, name: red}, {source: 2, name: 'a,b'}]",
}
RED = {"source": 1, "name": "red"}


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[httpx.Client]:
    with served(tmp_path, contract(), FIXTURES) as client:
        yield client


def test_record_is_found_by_its_parent_and_the_other_field(acme: httpx.Client) -> None:
    assert acme.get("/sources/1/tags/red").json() == RED
    assert acme.get("/sources/2/tags/red").json() == {**RED, "source": 2}
    assert acme.get("/sources/1/tags/blue").status_code == 404
    assert acme.get("/sources/3/tags/red").status_code == 404
    assert acme.delete("/sources/1/tags/red").status_code == 204
    assert [tag["name"] for tag in acme.get("/tags").json()] == ["red", "a,b"]


def test_record_is_created_once_and_needs_each_field(acme: httpx.Client) -> None:
    assert acme.post("/sources/1/tags", json={"name": "blue"}).json() == {"source": 1, "name": "blue"}
    assert acme.post("/sources/1/tags", json={"name": "blue"}).status_code == 409
    assert acme.post("/tags", json={"source": 1, "name": "blue"}).status_code == 409
    missing = acme.post("/tags", json={"source": 1})
    assert (missing.status_code, "name is required" in missing.text) == (422, True)


def test_fields_of_the_key_never_change(acme: httpx.Client) -> None:
    changed = acme.patch("/sources/1/tags/red", json={"name": "blue", "source": 2, "color": "#f00"})
    assert changed.json() == {**RED, "color": "#f00"}


def test_upsert_finds_a_record_by_all_fields(acme: httpx.Client) -> None:
    assert acme.put("/tags", json={**RED, "color": "x"}).json() == {**RED, "color": "x"}
    acme.put("/tags", json={"source": 1, "name": "blue"})
    assert len(acme.get("/tags").json()) == 4


def test_control_api_knows_a_record_by_all_values(acme: httpx.Client) -> None:
    state = str(acme.base_url).partition("/acme")[0] + "/_emulator/state/acme.tags"
    red = httpx.get(f"{state}/1,red").json()
    assert RED.items() <= red.items()
    assert httpx.post(state, json={"source": 1, "name": "blue"}).status_code == 201
    assert httpx.post(state, json={"source": 1, "name": "blue"}).status_code == 409
    assert httpx.put(f"{state}/1,blue", json={"source": 1, "name": "blue", "color": "y"}).status_code == 200
    assert acme.get("/sources/1/tags/blue").json()["color"] == "y"
    assert httpx.put(f"{state}/1,blue", json={"source": 1, "name": "green"}).status_code == 422
    assert httpx.delete(f"{state}/2,a%252Cb").status_code == 204
    assert [tag["name"] for tag in acme.get("/tags").json()] == ["red", "red", "blue"]


def test_fixture_without_a_field_of_the_key_is_refused(tmp_path: Path) -> None:
    files = {**FIXTURES, "fixtures/tags.yaml": "records: [{source: 1}]"}
    with pytest.raises(Exception, match="the record has no source and name"), served(tmp_path, contract(), files):
        pass


def test_argument_of_each_field_finds_the_record(tmp_path: Path) -> None:
    document = contract()
    document["paths"] = {
        "/graphql": {
            "post": {
                "operationId": "graphql",
                "requestBody": body({"type": "object"}),
                "responses": {"200": body({"type": "object"})},
                "x-graphql": {
                    "schema": "schema.graphql",
                    "operations": {
                        "tag": {"x-emulator": {**WORDS, "action": "get"}},
                        "drop": {"x-emulator": {**WORDS, "action": "delete"}},
                    },
                },
            }
        }
    }
    document["x-emulator"]["collections"]["tags"] |= {"schema": "Tag"}
    document["x-emulator"]["collections"]["sources"] |= {"schema": "Source"}
    sdl = "type Tag { source: Int! name: String! } type Query { tag(source: Int!, name: String!): Tag }"
    sdl += " type Mutation { drop(source: Int!, name: String!): Boolean! }"
    with served(tmp_path, document, {**FIXTURES, "schema.graphql": sdl}) as client:
        assert data(client, '{tag(source: 2, name: "red") {source name}}') == {**RED, "source": 2}
        assert data(client, 'mutation {drop(source: 2, name: "red")}') is True


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"key": ["source", "nam"]}, "/tags/key: unknown property 'nam' of tags. Did you mean 'name'?"),
        ({"id": "uuid"}, "/tags/id: a key of several fields is the client's; leave id out"),
        ({"key": ["source"]}, "/tags/key: "),
        ({"singleton": "source"}, "/tags/singleton: unknown collection 'source'. Did you mean 'sources'?"),
        ({"singleton": "sources"}, "/tags/key: a singleton has the key of its record of sources; leave key out"),
        ({"set": {"name": "x"}}, "/tags/set/name: 'name' is the key; it is made by id, never by set"),
        (
            {"references": {"source": "sources", "color": "tags"}},
            "/tags/references/color: tags has a key of several fields",
        ),
    ],
)
def test_mistake_in_a_key_of_several_fields_is_told(words: Any, sentence: str, tmp_path: Path) -> None:
    found = problems(tmp_path, contract(**words))
    assert any(f"/x-emulator/collections{sentence}" in said for said in found), found
