"""Forced records that cannot be served are reported by name; unusable credentials are always rejected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.catalogue import Catalogue
from tests.control import Control, controlled

PARADIME = {"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"}
CUSTOM = "11111111-2222-4333-8444-555555555555"
HEX = "5fc5e0e66cfe5b44bb95de99"
FLOW = "5fc5e1346cfe5b44bb95df12"
DBT = "8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
PARTIAL: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("secoda.integrations", CUSTOM, {"id": CUSTOM}, {"url": "/secoda/api/v1/integration/integrations"}),
    ("celigo.integrations", HEX, {"_id": HEX}, {"url": f"/celigo/v1/integrations/{HEX}"}),
    ("immuta.data_sources", "99", {"id": 99}, {"url": "/immuta/dataSource"}),
    ("celigo.errors", "1", {"errorId": "1", "_flowId": FLOW}, {"url": "/celigo/v1/integrations"}),
    (
        "secoda.slack_conversations",
        "C1",
        {"id": "C1"},
        {"url": "/secoda/api/v2/integration_v2/slack/conversations/list"},
    ),
    ("secoda.failing_tests", DBT, {"id": DBT}, {"url": f"/secoda/api/v1/integration/dbt/{DBT}/failing_tests/"}),
    (
        "secoda.dbt_artifacts",
        DBT,
        {"id": DBT},
        {"url": f"/secoda/api/v1/integration/dbt/{DBT}/trigger/", "method": "POST"},
    ),
    (
        "paradime.integrations",
        CUSTOM,
        {"uid": CUSTOM},
        {
            "url": "/paradime/graphql",
            "method": "POST",
            "json": {"query": "{listCustomIntegrations {ok integrations {uid name}}}"},
            "headers": PARADIME,
        },
    ),
]


@pytest.fixture(scope="module")
def control(catalogue: Catalogue) -> Iterator[Control]:
    with controlled(catalogue) as (_, control):
        yield control


@pytest.mark.internal_error
@pytest.mark.parametrize(("collection", "id", "record", "call"), PARTIAL, ids=[case[0] for case in PARTIAL])
def test_a_partial_record_is_refused_and_if_it_is_forced_in_log_and_journal_name_it(
    control: Control,
    caplog: pytest.LogCaptureFixture,
    collection: str,
    id: str,
    record: dict[str, Any],
    call: dict[str, Any],
) -> None:
    vendor, path = collection.partition(".")[0], f"/state/{collection}/{id}"
    status, detail = control.refused("PUT", path, json=record)
    assert (status, f"violates the schema of {collection}: /" in detail) == (422, True), detail
    control.done("PUT", f"{path}?force=true", json=record)
    headers = call.get("headers", {"Authorization": f"Bearer {vendor}-token"})
    response = control.client.request(
        call.get("method", "GET"), control.url + call["url"], headers=headers, json=call.get("json")
    )
    assert response.status_code == 500
    shown = next(iter(record.values()))
    sentence = f"cannot serve the record {shown!r} of {collection}, /"
    (exchange,) = control.done("GET", f"/journal?vendor={vendor}&status=500")["exchanges"]
    assert sentence in exchange["violations"][0]["sentence"]
    (told,) = [message for message in caplog.messages if "cannot serve" in message]
    assert sentence in told
    assert "Traceback" not in caplog.text
    control.done("POST", "/reset")


@pytest.mark.parametrize(
    ("collection", "record", "sentence"),
    [
        (
            "secoda.resources",
            {"key": "x:1", "entity_type": 5, "databuilder_id": "1", "line": 1},
            "/entity_type: 5 is not",
        ),
        (
            "secoda.lineage",
            {"key": "x:1", "from_identifier": {}, "line": 1},
            "/to_identifier: 'to_identifier' is a req",
        ),
        ("celigo.scripts", {"_id": HEX}, "/name: 'name' is a required property"),
        ("celigo.snapshots", {"_revisionId": HEX, "_integrationId": HEX}, "/digest: 'digest' is a required property"),
        ("celigo.clones", {"_integrationId": HEX, "_sourceId": "x"}, "/_sourceId: 'x' does not match"),
    ],
)
def test_a_record_that_handlers_could_not_read_is_refused_by_collection_and_field(
    control: Control, collection: str, record: dict[str, Any], sentence: str
) -> None:
    status, detail = control.refused("PUT", f"/state/{collection}/{next(iter(record.values()))}", json=record)
    assert (status, f"violates the schema of {collection}: " in detail, sentence in detail) == (422, True, True)


UNUSABLE: list[tuple[str, dict[str, Any], str]] = [
    ("secoda", {"id": "mine"}, "/user: 'user' is a required property"),
    ("secoda", {"id": "mine", "user": "u"}, "/rights: 'rights' is a required property"),
    ("secoda", {"id": "mine", "user": "u", "rights": "full", "expires_at": "soon"}, "/expires_at: 'soon'"),
    ("immuta", {"id": "mine", "kind": "token", "user": "alice", "rights": "full"}, "/user: 'alice'"),
    ("paradime", {"id": "mine", "user": "u", "rights": "full", "workspace": 5}, "/workspace: 5 is not"),
]


@pytest.mark.parametrize("force", ["", "?force=true"])
@pytest.mark.parametrize(("vendor", "record", "sentence"), UNUSABLE)
def test_an_unusable_credential_is_refused_even_by_force_and_sandboxes_stay_listed(
    control: Control, vendor: str, record: dict[str, Any], sentence: str, force: str
) -> None:
    status, detail = control.refused("PUT", f"/state/{vendor}.credentials/mine{force}", json=record)
    assert (status, sentence in detail) == (422, True), detail
    for path in ("/sandboxes", "/sandboxes/default"):
        control.done("GET", path)


# Bounds


def test_snapshots_of_all_sandboxes_keep_to_one_bound_and_make_room_when_they_go(catalogue: Catalogue) -> None:
    with controlled(catalogue, snapshot_bytes="1m") as (_, control):
        control.sandbox(name="alpha")
        size = control.done("POST", "/snapshots", json={"name": "a"})["bytes"]
        fitting = 1024**2 // size
        for number in range(1, fitting):
            control.done("POST", "/sandboxes/alpha/snapshots", json={"name": f"s{number}"})
        # One of the same name is replaced, and takes no more space.
        control.done("POST", "/snapshots", json={"name": "a"})
        status, detail = control.refused("POST", "/snapshots", json={"name": "b"})
        assert (status, "raise snapshot_bytes" in detail) == (507, True), detail
        file = control.ask("GET", "/snapshots/a").content
        kind = {"Content-Type": "application/vnd.sqlite3"}
        assert control.ask("PUT", "/snapshots/b", content=file, headers=kind).status_code == 507
        assert [one["name"] for one in control.done("GET", "/snapshots")["snapshots"]] == ["a"]
        control.done("DELETE", "/snapshots/a")
        control.done("POST", "/snapshots", json={"name": "b"})
        control.done("POST", "/sandboxes/alpha/reset")
        assert control.refused("POST", "/snapshots", json={"name": "c"})[0] == 507, "a reset keeps them"
        control.done("DELETE", "/sandboxes/alpha")
        for number in range(1, fitting):
            control.done("POST", "/snapshots", json={"name": f"s{number}"})


# Names


def test_a_sentence_names_twelve_sandboxes_at_most(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, control):
        for number in range(12):
            control.sandbox(name=f"s{number}")
        lists = "Some sandboxes: default, s0, s1. GET /_emulator/sandboxes lists all sandboxes"
        sentence = f"Unknown sandbox 'nope'. {lists}. POST /_emulator/sandboxes creates one."
        assert control.refused("GET", "/sandboxes/nope") == (404, sentence)
        responses = [
            control.client.get(f"{control.url}/~nope/secoda/x"),
            control.client.get(f"{control.url}/secoda/x", headers={"X-Emulator-Sandbox": "nope"}),
        ]
        assert [response.json()["detail"] for response in responses] == [sentence] * 2


def test_without_the_control_token_no_sandboxs_name_is_shown(catalogue: Catalogue) -> None:
    with controlled(catalogue, control_token="secret") as (_, control):
        control.client.headers["Authorization"] = "Bearer secret"
        control.sandbox(name="hidden")
        assert "hidden" in control.refused("GET", "/sandboxes/nope")[1]
        del control.client.headers["Authorization"]
        for url, headers in [
            ("/~nope/secoda/x", {}),
            ("/secoda/x", {"X-Emulator-Sandbox": "nope"}),
            ("/_emulator/sandboxes/nope", {}),
            ("/_emulator/journal", {"X-Emulator-Sandbox": "nope"}),
        ]:
            response = control.client.get(control.url + url, headers=headers)
            assert (response.status_code in (401, 404), "hidden" in response.text) == (True, False), url


def test_without_the_control_token_no_status_reveals_which_sandboxes_exist(catalogue: Catalogue) -> None:
    with controlled(catalogue, control_token="secret") as (_, control):
        for path, status in (("/clock", 401), ("/journal", 401), ("/sandboxes", 401), ("/health", 200), ("/x", 404)):
            prefixed = [control.client.get(f"{control.url}/~{name}/_emulator{path}") for name in ("default", "nope")]
            named = [control.ask("GET", path, headers={"X-Emulator-Sandbox": name}) for name in ("default", "nope")]
            assert [response.status_code for response in [*prefixed, *named]] == [status] * 4, path


def test_a_sandbox_is_made_under_the_name_that_a_proxys_header_gives_and_no_other(catalogue: Catalogue) -> None:
    header = {"X-Emulator-Sandbox": "a"}
    with controlled(catalogue) as (_, control):
        status, detail = control.refused("POST", "/sandboxes", json={"name": "b"}, headers=header)
        sentence = "The body names the sandbox 'b', but the header X-Emulator-Sandbox 'a'; send one of them."
        assert (status, detail) == (422, sentence)
        assert control.done("POST", "/sandboxes", json={}, headers=header)["name"] == "a"
        assert control.refused("POST", "/sandboxes", json={"name": "a"}, headers=header)[0] == 409
        assert [one["name"] for one in control.done("GET", "/sandboxes")["sandboxes"]] == ["default", "a"]
