"""The limits of a call; each is reported in the vendor's dialect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.contract.reading import read_call
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
    response = control.client.post(control.url + path, headers=headers, json={"name": nested(6)})
    assert (response.status_code, words in response.text) == (status, True), response.text


TAKE_JSON = [
    ("/secoda/integration/integrations", {"Authorization": "Bearer secoda-token"}),
    ("/immuta/dictionary/1", {"Authorization": "Bearer immuta-token"}),
    ("/celigo/v1/integrations", {"Authorization": "Bearer celigo-token"}),
    ("/paradime/graphql", PAIR),
]


@pytest.mark.parametrize(("path", "headers"), TAKE_JSON)
def test_a_body_over_the_limit_is_413(control: Control, path: str, headers: dict[str, str]) -> None:
    response: httpx.Response = control.client.post(control.url + path, headers=headers, json={"name": "x" * 5000})
    assert response.status_code == 413
    assert response.json()


@pytest.mark.parametrize(("path", "headers"), TAKE_JSON)
@pytest.mark.parametrize("limit", ["max_json", "max_body"])
def test_the_lower_of_two_limits_applies_to_json(
    catalogue: Catalogue, path: str, headers: dict[str, str], limit: str
) -> None:
    with controlled(catalogue, **{limit: "1k"}) as (_, control):
        for length, is_refused in [(900, False), (1024, True)]:
            response = control.client.post(control.url + path, headers=headers, json={"name": "x" * length})
            assert (response.status_code == 413) is is_refused


def test_the_limit_of_json_does_not_apply_to_an_upload(catalogue: Catalogue) -> None:
    with controlled(catalogue, max_json="1k") as (_, control):
        url = f"{control.url}/secoda/integration/integrations"
        key = {"Authorization": "Bearer secoda-token"}
        one = control.client.get(url, headers=key).json()["results"][0]["id"]
        files = {"file": ("resources.csv", "title,entity_type\n" + "a,table\n" * 1000)}
        response = control.client.post(f"{url}/{one}/import_metadata", headers=key, files=files)
        assert response.status_code != 413


def test_a_body_that_no_operation_takes_is_not_read_if_it_is_long(control: Control) -> None:
    url, key = f"{control.url}/celigo/v1/integrations", {"Authorization": "Bearer celigo-token"}
    for length in (3, 100_000):
        assert control.client.request("GET", url, headers=key, content=b"x" * length).status_code == 200
    bodies = [one["call"]["body"] for one in control.done("GET", "/journal")["exchanges"]]
    assert bodies == ["xxx", None]


@pytest.mark.parametrize(("path", "headers"), TAKE_JSON)
@pytest.mark.parametrize("value", ["1", "[]", "{}"])
def test_a_body_of_too_many_values_is_too_large(
    catalogue: Catalogue, path: str, headers: dict[str, str], value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.transport.wire.MOST_VALUES", 1000)
    monkeypatch.setattr("emulator.transport.wire.SHORT", 100)
    with controlled(catalogue) as (_, control):
        for count, is_refused in [(400, False), (1001, True)]:
            content = f'{{"query": "{{x}}", "name": [{",".join([value] * count)}]}}'
            kind = {"Content-Type": "application/json"}
            response = control.client.post(control.url + path, headers=headers | kind, content=content)
            assert (response.status_code == 413) is is_refused


@pytest.mark.parametrize(("path", "headers"), [*TAKE_JSON, ("/_emulator/faults", {})])
@pytest.mark.parametrize(("length", "is_long"), [(1000, False), (300_000, True)])
def test_a_long_body_is_parsed_off_the_event_loop(
    catalogue: Catalogue,
    path: str,
    headers: dict[str, str],
    length: int,
    is_long: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = []

    def noting(*given: Any) -> Any:
        threads.append(threading.current_thread().name)
        return read_call(*given)

    for module in ("emulator.pipeline.pipeline", "emulator.control.api"):
        monkeypatch.setattr(f"{module}.read_call", noting)
    with controlled(catalogue) as (_, control):
        control.client.post(control.url + path, headers=headers, json={"name": "x" * length})
    assert threads == ["off_loop" if is_long else "emulator"]
