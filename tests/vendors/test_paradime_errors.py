"""Paradime's response to everything that can be wrong with a call, for every operation."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import EmulatorUnderTest

CREATE = (
    "mutation ($name: String!, $nodeTypes: [IntegrationNodeTypeInfo!]!)"
    " { addCustomIntegration(name: $name, nodeTypes: $nodeTypes) { ok integrationUid } }"
)
UPDATE = (
    "mutation ($integrationUid: String!, $active: Boolean)"
    " { updateCustomIntegration(integrationUid: $integrationUid, active: $active) { ok } }"
)
ADD_NODES = (
    "mutation ($integrationUid: String!, $snapshotHasMoreNodes: Boolean!, $snapshotId: Int) {"
    " addCustomIntegrationNodes(chartLikeNodes: [], dashboardLikeNodes: [], datasourceLikeNodes: [],"
    " integrationUid: $integrationUid, snapshotHasMoreNodes: $snapshotHasMoreNodes, snapshotId: $snapshotId)"
    " { ok snapshotId } }"
)
LIST = "query ($wanted: Boolean!) { listCustomIntegrations { ok @include(if: $wanted) } }"


@dataclass(frozen=True)
class Sound:
    """A valid call; `id` is the name of the variable with an id."""

    query: str
    variables: dict[str, Any]
    id: str = ""

    def body(self, **changed: Any) -> dict[str, Any]:
        return {"query": self.query, "variables": {**self.variables, **changed}}


SOUND = {
    "addCustomIntegration": Sound(CREATE, {"name": "A", "nodeTypes": []}),
    "updateCustomIntegration": Sound(UPDATE, {"integrationUid": "abc123", "active": True}, "integrationUid"),
    "addCustomIntegrationNodes": Sound(
        ADD_NODES, {"integrationUid": "abc123", "snapshotHasMoreNodes": False, "snapshotId": None}, "integrationUid"
    ),
    "listCustomIntegrations": Sound(LIST, {"wanted": True}),
}


@dataclass(frozen=True)
class Answer:
    """What comes back: a status, and the message at its place for that status."""

    status: int
    message: str

    def fits(self, status: int, document: Any) -> bool:
        if self.status not in (200, 400):
            return (status, document) == (self.status, {"message": self.message})
        return status == self.status and document["errors"][0]["message"].startswith(self.message)


def credentials(key: str, secret: str) -> dict[str, Any]:
    return {"rights": None, "headers": {"X-API-KEY": key, "X-API-SECRET": secret}}


def json_text(text: str) -> dict[str, Any]:
    return {"content": text.encode(), "headers": {"Content-Type": "application/json"}}


INVALID, LACKS = "Invalid API credentials", "The API key lacks the capability Custom integrations admin"
NOT_JSON, NO_QUERY = "POST body sent invalid JSON.", "Must provide query string."

# A change of a valid call (method and options), and its reply.
Problem = tuple[Callable[[Sound], dict[str, Any]], Answer]
ANYWHERE: dict[str, Problem] = {
    "no credential": (lambda sound: {"json": sound.body(), "rights": None}, Answer(401, "Missing API credentials")),
    "wrong key": (
        lambda sound: {"json": sound.body(), **credentials("wrong", "paradime-secret")},
        Answer(401, INVALID),
    ),
    "wrong secret": (
        lambda sound: {"json": sound.body(), **credentials("paradime-key", "wrong")},
        Answer(401, INVALID),
    ),
    "expired": (lambda sound: {"json": sound.body(), "rights": "expired"}, Answer(401, "Expired API credentials")),
    "lacks the capability": (lambda sound: {"json": sound.body(), "rights": "read"}, Answer(403, LACKS)),
    "GET": (lambda sound: {"method": "GET", "params": {"query": sound.query}}, Answer(405, "Method Not Allowed")),
    "PUT": (lambda sound: {"method": "PUT", "json": sound.body()}, Answer(405, "Method Not Allowed")),
    "DELETE": (lambda sound: {"method": "DELETE"}, Answer(405, "Method Not Allowed")),
    "missing content type": (
        lambda sound: {"content": json.dumps(sound.body()).encode()},
        Answer(415, "Unsupported Media Type"),
    ),
    "wrong content type": (
        lambda sound: {"content": sound.query.encode(), "headers": {"Content-Type": "application/graphql"}},
        Answer(415, "Unsupported Media Type"),
    ),
    "form": (lambda sound: {"data": {"query": sound.query}}, Answer(415, "Unsupported Media Type")),
    "malformed JSON": (lambda sound: json_text('{"query": '), Answer(400, NOT_JSON)),
    "empty body": (lambda sound: json_text(""), Answer(400, NOT_JSON)),
    "null": (lambda sound: json_text("null"), Answer(400, "The received data is not a valid JSON query.")),
    "text": (lambda sound: {"json": sound.query}, Answer(400, "The received data is not a valid JSON query.")),
    "batch": (lambda sound: {"json": [sound.body()]}, Answer(400, "Batch GraphQL requests are not enabled.")),
    "missing query": (lambda sound: {"json": {"variables": sound.variables}}, Answer(400, NO_QUERY)),
    "null query": (lambda sound: {"json": {"query": None}}, Answer(400, NO_QUERY)),
    "empty query": (lambda sound: {"json": {"query": ""}}, Answer(400, NO_QUERY)),
    "query of a wrong type": (lambda sound: {"json": {"query": 1}}, Answer(400, NO_QUERY)),
    "variables of a wrong type": (
        lambda sound: {"json": {"query": sound.query, "variables": []}},
        Answer(400, "Variables are invalid JSON."),
    ),
    "operationName of a wrong type": (
        lambda sound: {"json": {**sound.body(), "operationName": 1}},
        Answer(400, "1 is not of type"),
    ),
    "missing variables": (lambda sound: {"json": {"query": sound.query}}, Answer(200, "Variable '$")),
    "null variables": (
        lambda sound: {"json": sound.body(**dict.fromkeys(sound.variables))},
        Answer(200, "Variable '$"),
    ),
    "variables of wrong types": (
        lambda sound: {"json": sound.body(**dict.fromkeys(sound.variables, 1.5))},
        Answer(200, "Variable '$"),
    ),
}
WITH_AN_ID: dict[str, Problem] = {
    "unknown id": (
        lambda sound: {"json": sound.body(**{sound.id: "unknown"})},
        Answer(200, "CustomIntegrationNotFoundException: "),
    ),
    "malformed id": (lambda sound: {"json": sound.body(**{sound.id: 1})}, Answer(200, "Variable '$integrationUid' ")),
    "empty id": (
        lambda sound: {"json": sound.body(**{sound.id: ""})},
        Answer(200, "CustomIntegrationNotFoundException: "),
    ),
}
TABLE = [
    pytest.param(sound, *problem, id=f"{operation}: {name}")
    for operation, sound in SOUND.items()
    for name, problem in (ANYWHERE | (WITH_AN_ID if sound.id else {})).items()
]


@pytest.mark.parametrize(("sound", "spoil", "answer"), TABLE)
def test_a_mistake_gets_its_reply_and_has_no_effect(
    emulator: EmulatorUnderTest, sound: Sound, spoil: Callable[[Sound], dict[str, Any]], answer: Answer
) -> None:
    before = everything(emulator)
    options = spoil(sound)
    response = emulator.call("paradime", options.pop("method", "POST"), **options)
    assert answer.fits(response.status_code, response.json()), (response.status_code, response.text)
    assert response.headers["Content-Type"] == "application/json"
    assert everything(emulator) == before


@pytest.mark.parametrize("operation", SOUND)
def test_the_sound_calls_are_sound(emulator: EmulatorUnderTest, operation: str) -> None:
    response = emulator.call("paradime", "POST", json=SOUND[operation].body())
    assert response.status_code == 200
    assert response.json()["data"][operation]["ok"] is True
    assert "errors" not in response.json()
    assert emulator.exchanges()[-1].violations == ()


def everything(emulator: EmulatorUnderTest) -> Any:
    query = "{ listCustomIntegrations { integrations { uid name logoBase64 isActive nodeTypes { nodeType } } } }"
    return emulator.call("paradime", "POST", json={"query": query}).json()


def bearer(token: str, **headers: str) -> dict[str, Any]:
    return {"rights": None, "headers": {"Authorization": f"Bearer {token}", **headers}}


WORKSPACE = {"X-Paradime-Workspace": "wsp-emulator"}
ACCEPTED: dict[str, dict[str, Any]] = {
    "key pair": credentials("paradime-key", "paradime-secret"),
    "key pair in lower case": {
        "rights": None, "headers": {"x-api-key": "paradime-key", "x-api-secret": "paradime-secret"}
    },
    "workspace token": bearer("prdm_wsp_emulator"),
    "workspace token that names a workspace": bearer("prdm_wsp_emulator", **WORKSPACE),
    "company token with its workspace": bearer("prdm_cmp_emulator", **WORKSPACE),
    "scheme in lower case": {"rights": None, "headers": {"Authorization": "bearer prdm_wsp_emulator"}},
}  # fmt: skip
NO_WORKSPACE = "A company token needs the header X-Paradime-Workspace"
REFUSED: dict[str, tuple[dict[str, Any], Answer]] = {
    "key without its secret": (
        {"rights": None, "headers": {"X-API-KEY": "paradime-key"}},
        Answer(401, "Missing API credentials"),
    ),
    "secret without its key": (
        {"rights": None, "headers": {"X-API-SECRET": "x"}},
        Answer(401, "Missing API credentials"),
    ),
    "unknown token": (bearer("prdm_wsp_unknown"), Answer(401, INVALID)),
    "no token": ({"rights": None, "headers": {"Authorization": "Bearer"}}, Answer(401, INVALID)),
    "another scheme": ({"rights": None, "headers": {"Authorization": "Basic prdm_wsp_emulator"}}, Answer(401, INVALID)),
    "key as a token": (bearer("paradime-key"), Answer(401, INVALID)),
    "token as a key": (credentials("prdm_wsp_emulator", "x"), Answer(401, INVALID)),
    "company token without a workspace": (bearer("prdm_cmp_emulator"), Answer(401, NO_WORKSPACE)),
    "company token in another workspace": (
        bearer("prdm_cmp_emulator", **{"X-Paradime-Workspace": "other"}),
        Answer(403, "The token does not belong to this workspace"),
    ),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_good_credentials_are_accepted(emulator: EmulatorUnderTest, case: str) -> None:
    response = emulator.call("paradime", "POST", json=SOUND["listCustomIntegrations"].body(), **ACCEPTED[case])
    assert response.json() == {"data": {"listCustomIntegrations": {"ok": True}}}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_credentials_are_refused_below_graphql(emulator: EmulatorUnderTest, case: str) -> None:
    options, answer = REFUSED[case]
    response = emulator.call("paradime", "POST", json=SOUND["listCustomIntegrations"].body(), **options)
    assert answer.fits(response.status_code, response.json()), (response.status_code, response.text)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_company_token_without_a_workspace_has_the_status_of_the_switch(
    emulator: EmulatorUnderTest, status: int
) -> None:
    emulator.switch("paradime.missing_workspace_status", status)
    response = emulator.call(
        "paradime", "POST", json=SOUND["listCustomIntegrations"].body(), **bearer("prdm_cmp_emulator")
    )
    assert Answer(status, NO_WORKSPACE).fits(response.status_code, response.json())


def test_a_viewer_may_not_even_look_at_the_schema(emulator: EmulatorUnderTest) -> None:
    response = emulator.call("paradime", "POST", rights="read", json={"query": "{ __schema { queryType { name } } }"})
    assert (response.status_code, response.json()) == (403, {"message": LACKS})


def test_the_credential_is_checked_before_the_request(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("paradime", "POST", rights=None, content=b"{").status_code == 401


@pytest.mark.parametrize("path", ["/paradime/api/v1/any-company/graphql", "/paradime/graphql"])
def test_the_endpoint_is_at(emulator: EmulatorUnderTest, path: str) -> None:
    url = urlsplit(emulator.root)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    body = json.dumps({"query": "{ listCustomIntegrations { ok } }"})
    connection.request("POST", path, body, {**emulator.headers("paradime"), "Content-Type": "application/json"})
    response = connection.getresponse()
    assert json.loads(response.read()) == {"data": {"listCustomIntegrations": {"ok": True}}}
    connection.close()


@pytest.mark.parametrize("path", ["/paradime/graphql/", "/paradime/api/v1/graphql", "/paradime/api/v1/x", "/paradime/"])
def test_nothing_is_served_at(emulator: EmulatorUnderTest, path: str) -> None:
    url = urlsplit(emulator.root)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    connection.request("POST", path, "{}", {**emulator.headers("paradime"), "Content-Type": "application/json"})
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (404, {"message": "Not Found"})
    connection.close()


def test_the_reply_to_a_wrong_method_names_the_right_one(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("paradime", "GET").headers["Allow"] == "POST"


def test_a_body_that_says_it_is_huge_is_refused_unread(emulator: EmulatorUnderTest) -> None:
    url = urlsplit(emulator.url("paradime"))
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
    connection.putrequest("POST", url.path)
    for name, value in {**emulator.headers("paradime"), "Content-Type": "application/json"}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (413, {"message": "Content Too Large"})
    connection.close()


def test_an_unknown_key_is_served_and_recorded(emulator: EmulatorUnderTest) -> None:
    body = {**SOUND["listCustomIntegrations"].body(), "id": "persisted"}
    assert emulator.call("paradime", "POST", json=body).status_code == 200
    assert [(found.pointer, found.rule) for found in emulator.exchanges()[-1].violations] == [
        ("/id", "additionalProperties")
    ]


def test_the_headers_that_the_sdk_adds_do_no_harm(emulator: EmulatorUnderTest) -> None:
    headers = {"X-PYTHON-SDK-VERSION": "6.9.0", "X-PYTHON-VERSION": "3.11.7", "X-PARADIME-RUNTIME": "local"}
    response = emulator.call("paradime", "POST", json=SOUND["listCustomIntegrations"].body(), headers=headers)
    assert response.json() == {"data": {"listCustomIntegrations": {"ok": True}}}
