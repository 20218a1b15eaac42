"""Failures of which a public document has a schema and no example: their bodies fit it, and say what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.contract.failure_samples import FailureSamples
from emulator.exchange import NOTHING
from tests.own_vendor import ref
from tests.test_inference import ITEM, LIST, MADE, bare, op, served, written

TEXT, WHOLE, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def thing(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def body(schema: Any, status: int = 404) -> Any:
    return FailureSamples(lambda entry: entry).body(status, schema)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (thing(message=TEXT, code=TEXT), {"message": "Not Found.", "code": "not_found"}),
        (thing("code", code=WHOLE, error=TEXT, id=TEXT), {"code": 404, "error": "Not Found"}),
        (thing(status=TEXT, status_code=WHOLE), {"status": "404", "status_code": 404}),
        (thing(error=thing(message=TEXT, note=TEXT)), {"error": {"message": "Not Found."}}),
        (thing(errors={"type": "array", "items": thing(message=TEXT)}), {"errors": [{"message": "Not Found."}]}),
        (thing(errors={"type": "array", "items": {"not": {}}}), {"errors": []}),
        (thing(code={**TEXT, "enum": ["bad_request", "not_found"]}), {"code": "not_found"}),
        (thing(type={**TEXT, "enum": ["error"]}), {"type": "error"}),
        (thing("id", "at", id={**TEXT, "format": "uuid"}, at={**TEXT, "format": "date-time"}), None),
        (thing("ok", "n", ok=TRUTH, n={**WHOLE, "minimum": 3}), {"ok": False, "n": 3}),
        (thing("request", request={**TEXT, "example": "r-1"}), {"request": "r-1"}),
        (thing("message", message={**TEXT, "maxLength": 9}), {"message": "not_found"}),
        (thing(message={"type": ["string", "null"]}), {"message": "Not Found."}),
        (thing(message={"anyOf": [TEXT, {"type": "null"}]}), {"message": "Not Found."}),
        ({"allOf": [thing("message", message=TEXT), thing(code=TEXT)]}, {"message": "Not Found.", "code": "not_found"}),
        (TEXT, "Not Found."),
    ],
)
def test_fields_say_what_is_known_of_a_failure(schema: Any, expected: Any) -> None:
    made = body(schema)
    assert jsonschema_rs.is_valid(schema, made, validate_formats=True)
    assert expected in (made, None)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        thing("a", a={"oneOf": [TEXT, WHOLE]}),
        thing("a", a={**TEXT, "pattern": "^[0-9]{7}$"}),
        {**thing(message=TEXT), "not": {"required": ["message"]}},
        {"allOf": [thing(a=TEXT), thing("a", a={**TEXT, "minLength": 99})]},
        {"allOf": [{**thing(), "additionalProperties": False}, thing("a", a=TEXT)]},
        {"type": "object", "required": 5, "properties": {"a": {"type": "string", "pattern": "["}}},
    ],
)
def test_nothing_is_made_for_a_schema_that_may_say_more(schema: Any) -> None:
    assert body(schema) is NOTHING


NAMES = st.sampled_from(["message", "code", "status", "error", "errors", "id", "title", "type"])
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", ["string", "null"]])},
        optional={
            "minLength": st.integers(0, 20),
            "maxLength": st.integers(0, 20),
            "enum": st.lists(st.sampled_from(["not_found", "Not Found", "x", ""]), min_size=1, unique=True),
            "const": st.sampled_from(["not_found", "y"]),
            "default": st.sampled_from(["z", 5]),
            "format": st.sampled_from(["uuid", "date", "date-time", "email", "uri", "int32"]),
            "pattern": st.sampled_from(["^N", "[0-9]", "^$"]),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": st.integers(-500, 500),
            "maximum": st.integers(-500, 500),
            "exclusiveMinimum": st.integers(0, 500),
            "multipleOf": st.integers(1, 9),
            "enum": st.lists(st.integers(0, 500), min_size=1, unique=True),
            "example": st.sampled_from([1, 1.5, "1"]),
        },
    ),
    st.just({"type": "boolean"}),
    st.just({}),
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.lists(NAMES, max_size=3, unique=True)
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=4), "required": names},
        optional={
            "additionalProperties": st.booleans(),
            "minProperties": st.integers(0, 3),
            "maxProperties": st.just(1),
        },
    )
    lists = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={"minItems": st.integers(0, 2), "maxItems": st.integers(0, 2), "uniqueItems": st.booleans()},
    )
    several = st.lists(inner, min_size=1, max_size=2)
    words = st.sampled_from(["allOf", "anyOf", "oneOf"])
    return st.one_of(objects, lists, st.builds(lambda word, of: {word: of}, words, several))


@given(schema=st.recursive(SCALARS, _larger, max_leaves=8), status=st.sampled_from([400, 404, 422, 500, 599]))
def test_what_is_made_fits_its_schema(schema: Any, status: int) -> None:
    made = body(schema, status)
    assert made is NOTHING or jsonschema_rs.is_valid(schema, made, validate_formats=True), made


def _document(schema: Any, **responses: Any) -> dict[str, Any]:
    document = bare({**LIST, **MADE, **ITEM})
    reply = {"description": "", "content": {"application/json": {"schema": schema}}}
    document["components"]["responses"] = {"Failure": reply}
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"] |= responses or {"default": {"$ref": "#/components/responses/Failure"}}
    made: dict[str, Any] = json.loads(json.dumps(document))
    return made


FAILURE = thing("status", "message", status=WHOLE, message=TEXT)
SHARED = {status: {"$ref": "#/components/responses/Failure"} for status in ("400", "404", "500")}


@pytest.mark.parametrize("responses", [{}, SHARED], ids=["default", "one response of several statuses"])
def test_reply_to_a_wrong_call_is_in_the_documents_own_form(tmp_path: Path, responses: Any) -> None:
    with served(written(tmp_path, _document(FAILURE, **responses))) as client:
        missing, wrong = client.get("/pets/nobody"), client.post("/pets", content=b"{")
        control = str(client.base_url).partition("/zoo")[0]
        client.put(f"{control}/_emulator/sandboxes/default/scenarios/zoo/server-error").raise_for_status()
        broken = client.get("/pets")
    assert (missing.status_code, missing.headers["Content-Type"].partition(";")[0]) == (404, "application/json")
    assert missing.json() == {"status": 404, "message": "There is no record of pets with id 'nobody'."}
    assert (wrong.status_code, wrong.json()["status"]) == (400, 400)
    assert "does not parse" in wrong.json()["message"]
    assert (broken.status_code, broken.json()) == (500, {"status": 500, "message": "Internal Server Error."})


def test_schema_for_which_nothing_can_be_made_is_a_problem_document(tmp_path: Path) -> None:
    with served(written(tmp_path, _document(thing("a", a={**TEXT, "pattern": "^[0-9]{7}$"})))) as client:
        missing = client.get("/pets/nobody")
    assert missing.headers["Content-Type"].startswith("application/problem+json")


def test_a_documents_own_example_goes_before_its_schema(tmp_path: Path) -> None:
    document = _document(FAILURE)
    example = {"status": 0, "message": "No."}
    document["components"]["responses"]["Failure"]["content"]["application/json"]["example"] = example
    with served(written(tmp_path, document)) as client:
        assert client.get("/pets/nobody").json() == example


def test_sentence_that_does_not_fit_is_not_told(tmp_path: Path) -> None:
    short = thing("message", message={**TEXT, "maxLength": 12})
    with served(written(tmp_path, _document(short))) as client:
        assert client.get("/pets/nobody").json() == {"message": "Not Found."}


def test_document_without_schemas_of_failures_has_problem_documents(tmp_path: Path) -> None:
    with served(written(tmp_path, bare({**LIST, "get /pets/{petId}": op(ref("Pet"))}))) as client:
        assert client.get("/pets/nobody").json()["title"] == "Not Found"
