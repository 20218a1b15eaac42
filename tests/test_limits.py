"""What a call may not exceed, each answered in the vendor's own dialect."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.app import Catalogue
from tests.control import Control, controlled

PAIR = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}


@pytest.fixture
def control(catalogue: Catalogue) -> Iterator[Control]:
    settings = {"max_json_depth": 5, "graphql_depth": 3, "graphql_aliases": 2, "max_body": "4k"}
    with controlled(catalogue, **settings) as (_, control):
        yield control


def graphql(control: Control, query: str) -> Any:
    return control.client.post(f"{control.url}/paradime/graphql", headers=PAIR, json={"query": query}).json()


def nested(levels: int) -> Any:
    return 1 if not levels else [nested(levels - 1)]


def test_a_graphql_document_nested_too_deep_is_a_graphql_error(control: Control) -> None:
    deep = "{listCustomIntegrations {integrations {nodeTypes {nodeType}}}}"
    assert graphql(control, deep)["errors"][0]["message"] == "The document nests fields 4 deep; the limit is 3."
    assert "errors" not in graphql(control, "{listCustomIntegrations {integrations {uid}}}")


def test_a_graphql_document_with_too_many_aliases_is_a_graphql_error(control: Control) -> None:
    fields = [f"{name}: listCustomIntegrations {{ok}}" for name in "abc"]
    message = graphql(control, "{" + " ".join(fields) + "}")["errors"][0]["message"]
    assert message == "The document has 3 aliases; the limit is 2."
    assert "errors" not in graphql(control, "{" + " ".join(fields[:2]) + "}")


@pytest.mark.parametrize(
    ("path", "headers", "status", "words"),
    [
        ("/secoda/integration/integrations", {"Authorization": "Bearer secoda-token"}, 400, "nested deeper than 5"),
        ("/immuta/dictionary/1", {"Authorization": "Bearer immuta-token"}, 400, "Invalid request payload JSON format"),
        ("/celigo/v1/integrations", {"Authorization": "Bearer celigo-token"}, 400, "errors"),
        ("/paradime/graphql", PAIR, 400, "errors"),
    ],
)
def test_json_nested_too_deep_does_not_parse(
    control: Control, path: str, headers: dict[str, str], status: int, words: str
) -> None:
    answer = control.client.post(control.url + path, headers=headers, json={"name": nested(6)})
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


TAKE_JSON = [
    ("/secoda/integration/integrations", {"Authorization": "Bearer secoda-token"}),
    ("/immuta/dictionary/1", {"Authorization": "Bearer immuta-token"}),
    ("/celigo/v1/integrations", {"Authorization": "Bearer celigo-token"}),
    ("/paradime/graphql", PAIR),
]


@pytest.mark.parametrize(("path", "headers"), TAKE_JSON)
def test_a_body_over_the_limit_is_413(control: Control, path: str, headers: dict[str, str]) -> None:
    answer: httpx.Response = control.client.post(control.url + path, headers=headers, json={"name": "x" * 5000})
    assert answer.status_code == 413
    assert answer.json()


@pytest.mark.parametrize(("path", "headers"), TAKE_JSON)
@pytest.mark.parametrize("length", [5000, 2_000_000])
def test_what_counts_is_how_long_a_body_is_when_it_is_unpacked(
    control: Control, path: str, headers: dict[str, str], length: int
) -> None:
    headers = {**headers, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps({"name": "x" * length}).encode())
    assert len(packed) < 4096
    answer = control.client.post(control.url + path, headers=headers, content=packed)
    plain = control.client.post(control.url + path, headers=headers | {"Content-Encoding": ""}, content=b"x" * 5000)
    assert (answer.status_code, answer.json()) == (plain.status_code, plain.json()) == (413, plain.json())


def test_a_short_body_may_be_packed(control: Control) -> None:
    headers = {"Authorization": "Bearer secoda-token", "Content-Type": "application/json", "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps({"name": "Packed"}).encode())
    answer = control.client.post(f"{control.url}/secoda/integration/integrations", headers=headers, content=packed)
    assert (answer.status_code, answer.json()["name"]) == (201, "Packed")
