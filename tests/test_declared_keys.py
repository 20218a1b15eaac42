"""Keys of several fields: a tag of a data source is known by the source and its name."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
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


def control(client: httpx.Client, path: str, document: Any) -> httpx.Response:
    return httpx.post(f"{str(client.base_url).partition('/acme')[0]}/_emulator/{path}", json=document)


def test_records_are_generated_with_keys_that_are_free(acme: httpx.Client) -> None:
    added = control(acme, "state/populate", {"collection": "acme.tags", "count": 20}).json()["records"]
    assert len(acme.get("/tags").json()) == len({(tag["source"], tag["name"]) for tag in added}) + 3 == 23
    assert {tag["source"] for tag in added} == {1, 2}
    given = control(acme, "state/acme.tags", {"source": 2, "color": "x"}).json()
    assert (given["source"], given["color"]) == (2, "x")
    assert acme.get(f"/sources/2/tags/{given['name']}").json()["color"] == "x"


def test_keys_of_listed_values_are_given_until_each_is_taken(tmp_path: Path) -> None:
    document = deepcopy(contract())
    document["components"]["schemas"]["Tag"]["properties"]["name"] = {"enum": ["red", "green", "blue"]}
    files = {**FIXTURES, "fixtures/tags.yaml": "records: [{source: 1, name: red}]"}
    with served(tmp_path, document, files) as client:
        more = {"collection": "acme.tags", "count": 5}
        assert control(client, "state/populate", more).status_code == 200
        keys = {(tag["source"], tag["name"]) for tag in client.get("/tags").json()}
        assert keys == {(source, name) for source in (1, 2) for name in ("red", "green", "blue")}
        refused = control(client, "state/populate", {**more, "count": 1})
        assert (refused.status_code, "already taken" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize("path", ["state/populate", "state/acme.tags"])
def test_key_without_a_record_that_it_refers_to_is_not_generated(tmp_path: Path, path: str) -> None:
    files = {"fixtures/sources.yaml": "records: []", "fixtures/tags.yaml": "records: []"}
    with served(tmp_path, contract(), files) as client:
        more = {"name": "red"} if path.endswith("tags") else {"collection": "acme.tags", "count": 1}
        refused = control(client, path, more)
        said = "Source cannot be generated: acme.sources has no record."
        assert (refused.status_code, refused.json()["detail"].lower()) == (422, said.lower())


def test_singleton_is_generated_for_each_record_that_has_none(tmp_path: Path) -> None:
    document, settings = contract(), {"type": "object", "required": ["theme"], "properties": {"theme": {"enum": ["x"]}}}
    document["components"]["schemas"]["Settings"] = settings
    document["x-emulator"]["collections"]["settings"] = {"singleton": "sources", "schema": "Settings"}
    words = {"collection": "settings"}
    document["paths"]["/sources/{sourceId}/settings"] = {
        "parameters": [{**ID, "name": "sourceId"}],
        "get": operation("getSettings", words, ref("Settings")),
    }
    with served(tmp_path, document, FIXTURES) as client:
        more = {"collection": "acme.settings", "count": 2}
        added = control(client, "state/populate", more).json()["records"]
        assert [one["_key"] for one in added] == [1, 2]
        assert client.get("/sources/2/settings").json() == {"theme": "x"}
        refused = control(client, "state/populate", {**more, "count": 1})
        said = "Each record of acme.sources has one of acme.settings already."
        assert (refused.status_code, refused.json()["detail"]) == (422, said)
