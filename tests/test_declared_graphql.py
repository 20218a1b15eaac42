"""Declared behaviour of GraphQL root fields: a vendor's SDL in its folder, and words beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from emulator.app import Emulator
from emulator.catalogue import read_own
from emulator.cli.problems import contract_problems
from emulator.files.package_data import CONTRACTS
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.own_vendor import body, problems, served, written

SDL = """
enum Status { OPEN DONE }

type Task {
  uid: ID!
  title: String!
  status: Status!
  note: String
  ownerUid: String
}

type Owner { id: ID! name: String }

input TaskInput { title: String! note: String }

type TaskList { ok: Boolean! tasks: [Task!]! }
type Finished { ok: Boolean! task: Task }
type Added { ok: Boolean!, taskUid: ID! }

type Query {
  tasks(status: Status, ownerUid: String, text: String): TaskList!
  task(uid: ID!): Task
  owners: [Owner!]!
  version: String!
  greeting(name: String): String!
}

type Mutation {
  addTask(input: TaskInput!): Added!
  addOwnedTask(title: String!, ownerUid: String): Task!
  addOwner(id: ID!, name: String): Owner!
  changeTask(uid: ID!, input: TaskInput!): Task
  renameTask(uid: ID!, title: String, note: String): Task
  finishTask(taskUid: ID!): Finished!
  removeTask(uid: ID!): Boolean!
}
"""
TASKS: dict[str, Any] = {
    "schema": "Task",
    "key": "uid",
    "id": "task_{hex:8}",
    "defaults": {"status": "OPEN"},
    "references": {"ownerUid": "owners"},
}
ROOT_FIELDS: dict[str, Any] = {
    "tasks": {"collection": "tasks", "action": "list", "filter": {"status": "status", "text": "title icontains"}},
    "task": {"collection": "tasks", "action": "get"},
    "owners": {"collection": "owners", "action": "list"},
    "greeting": {"reply": {"body": "Hello {$request.arguments.name}"}},
    "addTask": {"collection": "tasks", "action": "create", "reply": {"body": {"taskUid": "$id"}}},
    "addOwnedTask": {"collection": "tasks", "action": "create"},
    "addOwner": {"collection": "owners", "action": "create"},
    "changeTask": {"collection": "tasks", "action": "replace"},
    "renameTask": {"collection": "tasks", "action": "patch"},
    "finishTask": {
        "collection": "tasks",
        "action": "patch",
        "where": {"uid": "$request.arguments.taskUid"},
        "set": {"status": "DONE"},
        "requires": {"status": "OPEN"},
    },
    "removeTask": {"collection": "tasks", "action": "delete"},
}


def contract(**changes: Any) -> dict[str, Any]:
    words = {**ROOT_FIELDS, **changes}
    operations = {name: {"x-emulator": of} for name, of in words.items()} | {"version": {}}
    request = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "security": [{"token": []}],
        "x-emulator": {"collections": {"tasks": TASKS, "owners": {"id": "client"}}},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/graphql": {
                "post": {
                    "operationId": "graphql",
                    "requestBody": body(request),
                    "responses": {"200": body({"type": "object"})},
                    "x-graphql": {"schema": "schema.graphql", "operations": operations},
                }
            }
        },
    }


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[httpx.Client]:
    with served(tmp_path, contract(), {"schema.graphql": SDL}) as client:
        yield client


def asked(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    """Return {data, errors} of a request."""
    response = client.post(str(client.base_url).rstrip("/"), json={"query": query, "variables": variables})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def data(client: httpx.Client, query: str, **variables: Any) -> Any:
    """Return the value of the only root field of a request that succeeds."""
    found = asked(client, query, **variables)
    assert "errors" not in found, found
    (value,) = found["data"].values()
    return value


def error(client: httpx.Client, query: str) -> Any:
    (found,) = asked(client, query)["errors"]
    return found["message"], found["extensions"]["code"]


def added(client: httpx.Client, title: str) -> str:
    """Add a task, and return its key."""
    reply = data(client, "mutation ($title: String!) {addTask(input: {title: $title}) {ok taskUid}}", title=title)
    assert reply["ok"] is True
    return str(reply["taskUid"])


def titles(client: httpx.Client, arguments: str = "") -> list[str]:
    reply = data(client, f"{{tasks{arguments} {{ok tasks {{title}}}}}}")
    assert reply["ok"] is True
    return [task["title"] for task in reply["tasks"]]


def test_created_record_is_listed_got_changed_and_gone_after_delete(acme: httpx.Client) -> None:
    uid = added(acme, "A")
    task = {"uid": uid, "title": "A", "status": "OPEN", "note": None}
    fields = "{uid title status note}"
    assert data(acme, f'{{task(uid: "{uid}") {fields}}}') == task
    assert titles(acme) == ["A"]
    renamed = data(acme, f'mutation {{renameTask(uid: "{uid}", note: "n") {fields}}}')
    assert renamed == {**task, "note": "n"}
    changed = data(acme, f'mutation {{changeTask(uid: "{uid}", input: {{title: "B"}}) {fields}}}')
    assert changed == {**task, "title": "B"}
    assert data(acme, f'mutation {{removeTask(uid: "{uid}")}}') is True
    assert titles(acme) == []


def test_field_of_a_missing_record_is_null_and_an_error(acme: httpx.Client) -> None:
    found = asked(acme, '{task(uid: "none") {title}}')
    assert found["data"] == {"task": None}
    assert error(acme, '{task(uid: "none") {title}}') == ("There is no record of tasks with uid 'none'.", "missing")


def test_argument_is_a_condition_unless_it_is_null_or_absent(acme: httpx.Client) -> None:
    done = added(acme, "Alpha")
    added(acme, "Beta")
    data(acme, f'mutation {{finishTask(taskUid: "{done}") {{ok}}}}')
    assert titles(acme, "(status: DONE)") == ["Alpha"]
    assert titles(acme, "(status: null)") == ["Alpha", "Beta"]
    assert titles(acme, '(text: "ET")') == ["Beta"]


def test_payload_gets_the_record_and_a_state_that_forbids_it_is_an_error(acme: httpx.Client) -> None:
    finish = f'mutation {{finishTask(taskUid: "{added(acme, "A")}") {{ok task {{title status}}}}}}'
    assert data(acme, finish) == {"ok": True, "task": {"title": "A", "status": "DONE"}}
    assert error(acme, finish) == ("Conflict in tasks: status is 'DONE', not 'OPEN'.", "conflict")


def test_reference_to_a_missing_record_is_an_error_and_writes_nothing(acme: httpx.Client) -> None:
    add = 'mutation {addOwnedTask(title: "A", ownerUid: "ann") {title}}'
    assert error(acme, add) == ("ownerUid 'ann' refers to no record of owners.", "reference")
    assert titles(acme) == []
    data(acme, 'mutation {addOwner(id: "ann") {id}}')
    assert data(acme, add) == {"title": "A"}
    assert data(acme, "{owners {id name}}") == [{"id": "ann", "name": None}]


def test_field_without_records_says_its_reply_or_a_value_of_its_type(acme: httpx.Client) -> None:
    assert data(acme, '{greeting(name: "Ann")}') == "Hello Ann"
    assert isinstance(data(acme, "{version}"), str)


def test_failed_field_takes_back_its_own_writes_only(acme: httpx.Client) -> None:
    found = asked(acme, 'mutation {a: addOwner(id: "ann") {id} b: renameTask(uid: "x") {uid}}')
    assert found["data"] == {"a": {"id": "ann"}, "b": None}
    assert data(acme, "{owners {id}}") == [{"id": "ann"}]


def test_words_that_nothing_would_read_are_refused(tmp_path: Path) -> None:
    document = contract()
    post = document["paths"]["/graphql"]["post"]
    post["x-emulator"] = {"collection": "tasks"}
    (whole,) = problems(tmp_path, document, {"schema.graphql": SDL})
    assert "/post/x-emulator: GraphQL is executed here; write x-emulator in x-graphql/operations" in whole


def test_example_and_declared_root_fields_are_listed(tmp_path: Path) -> None:
    home = written(tmp_path, contract(), {"schema.graphql": SDL}) / "acme"
    ways = read_own(home, "acme").ways()
    assert (ways["version"], ways["tasks"]) == ("example", "declared")
    assert "graphql" not in ways


def test_root_field_of_a_built_in_vendor_is_declared_in_an_overlay(tmp_path: Path) -> None:
    folder = tmp_path / "paradime"
    folder.mkdir()
    sdl = (CONTRACTS / "paradime" / "schema.graphql").read_text("utf-8")
    sdl = sdl.replace("type Query {", "type Query {\n  listOwners: [Owner!]!", 1)
    sdl = sdl.replace("type Mutation {", "type Mutation {\n  addOwner(name: String!): Owner!", 1)
    (folder / "schema.graphql").write_text(f"{sdl}\ntype Owner {{ id: ID! name: String! }}", "utf-8")
    document = yaml.safe_load((CONTRACTS / "paradime" / "openapi.yaml").read_text("utf-8"))
    owner = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    said = {"tags": ["integrations"], "x-evidence": {"level": "assumed", "source": "no source"}}
    document["x-emulator"]["collections"]["owners"] = {}
    document["paths"]["/graphql"]["post"]["x-graphql"]["operations"] |= {
        "addOwner": {**said, "payload": owner, "x-emulator": {"collection": "owners", "action": "create"}},
        "listOwners": {
            **said,
            "payload": {"type": "array", "items": owner},
            "x-emulator": {"collection": "owners", "action": "list"},
        },
    }
    (folder / "openapi.yaml").write_text(json.dumps(document), "utf-8")
    assert list(contract_problems(overlay=tmp_path)) == []
    settings = read_settings({"contracts": str(tmp_path), "port": 0, "access_log": False})
    with ThreadedServer(Emulator(settings)) as server:
        emulator = server.server.emulator
        credential = next(iter(emulator.sandboxes.default.credentials["paradime"].values()))
        headers = emulator.catalogue.vendors["paradime"].present(credential)
        url = server.url + emulator.catalogue.contracts["paradime"].base_path
        with httpx.Client(base_url=url, headers=headers) as client:
            data(client, 'mutation {addOwner(name: "Ann") {id}}')
            assert data(client, "{listOwners {name}}") == [{"name": "Ann"}]
            assert data(client, "{listCustomIntegrations {ok}}") == {"ok": True}


@pytest.mark.parametrize(
    ("field", "words", "sentence"),
    [
        ("task", {"collection": "tasks"}, "/action: task does not say what it does; write action"),
        ("task", {"collection": "task", "action": "get"}, "Known collections: tasks, owners"),
        (
            "finishTask",
            {"collection": "tasks", "action": "patch"},
            "finishTask has no argument 'uid', the key of tasks; name the record in where (arguments: taskUid)",
        ),
        (
            "finishTask",
            {"collection": "tasks", "action": "get", "where": {"uid": "$request.arguments.taskUId"}},
            "/where/uid: unknown argument 'taskUId'. Did you mean 'taskUid'?",
        ),
        (
            "tasks",
            {"collection": "tasks", "action": "list", "filter": {"state": "status"}},
            "/filter/state: unknown argument 'state' of tasks. Did you mean 'status'?",
        ),
        (
            "tasks",
            {"collection": "tasks", "action": "list", "paging": "page"},
            "/paging: a root field has no pages but those of relay",
        ),
        (
            "tasks",
            {"collection": "tasks", "action": "list", "paging": "relay"},
            "/paging: relay pages need a connection",
        ),
        ("greeting", {"reply": {"status": 200}}, "/reply: a root field has neither status, headers nor examples"),
    ],
)
def test_mistake_in_a_root_field_is_told_with_its_place(field: str, words: Any, sentence: str, tmp_path: Path) -> None:
    found = problems(tmp_path, contract(**{field: words}), {"schema.graphql": SDL})
    assert any(f"/x-graphql/operations/{field}/x-emulator" in said and sentence in said for said in found), found
    assert len(found) == 1, found
