"""Parameters of one operation that share a name, in path, query and headers: each has its own value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.own_vendor import ID, crud, operation, query, served
from tests.test_declared import LISTED, TASKS, created

ECHO = {
    "body": {"path": "$request.path.id", "query": "$request.query.id", "header": "$request.header.Id", "record": "$id"}
}
HEADER = {"name": "id", "in": "header", "schema": {"type": "integer"}}


def contract(*, path_is_first: bool = True) -> dict[str, Any]:
    """Return a contract in which path, query and headers have an `id` or a `listId` each."""
    document = crud({"references": {"listId": "lists"}})
    item = [ID, *query("id", kind="boolean"), HEADER]
    item = item if path_is_first else item[::-1]
    below = [{**ID, "name": "listId"}, *query("listId", "page", "per_page")]
    document["paths"]["/tasks/{id}/echo"] = {
        "get": operation("echo", {**TASKS, "action": "get", "reply": ECHO}, {"type": "object"}, parameters=item)
    }
    document["paths"]["/lists/{listId}/tasks"] = {
        "get": operation("listTasksOf", {**TASKS, "filter": {"listId": "title"}}, LISTED, parameters=below)
    }
    return document


@pytest.fixture(params=[True, False], ids=["path first", "path last"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx.Client]:
    with served(tmp_path, contract(path_is_first=request.param)) as client:
        yield client


def echo(client: httpx.Client, id: str, **sent: Any) -> Any:
    reply = client.get(f"/tasks/{id}/echo", **sent)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_each_has_its_own_value_and_a_kept_reply_belongs_to_all_of_them(client: httpx.Client) -> None:
    id = created(client)["id"]
    for _ in range(2):
        assert echo(client, id) == {"path": id, "record": id}
        assert echo(client, id, params={"id": "true"}) == {"path": id, "query": True, "record": id}
        assert echo(client, id, params={"id": "false"}) == {"path": id, "query": False, "record": id}
        every = {"path": id, "query": True, "header": 7, "record": id}
        assert echo(client, id, params={"id": "true"}, headers={"ID": "7"}) == every


def test_each_is_validated_by_its_own_schema(client: httpx.Client) -> None:
    id = created(client)["id"]
    assert client.get(f"/tasks/{id}/echo", params={"id": id}).status_code == 422
    assert client.get(f"/tasks/{id}/echo", headers={"id": "true"}).status_code == 422


def test_a_filter_is_the_value_of_the_query_and_a_parent_that_of_the_path(client: httpx.Client) -> None:
    for name in ("l1", "l2"):
        client.post("/lists", json={"id": name})
        created(client, title="l1", listId=name)
    own = client.get("/lists/l2/tasks").json()
    assert [(task["title"], task["listId"]) for task in own] == [("l1", "l2")]
    assert client.get("/lists/l2/tasks", params={"listId": "l1"}).json() == own
    assert client.get("/lists/l2/tasks", params={"listId": "l2"}).json() == []
    assert client.get("/lists/none/tasks", params={"listId": "l1"}).status_code == 404


def test_conditions_of_faults_and_of_the_journal_tell_them_apart(client: httpx.Client) -> None:
    id, root = created(client)["id"], str(client.base_url.copy_with(path="/_emulator"))
    echo(client, id, params={"id": "true"})
    for where in ({"path": {"id": id}, "query": {"id": "true"}}, {"path": {"id": id}}):
        found = httpx.post(f"{root}/journal/verify", json={"operation": "echo", "where": where, "count": 1}).json()
        assert found["passed"], found
    fault = {"vendor": "acme", "operation": "echo", "where": {"path": {"id": id}}, "reply": {"status": 500}}
    assert httpx.post(f"{root}/faults", json=fault).status_code == 201
    assert client.get(f"/tasks/{id}/echo", params={"id": "true"}).status_code == 500
