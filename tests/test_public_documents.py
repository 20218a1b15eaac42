"""OpenAPI documents that nobody wrote for the emulator: their content is read, what they leave open is added."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy

from emulator.contract.documents import contract_files
from emulator.contract.form import problems
from emulator.contract.openapi import Contract, read_contract
from emulator.contract.operation import Operation
from emulator.contract.reading import UnsupportedType, read_call
from emulator.contract.routes import Routes
from emulator.errors import ContractError
from emulator.exchange import Call

PLAIN: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Zoo", "version": "1"},
    "paths": {
        "/animals": {"get": {"responses": {"200": {"description": "Animals."}}}},
        "/animals/{animalId}": {"get": {"responses": {"200": {"description": "One."}}}},
    },
}
ID = {"name": "animalId", "in": "path", "required": True, "schema": {"type": "integer"}}


def document(**changes: Any) -> dict[str, Any]:
    made = copy.deepcopy(PLAIN)
    made["paths"]["/animals/{animalId}"]["parameters"] = [ID]
    return {**made, **changes}


def read(folder: Path, written: Any, is_public: bool = True) -> Contract:
    zoo = folder / "zoo"
    zoo.mkdir(exist_ok=True)
    (zoo / "openapi.yaml").write_text(json.dumps(written, indent=1), "utf-8")
    assert list(problems("zoo", contract_files(zoo), is_public)) == []
    contract = read_contract(zoo, is_public=is_public)
    Routes(contract)
    return contract


def one_operation(folder: Path, **changes: Any) -> Operation:
    operation = {"operationId": "list", "responses": {"200": {"description": ""}}, **changes}
    return read(folder, {**PLAIN, "paths": {"/animals": {"get": operation}}}).operations["list"]


def reply_schema(folder: Path, schema: Any, **more: Any) -> Any:
    content = {"application/json": {"schema": schema}}
    operation = one_operation(folder, responses={"200": {"description": "", "content": content}}, **more)
    return operation.responses[200].media["application/json"].check


def parameters_of(folder: Path, parameter: dict[str, Any], query: str) -> Any:
    """Return what a call with a query string sends for the parameters."""
    operation = one_operation(folder, parameters=[{"in": "query", **parameter}])
    pairs = MultiDict([(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&"))])
    call = Call("GET", "/animals", query=MultiDictProxy(pairs))
    contract = read_contract(folder / "zoo", is_public=True)
    assert read_call(call, operation, contract.conventions, 100) == []
    return call.params


def test_document_without_our_extensions_is_read(tmp_path: Path) -> None:
    contract = read(tmp_path, document())
    assert (contract.mounts, contract.hosts) == (("",), ("zoo.example",))
    assert sorted(contract.operations) == ["getAnimals", "getAnimalsAnimalId"]
    operation = contract.operations["getAnimals"]
    assert (operation.tag, operation.secured, operation.evidence.level) == ("animals", False, "documented")


def test_what_a_document_leaves_out_is_added_as_assumed_problem_documents(tmp_path: Path) -> None:
    contract = read(tmp_path, document())
    responses = contract.operations["getAnimals"].responses
    assert sorted(responses) == [200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503]
    assert not responses[200].is_added
    assert (responses[404].is_added, responses[404].evidence.level) == (True, "assumed")
    assert list(responses[404].media) == ["application/problem+json"]
    assert sorted(contract.unmatched) == [400, 404, 405, 413, 415, 500, 503]


def test_default_response_is_what_other_statuses_look_like(tmp_path: Path) -> None:
    default = {"description": "", "content": {"application/json": {"schema": {"required": ["code"]}}}}
    responses = one_operation(tmp_path, responses={"200": {"description": ""}, "default": default}).responses
    assert not responses[404].media["application/json"].check.accepts({})
    assert responses[404].is_added


def test_default_response_alone_is_the_200(tmp_path: Path) -> None:
    responses = one_operation(tmp_path, responses={"default": {"description": ""}}).responses
    assert 200 in responses


def test_range_of_statuses_is_its_first(tmp_path: Path) -> None:
    responses = one_operation(
        tmp_path, responses={"2XX": {"description": "Fine."}, "202": {"description": ""}}
    ).responses
    assert {200, 202} <= responses.keys()


@pytest.mark.parametrize(
    ("schema", "accepted", "refused"),
    [
        ({"type": "string", "nullable": True}, None, 1),
        ({"type": "string", "nullable": False}, "a", None),
        ({"type": "string", "enum": ["a"], "nullable": True}, None, "b"),
        ({"allOf": [{"type": "object"}], "nullable": True}, None, "b"),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2, 1),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, 1, 0),
        ({"type": "object", "properties": {"nullable": {"type": "boolean"}}}, {"nullable": True}, {"nullable": 1}),
        ({"type": "string", "format": "email"}, "a@b.example", "no address"),
        ({"type": "string", "format": "idn-email"}, "no address", 1),
        ({"type": "string", "format": "iso-country-code"}, "xyz", 1),
        ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z", "yesterday"),
    ],
)
def test_schema_of_openapi_3_0_means_what_it_says(tmp_path: Path, schema: Any, accepted: Any, refused: Any) -> None:
    check = reply_schema(tmp_path, schema)
    assert check.violations(accepted, "body") == []
    assert check.violations(refused, "body") != []


@pytest.mark.parametrize(
    ("parameter", "query", "sent"),
    [
        (
            {"name": "tags", "schema": {"type": "array", "items": {"type": "integer"}}},
            "tags=1&tags=2",
            {"tags": [1, 2]},
        ),
        (
            {"name": "tags", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}}},
            "tags=1,2",
            {"tags": [1, 2]},
        ),
        (
            {"name": "tags", "style": "pipeDelimited", "schema": {"type": "array", "items": {"type": "string"}}},
            "tags=a|b",
            {"tags": ["a", "b"]},
        ),
        ({"name": "of", "schema": {"type": "object", "properties": {"age": {"type": "integer"}}}}, "age=3", {"age": 3}),
        (
            {
                "name": "of",
                "style": "deepObject",
                "schema": {"type": "object", "properties": {"age": {"type": "integer"}}},
            },
            "of[age]=3",
            {"of[age]": 3},
        ),
        ({"name": "age", "schema": {"allOf": [{"$ref": "#/components/schemas/Age"}]}}, "age=3", {"age": 3}),
        ({"name": "age", "schema": {"anyOf": [{"type": "integer"}, {"type": "string"}]}}, "age=3", {"age": 3}),
        (
            {"name": "filter", "content": {"application/json": {"schema": {"type": "object"}}}},
            "filter={}",
            {"filter": "{}"},
        ),
    ],
)
def test_parameter_is_read_as_its_style_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameter: dict[str, Any], query: str, sent: Any
) -> None:
    monkeypatch.setitem(PLAIN, "components", {"schemas": {"Age": {"type": "integer"}}})
    assert parameters_of(tmp_path, parameter, query) == sent


def test_parameters_of_a_path_are_those_of_its_operations(tmp_path: Path) -> None:
    written = document(
        components={"parameters": {"Deep": {"name": "deep", "in": "query", "schema": {"type": "boolean"}}}}
    )
    item = written["paths"]["/animals/{animalId}"]
    item["parameters"] = [ID, {"$ref": "#/components/parameters/Deep"}]
    item["get"]["parameters"] = [{**ID, "schema": {"type": "string"}}, {"name": "sid", "in": "cookie", "schema": {}}]
    found = read(tmp_path, written).operations["getAnimalsAnimalId"].parameters
    assert [(one.name, one.place, one.type) for one in found] == [
        ("animalId", "path", "string"),
        ("deep", "query", "boolean"),
    ]


def test_json_is_read_and_sent_where_xml_is_beside_it(tmp_path: Path) -> None:
    content = {"application/xml": {"schema": {"type": "object"}}, "application/json": {"schema": {"type": "object"}}}
    reply = {"200": {"description": "", "content": content}}
    operation = one_operation(tmp_path, requestBody={"content": content}, responses=reply)
    assert list(operation.responses[200].media) == ["application/json"]
    headers = CIMultiDictProxy(CIMultiDict({"Content-Type": "application/xml"}))
    conventions = read_contract(tmp_path / "zoo", is_public=True).conventions
    with pytest.raises(UnsupportedType):
        read_call(Call("GET", "/animals", headers=headers, body=b"<a/>"), operation, conventions, 100)


def test_a_body_with_an_unparsed_type_is_kept_unchanged(tmp_path: Path) -> None:
    operation = one_operation(tmp_path, requestBody={"content": {"image/png": {}}})
    headers = CIMultiDictProxy(CIMultiDict({"Content-Type": "image/png"}))
    conventions = read_contract(tmp_path / "zoo", is_public=True).conventions
    call = Call("GET", "/animals", headers=headers, body=b"\x89PNG")
    assert read_call(call, operation, conventions, 100) == []


@pytest.mark.parametrize(
    ("described", "secured"),
    [
        ({}, True),
        ({"security": []}, False),
        ({"security": [{}, {"key": []}]}, False),
        ({"security": [{"key": []}]}, True),
    ],
)
def test_security_of_the_document_is_that_of_its_operations(tmp_path: Path, described: Any, secured: bool) -> None:
    written = document(security=[{"key": []}])
    written["paths"]["/animals"]["get"] |= {"operationId": "list", **described}
    assert read(tmp_path, written).operations["list"].secured == secured


def test_examples_are_found_by_reference_in_the_singular_and_in_the_schema(tmp_path: Path) -> None:
    def example_of(media: dict[str, Any]) -> Any:
        described = {"200": {"description": "", "content": {"application/json": media}}}
        return one_operation(tmp_path, responses=described).responses[200].media["application/json"].examples

    assert example_of({"example": 1}) == {"example": 1}
    assert example_of({"schema": {"example": 2}}) == {"example": 2}
    assert example_of({"examples": {"one": {"value": 3}, "far": {"externalValue": "https://zoo.example"}}}) == {
        "one": 3
    }


def test_webhooks_extensions_and_paths_of_parts_of_segments_are_left_out(tmp_path: Path) -> None:
    written = document(webhooks={"born": {"post": {}}}, **{"x-topics": [{"content": {"$ref": "./nowhere.md"}}]})
    written["paths"]["/animals/{a}.{b}"] = written["paths"]["/animals#new"] = {"get": {}}
    contract = read(tmp_path, written)
    assert len(contract.operations) == 2
    assert contract.document["x-left-out"] == ["/animals/{a}.{b}", "/animals#new"]


@pytest.mark.parametrize(
    "url", ["/api/v3/", "http://localhost:8080/api/v3", "{scheme}://zoo.example/api/v3", "//zoo.example/api/v3"]
)
def test_server_without_a_public_name_gets_one(tmp_path: Path, url: str) -> None:
    written = document(servers=[{"url": url, "variables": {"scheme": {"default": "https"}}}])
    contract = read(tmp_path, written)
    assert (contract.hosts, contract.mounts) == (("zoo.example",), ("/api/v3",))


@pytest.mark.parametrize("name", ["get-animals", "animals/list", "animals.list", "get_animals:all"])
def test_operation_id_may_have_hyphens_and_other_signs(tmp_path: Path, name: str) -> None:
    written = document()
    written["paths"]["/animals"]["get"]["operationId"] = name
    assert name in read(tmp_path, written).operations


def test_same_document_is_refused_as_a_built_in_contract(tmp_path: Path) -> None:
    read(tmp_path, document())
    with pytest.raises(ContractError, match="servers is missing"):
        read_contract(tmp_path / "zoo")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"openapi": "2.0"}, 'line 2, /openapi: expected 3.0 or 3.1, not "2.0"'),
        ({"paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/components/responses/No"}}}}}}, "nothing is at"),
        ({"paths": {"/a/{b}": {"get": {"responses": {"200": {}}}}}}, "the path has {b}, but no path parameter"),
        ({"paths": {"/a": {"get": {}}}}, "responses is missing"),
        ({"paths": {"/a": {"get": {"responses": {"200": {}}, "parameters": 5}}}}, "expected a list, not 5"),
        ({"servers": 5, "x-conventions": 6, "components": {"responses": 7}}, "/servers: expected a list, not 5"),
    ],
)
def test_mistakes_in_it_are_reported_with_their_place(tmp_path: Path, change: Any, sentence: str) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "openapi.yaml").write_text(json.dumps(document(**change), indent=1), "utf-8")
    told = list(problems("zoo", contract_files(tmp_path / "zoo"), True))
    assert any(sentence in one for one in told), told
    with pytest.raises(ContractError):
        read_contract(tmp_path / "zoo", is_public=True)


def test_swagger_2_is_refused_with_what_converts_it(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "openapi.yaml").write_text('{"swagger": "2.0"}', "utf-8")
    (told,) = problems("zoo", contract_files(tmp_path / "zoo"), True)
    assert told.endswith("line 1, /swagger: Swagger 2.0 is not read; convert it to OpenAPI 3 (swagger2openapi)")


def test_what_is_only_read_is_required_in_replies_and_what_is_only_written_in_requests(tmp_path: Path) -> None:
    text = {"type": "string"}
    properties = {"id": {**text, "readOnly": True}, "secret": {**text, "writeOnly": True}, "name": text}
    schema = {"type": "object", "required": ["id", "secret", "name"], "properties": properties}
    around = {**schema, "required": ["name"], "properties": {**properties, "example": schema}}
    content = {"application/json": {"schema": {"type": "array", "items": around}}}
    responses = {"200": {"description": "", "content": content}}
    operation = one_operation(tmp_path, requestBody={"content": content}, responses=responses)
    assert operation.body is not None
    sent = operation.body.media["application/json"].check
    replied = operation.responses[200].media["application/json"].check
    for check, whole in ((sent, {"name": "", "secret": ""}), (replied, {"name": "", "id": ""})):
        assert check.violations([{"name": "", "example": whole}], "body") == []
        for name in whole:
            less = {one: value for one, value in whole.items() if one != name}
            (found,) = check.violations([{"name": "", "example": less}], "body")
            assert found.pointer == f"/0/example/{name}"


@pytest.mark.parametrize("required", [["id"], []])
@pytest.mark.parametrize("place", ["body", "reply", "parameter"])
def test_schema_that_does_not_compile_is_refused_with_its_place(tmp_path: Path, place: str, required: Any) -> None:
    # Python takes this flag; ECMA-262, and the fast library, do not.
    wrong = {"type": "string", "pattern": "(?a)x"}
    id = {"type": "string", "readOnly": True}
    schemas = {
        one: {"type": "object", "required": required, "properties": {"id": id, "name": wrong if one == place else id}}
        for one in ("body", "reply")
    }
    with pytest.raises(ContractError, match=r"zoo/openapi\.yaml#/paths/~1animals/get/.*\(\?a\)x"):
        one_operation(
            tmp_path,
            parameters=[{"name": "x", "in": "query", "schema": wrong if place == "parameter" else {}}],
            requestBody={"content": {"application/json": {"schema": schemas["body"]}}},
            responses={"200": {"description": "", "content": {"application/json": {"schema": schemas["reply"]}}}},
        )


def test_document_of_many_levels_is_refused(tmp_path: Path) -> None:
    levels = 500
    schema = levels * '{"allOf": [' + "{}" + levels * "]}"
    written = json.dumps(document(components={"schemas": {"Deep": 0}})).replace('"Deep": 0', f'"Deep": {schema}')
    file = tmp_path / "zoo.json"
    file.write_text(written, "utf-8")
    assert problems("zoo", contract_files(file), True) == ["zoo: the contract has too many levels"]
    with pytest.raises(ContractError, match="too many levels"):
        read_contract(file, is_public=True, vendor="zoo")
