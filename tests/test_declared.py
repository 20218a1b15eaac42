"""Declared behaviour: what each word of x-emulator does, asked over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import Emulator
from emulator.files.package_data import CONTRACTS
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.own_vendor import ID, body, crud, operation, query, ref, served

TASKS = {"collection": "tasks"}
LISTED = {"type": "array", "items": ref("Task")}


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[httpx.Client]:
    with served(tmp_path, crud()) as client:
        yield client


def created(client: httpx.Client, **task: Any) -> dict[str, Any]:
    reply = client.post("/tasks", json={"title": "A", **task})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def with_list(words: Any, parameters: Any = (), reply: Any = LISTED, **collection: Any) -> dict[str, Any]:
    document = crud(collection)
    document["paths"]["/tasks"]["get"] = operation("listTasks", {**TASKS, **words}, reply, parameters=list(parameters))
    return document


def titles(reply: httpx.Response) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [task["title"] for task in reply.json()]


def test_created_record_is_got_listed_changed_and_gone_after_delete(plain: httpx.Client) -> None:
    task = created(plain)
    assert plain.get(f"/tasks/{task['id']}").json() == task
    assert plain.get("/tasks").json() == [task]
    assert plain.patch(f"/tasks/{task['id']}", json={"done": True}).json() == {**task, "done": True}
    deleted = plain.delete(f"/tasks/{task['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        again = plain.request(method, f"/tasks/{task['id']}", json={"title": "B"} if method != "GET" else None)
        assert (again.status_code, again.headers["Content-Type"]) == (404, "application/problem+json"), method
    assert plain.get("/tasks").json() == []


def test_replace_erases_what_is_left_out_and_keeps_what_only_the_server_writes(plain: httpx.Client) -> None:
    task = created(plain, note="n", rank=1)
    replaced = plain.put(f"/tasks/{task['id']}", json={"title": "B", "id": "other"})
    assert replaced.json() == {"id": task["id"], "title": "B"}


def test_only_known_and_writable_properties_are_written(plain: httpx.Client) -> None:
    task = created(plain, id="mine", color="red", created="2001-01-01T00:00:00Z")
    assert task.keys() == {"id", "title"}
    assert task["id"] != "mine"


def test_only_what_the_body_of_the_operation_names_is_written(tmp_path: Path) -> None:
    document = crud({"timestamps": {"created": "created"}})
    document["components"]["schemas"]["Task"]["properties"]["created"].pop("readOnly")
    change = {"type": "object", "properties": {"note": {"type": "string"}, "created": {"type": "string"}}}
    document["paths"]["/tasks/{id}"]["patch"]["requestBody"] = body(change)
    with served(tmp_path, document) as client:
        task = created(client)
        sent = {"title": "B", "note": "n", "created": "2001-01-01T00:00:00Z"}
        assert client.patch(f"/tasks/{task['id']}", json=sent).json() == {**task, "note": "n"}


def test_what_is_only_written_is_never_replied(plain: httpx.Client) -> None:
    task = created(plain, secret="s")
    assert "secret" not in task
    assert "secret" not in plain.get(f"/tasks/{task['id']}").json()


@pytest.mark.parametrize(
    ("id", "pattern"),
    [
        ("uuid", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("objectid", r"[0-9a-f]{24}"),
        ("cus_{hex:14}", r"cus_[0-9a-f]{14}"),
        ("{alnum:16}", r"[0-9A-Za-z]{16}"),
        ("a-{digits:3}-{hex:2}", r"a-[0-9]{3}-[0-9a-f]{2}"),
    ],
)
def test_id_is_made_as_the_collection_says(tmp_path: Path, id: str, pattern: str) -> None:
    with served(tmp_path, crud({"id": id})) as client:
        assert re.fullmatch(pattern, created(client)["id"])


def test_integer_ids_count_on_behind_those_of_fixtures(tmp_path: Path) -> None:
    document = crud()
    document["components"]["schemas"]["Task"] = {
        **document["components"]["schemas"]["Task"],
        "properties": {"id": {"type": "integer", "readOnly": True}, "title": {"type": "string"}},
    }
    fixtures = {"fixtures/tasks.yaml": "records: [{id: 1, title: A}, {id: 2, title: B}]"}
    with served(tmp_path, document, fixtures) as client:
        assert [created(client)["id"], created(client)["id"]] == [3, 4]
        assert client.get("/tasks/3").json()["id"] == 3


@pytest.mark.parametrize(
    ("id", "change"), [("uuid", str.upper), ("uuid", lambda id: id.replace("-", "")), ("objectid", str.upper)]
)
def test_id_is_the_same_in_another_spelling(tmp_path: Path, id: str, change: Any) -> None:
    with served(tmp_path, crud({"id": id})) as client:
        task = created(client)
        assert client.get(f"/tasks/{change(task['id'])}").json() == task


def test_id_of_the_client_is_taken_once_and_required(plain: httpx.Client) -> None:
    assert plain.post("/lists", json={"id": "home"}).json() == {"id": "home"}
    assert plain.post("/lists", json={"id": "home"}).status_code == 409
    assert plain.post("/lists", json={"name": "n"}).status_code == 422


def test_timestamps_are_set_by_the_clock_in_the_form_of_their_schema(tmp_path: Path) -> None:
    with served(tmp_path, crud({"timestamps": {"created": "created", "updated": "updated"}})) as client:
        root = str(client.base_url).partition("/acme")[0]
        httpx.put(f"{root}/_emulator/sandboxes/default/clock", json={"now": "2026-01-02T03:04:05Z", "frozen": True})
        task = created(client)
        assert (task["created"], task["updated"]) == ("2026-01-02T03:04:05.000Z", 1767323045)
        httpx.put(f"{root}/_emulator/sandboxes/default/clock", json={"now": "2026-01-02T03:04:15Z", "frozen": True})
        changed = client.patch(f"/tasks/{task['id']}", json={"done": True}).json()
        assert (changed["created"], changed["updated"]) == (task["created"], 1767323055)


@pytest.mark.parametrize(
    ("unique", "second", "status"),
    [
        (["title"], {"title": "A"}, 409),
        (["title"], {"title": "B"}, 201),
        ([["title", "rank"]], {"title": "A", "rank": 1}, 409),
        ([["title", "rank"]], {"title": "A", "rank": 2}, 201),
        ([{"fields": ["title"], "where": {"done": True}}], {"title": "A", "done": False}, 201),
        ([{"fields": ["title"], "where": {"done": True}}], {"title": "A", "done": True}, 409),
    ],
)
def test_what_is_unique_is_refused_a_second_time(tmp_path: Path, unique: Any, second: Any, status: int) -> None:
    with served(tmp_path, crud({"unique": unique})) as client:
        created(client, rank=1, done=True)
        assert client.post("/tasks", json=second).status_code == status


def test_changing_a_record_does_not_collide_with_itself(tmp_path: Path) -> None:
    with served(tmp_path, crud({"unique": ["title"]})) as client:
        task, other = created(client), created(client, title="B")
        assert client.patch(f"/tasks/{task['id']}", json={"title": "A", "rank": 1}).status_code == 200
        assert client.patch(f"/tasks/{other['id']}", json={"title": "A"}).status_code == 409
        assert client.get(f"/tasks/{other['id']}").json() == other


def test_defaults_are_given_at_create_and_put_back_by_replace(tmp_path: Path) -> None:
    with served(tmp_path, crud({"defaults": {"done": False, "note": "$identity.user"}})) as client:
        task = created(client, done=True)
        assert (task["done"], task["note"]) == (True, "user")
        assert client.put(f"/tasks/{task['id']}", json={"title": "B"}).json()["done"] is False


def test_default_of_the_schema_is_given_too(tmp_path: Path) -> None:
    document = crud()
    document["components"]["schemas"]["Task"]["properties"] = {
        **document["components"]["schemas"]["Task"]["properties"],
        "rank": {"type": "integer", "default": 7},
    }
    with served(tmp_path, document) as client:
        assert created(client)["rank"] == 7


def test_set_wins_over_what_is_sent(tmp_path: Path) -> None:
    with served(tmp_path, crud({"set": {"note": "by {$identity.user} $ {$method}"}})) as client:
        assert created(client, note="mine")["note"] == "by user $ POST"


def test_reference_to_a_missing_record_is_refused_and_null_is_allowed(tmp_path: Path) -> None:
    with served(tmp_path, crud({"references": {"listId": "lists"}})) as client:
        refused = client.post("/tasks", json={"title": "A", "listId": "home"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/body/listId")
        assert created(client, listId=None)["listId"] is None
        client.post("/lists", json={"id": "home"})
        assert created(client, listId="home")["listId"] == "home"


@pytest.mark.parametrize(
    ("rule", "status", "left"),
    [("keep", 204, ["home"]), ("clear", 204, [None]), ("cascade", 204, []), ("restrict", 409, ["home"])],
)
def test_deleting_what_others_refer_to(tmp_path: Path, rule: str, status: int, left: Any) -> None:
    with served(tmp_path, crud({"references": {"listId": {"to": "lists", "onDelete": rule}}})) as client:
        client.post("/lists", json={"id": "home"})
        created(client, listId="home")
        assert client.delete("/lists/home").status_code == status
        assert [task["listId"] for task in client.get("/tasks").json()] == left


def test_clearing_a_field_that_may_not_be_null_leaves_it_out(tmp_path: Path) -> None:
    document = crud({"references": {"listId": {"to": "lists", "onDelete": "clear"}}})
    document["components"]["schemas"]["Task"]["properties"]["listId"] = {"type": "string"}
    with served(tmp_path, document) as client:
        client.post("/lists", json={"id": "home"})
        created(client, listId="home")
        assert client.delete("/lists/home").status_code == 204
        assert [sorted(task) for task in client.get("/tasks").json()] == [["id", "title"]]


def test_rule_of_a_reference_may_be_a_switch(tmp_path: Path) -> None:
    document = crud({"references": {"listId": {"to": "lists", "onDelete": "$switch.deleting"}}})
    document["x-switches"] = {
        "deleting": {"default": "restrict", "schema": {"enum": ["restrict", "cascade"]}, "description": "What goes."}
    }
    with served(tmp_path, document) as client:
        client.post("/lists", json={"id": "home"})
        created(client, listId="home")
        assert client.delete("/lists/home").status_code == 409


def test_records_that_refer_to_each_other_are_deleted_once(tmp_path: Path) -> None:
    document = crud({"references": {"listId": {"to": "tasks", "onDelete": "cascade"}}})
    with served(tmp_path, document) as client:
        first = created(client)
        second = created(client, listId=first["id"])
        client.patch(f"/tasks/{first['id']}", json={"listId": second["id"]})
        assert client.delete(f"/tasks/{first['id']}").status_code == 204
        assert client.get("/tasks").json() == []


@pytest.mark.parametrize(
    ("deletion", "after_first", "after_second", "listed"),
    [
        ({"set": {"done": True}}, 404, 404, 0),
        ({"set": {"done": True}, "visible": True}, 200, 200, 1),
        ({"set": {"done": True}, "then": "remove", "visible": True}, 200, 404, 1),
        ({"set": {"note": "$now"}}, 404, 404, 0),
    ],
)
def test_soft_delete(tmp_path: Path, deletion: Any, after_first: int, after_second: int, listed: int) -> None:
    with served(tmp_path, crud({"delete": deletion})) as client:
        path = f"/tasks/{created(client)['id']}"
        assert client.delete(path).status_code == 204
        assert (client.get(path).status_code, len(client.get("/tasks").json())) == (after_first, listed)
        client.delete(path)
        assert client.get(path).status_code == after_second


@pytest.mark.parametrize(
    ("nulls", "kind", "note"),
    [
        ("", "application/json", None),
        ("ignore", "application/json", "n"),
        ("remove", "application/json", "gone"),
        ("", "application/merge-patch+json", "gone"),
        ("store", "application/merge-patch+json", None),
    ],
)
def test_null_in_a_patch(tmp_path: Path, nulls: str, kind: str, note: Any) -> None:
    document = crud({"nulls": nulls} if nulls else {})
    document["paths"]["/tasks/{id}"]["patch"]["requestBody"] = body({"type": "object"}, kind)
    with served(tmp_path, document) as client:
        path = f"/tasks/{created(client, note='n')['id']}"
        client.patch(path, content=b'{"note": null}', headers={"Content-Type": kind})
        assert client.get(path).json().get("note", "gone") == note


def test_patch_that_leaves_no_valid_record_is_refused(plain: httpx.Client) -> None:
    task = created(plain)
    for patch, pointer in (
        ({"title": 5}, "/body/title"),
        ({"title": None}, "/body/title"),
        ({"done": "yes"}, "/body/done"),
    ):
        refused = plain.patch(f"/tasks/{task['id']}", json=patch)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert plain.get(f"/tasks/{task['id']}").json() == task


@pytest.mark.parametrize(
    ("operations", "status", "task"),
    [
        ([{"op": "add", "path": "/note", "value": "n"}], 200, {"title": "A", "rank": 1, "note": "n"}),
        ([{"op": "remove", "path": "/rank"}], 200, {"title": "A"}),
        (
            [{"op": "test", "path": "/rank", "value": 2}, {"op": "remove", "path": "/rank"}],
            409,
            {"title": "A", "rank": 1},
        ),
        ([{"op": "copy", "from": "/title", "path": "/note"}], 200, {"title": "A", "rank": 1, "note": "A"}),
        ([{"op": "move", "from": "/title", "path": "/note"}], 422, {"title": "A", "rank": 1}),
        ([{"op": "replace", "path": "/nothing", "value": 1}], 422, {"title": "A", "rank": 1}),
        ([{"op": "replace", "path": "/rank", "value": "high"}], 422, {"title": "A", "rank": 1}),
        ([{"op": "replace", "path": "/id", "value": "x"}], 200, {"title": "A", "rank": 1}),
        ([{"op": "grow", "path": "/rank"}], 422, {"title": "A", "rank": 1}),
        ([{"op": "add", "path": "/title/x", "value": 1}], 422, {"title": "A", "rank": 1}),
        ([{"op": "add", "path": "", "value": [1]}], 422, {"title": "A", "rank": 1}),
        ([5], 422, {"title": "A", "rank": 1}),
    ],
)
def test_json_patch(tmp_path: Path, operations: Any, status: int, task: Any) -> None:
    document = crud()
    document["paths"]["/tasks/{id}"]["patch"]["requestBody"] = body({"type": "array"}, "application/json-patch+json")
    with served(tmp_path, document) as client:
        made = created(client, rank=1)
        kind = {"Content-Type": "application/json-patch+json"}
        assert client.patch(f"/tasks/{made['id']}", json=operations, headers=kind).status_code == status
        assert client.get(f"/tasks/{made['id']}").json() == {"id": made["id"], **task}


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        # Each copy doubles the list: without a limit, 22 of them take a minute.
        (
            [
                {"op": "add", "path": "/note", "value": ["x"] * 10},
                *[{"op": "copy", "from": "/note", "path": "/note/-"}] * 22,
            ],
            "it copies more than 131072 bytes of JSON",
        ),
        ([{"op": "add", "path": "/note", "value": 1}] * 1001, "it has more than 1000 operations"),
        ([{"op": "remove", "path": "/secret/x"}], "the operation 'remove' does not apply at '/secret/x'"),
    ],
)
def test_json_patch_has_limits_and_its_refusal_quotes_no_record(tmp_path: Path, operations: Any, reason: str) -> None:
    document = crud()
    document["paths"]["/tasks/{id}"]["patch"]["requestBody"] = body({"type": "array"}, "application/json-patch+json")
    with served(tmp_path, document) as client:
        path, kind = f"/tasks/{created(client, rank=1)['id']}", {"Content-Type": "application/json-patch+json"}
        refused = client.patch(path, json=operations, headers=kind)
        assert refused.status_code == 422
        assert reason in refused.text


@pytest.mark.parametrize(
    ("sort", "found"),
    [("title", "ABC"), ("-title", "CBA"), ("rank", "CAB"), (["rank", "-title"], "CBA"), ("-rank", "ABC")],
)
def test_list_is_sorted(tmp_path: Path, sort: Any, found: str) -> None:
    for document in (with_list({"sort": sort}), with_list({}, sort=sort)):
        with served(tmp_path, document) as client:
            for title, rank in (("A", 2), ("B", 2), ("C", 1)):
                created(client, title=title, rank=rank)
            assert "".join(titles(client.get("/tasks"))) == found


def test_records_are_listed_as_they_were_created(plain: httpx.Client) -> None:
    for title in "CAB":
        created(plain, title=title)
    assert titles(plain.get("/tasks")) == ["C", "A", "B"]


@pytest.mark.parametrize(
    ("condition", "given", "found"),
    [
        ("rank", "2", "B"),
        ("rank eq", "2", "B"),
        ("rank neq", "2", "AC"),
        ("rank gt", "1", "BC"),
        ("rank gte", "2", "BC"),
        ("rank lt", "2", "A"),
        ("rank lte", "2", "AB"),
        ("rank in", "1,3", "AC"),
        ("title contains", "a", ""),
        ("title icontains", "a", "A"),
        ("title startswith", "C", "C"),
        ("created gte", "2000-01-01T00:00:00+02:00", "ABC"),
    ],
)
def test_filter(tmp_path: Path, condition: str, given: str, found: str) -> None:
    document = with_list({"filter": {"wanted": condition}}, query("wanted"), timestamps={"created": "created"})
    with served(tmp_path, document) as client:
        for rank, title in enumerate("ABC", 1):
            created(client, title=title, rank=rank)
        assert "".join(titles(client.get("/tasks", params={"wanted": given}))) == found
        assert titles(client.get("/tasks")) == ["A", "B", "C"]


def test_parameter_named_like_a_property_is_a_filter_unless_filters_are_named(tmp_path: Path) -> None:
    for words, found in (({}, ["B"]), ({"filter": ["rank"]}, ["A", "B"])):
        with served(tmp_path, with_list(words, query("title", "rank"))) as client:
            for title in "AB":
                created(client, title=title)
            assert titles(client.get("/tasks?title=B")) == found


def test_where_is_a_condition_of_a_list_and_what_a_create_writes(tmp_path: Path) -> None:
    document = crud()
    mine = {**TASKS, "where": {"note": "$identity.user", "rank": [1, 2]}}
    document["paths"]["/mine"] = {
        "get": operation("listMine", mine, LISTED),
        "post": operation(
            "createMine",
            {**TASKS, "where": {"note": "$identity.user"}},
            ref("Task"),
            "201",
            requestBody=body(ref("Task")),
        ),
    }
    with served(tmp_path, document) as client:
        for rank in (1, 2, 3):
            assert client.post("/mine", json={"title": f"T{rank}", "rank": rank, "note": "x"}).json()["note"] == "user"
        created(client, rank=1)
        assert titles(client.get("/mine")) == ["T1", "T2"]


def test_condition_without_its_parameter_does_not_apply(tmp_path: Path) -> None:
    document = with_list({"where": {"title": "$request.query.named"}}, query("named"))
    with served(tmp_path, document) as client:
        created(client)
        created(client, title="B")
        assert titles(client.get("/tasks?named=B")) == ["B"]
        assert titles(client.get("/tasks")) == ["A", "B"]


def test_condition_may_be_a_declared_header_in_any_case(tmp_path: Path) -> None:
    header = [{"name": "X-Title", "in": "header", "schema": {"type": "string"}}]
    with served(tmp_path, with_list({"where": {"title": "$request.header.x-title"}}, header)) as client:
        created(client)
        created(client, title="B")
        for title in "AB":
            assert titles(client.get("/tasks", headers={"X-TITLE": title})) == [title]


def test_reply_with_the_time_or_the_caller_is_made_for_each_call(tmp_path: Path) -> None:
    document = crud()
    words = {"reply": {"body": {"at": "$now", "by": "$identity.user"}}}
    document["paths"]["/me"] = {"get": operation("getMe", words, {"type": "object"})}
    with served(tmp_path, document) as client:
        clock = str(client.base_url).partition("/acme")[0] + "/_emulator/sandboxes/default/clock"
        for now in ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"):
            httpx.put(clock, json={"now": now, "frozen": True})
            assert client.get("/me").json() == {"at": now, "by": "user"}
        viewer = {"Authorization": "Bearer acme-viewer-token"}
        assert client.get("/me", headers=viewer).json()["by"] == "viewer"


def nested() -> dict[str, Any]:
    document = crud({"references": {"listId": {"to": "lists"}}})
    given = {"requestBody": body(ref("Task"))}
    document["paths"]["/lists/{id}/tasks"] = {
        "parameters": [ID],
        "get": operation("listTasksOfList", TASKS, LISTED),
        "post": operation("createTaskInList", TASKS, ref("Task"), "201", **given),
    }
    document["paths"]["/lists/{id}/tasks/{task}"] = {
        "parameters": [ID, {**ID, "name": "task"}],
        "get": operation("getTaskOfList", TASKS, ref("Task")),
    }
    return document


def test_parent_in_the_path_is_a_condition_and_written(tmp_path: Path) -> None:
    with served(tmp_path, nested()) as client:
        for name in ("home", "work"):
            client.post("/lists", json={"id": name})
        task = client.post("/lists/home/tasks", json={"title": "A", "listId": "work"}).json()
        assert task["listId"] == "home"
        assert client.get("/lists/home/tasks").json() == [task]
        assert client.get("/lists/work/tasks").json() == []
        assert client.get(f"/lists/home/tasks/{task['id']}").json() == task
        assert client.get(f"/lists/work/tasks/{task['id']}").status_code == 404


def test_unknown_parent_in_the_path_is_a_404(tmp_path: Path) -> None:
    with served(tmp_path, nested()) as client:
        assert client.get("/lists/none/tasks").status_code == 404
        assert client.post("/lists/none/tasks", json={"title": "A"}).status_code == 404


def test_action_below_a_record_changes_it_in_the_state_that_it_requires(tmp_path: Path) -> None:
    document = crud()
    finish = {**TASKS, "action": "patch", "set": {"done": True, "updated": "$now"}, "requires": {"done": [False, None]}}
    document["paths"]["/tasks/{id}/finish"] = {"parameters": [ID], "post": operation("finishTask", finish, ref("Task"))}
    with served(tmp_path, document) as client:
        path = f"/tasks/{created(client)['id']}"
        finished = client.post(f"{path}/finish").json()
        assert finished["done"] is True
        assert isinstance(finished["updated"], int)
        refused = client.post(f"{path}/finish")
        assert (refused.status_code, "done is True" in refused.json()["detail"]) == (409, True)


def test_upsert_creates_and_then_replaces(tmp_path: Path) -> None:
    document = crud({"id": "client"})
    put = operation("putTask", {**TASKS, "action": "upsert"}, ref("Task"), requestBody=body(ref("Task")))
    put["responses"]["201"] = put["responses"]["200"]
    document["paths"]["/tasks/{id}"]["put"] = put
    with served(tmp_path, document) as client:
        first = client.put("/tasks/a", json={"title": "A", "rank": 1})
        second = client.put("/tasks/a", json={"title": "B"})
        assert [(one.status_code, one.json()) for one in (first, second)] == [
            (201, {"id": "a", "title": "A", "rank": 1}),
            (200, {"id": "a", "title": "B"}),
        ]


def test_array_creates_each_or_none(tmp_path: Path) -> None:
    document = crud({"unique": ["title"]})
    bulk = operation("createTasks", {**TASKS, "action": "create"}, LISTED, "201", requestBody=body(LISTED))
    document["paths"]["/bulk"] = {"post": bulk}
    with served(tmp_path, document) as client:
        assert titles(client.get("/tasks")) == []
        assert client.post("/bulk", json=[{"title": "A"}, {"title": "A"}]).status_code == 409
        assert titles(client.get("/tasks")) == []
        assert len(client.post("/bulk", json=[{"title": "A"}, {"title": "B"}]).json()) == 2


def test_body_and_reply_of_one_object_are_unwrapped(tmp_path: Path) -> None:
    document = crud()
    wrapped = {"type": "object", "properties": {"data": ref("Task")}, "required": ["data"]}
    document["paths"]["/tasks"]["post"] = operation("createTask", TASKS, wrapped, "201", requestBody=body(wrapped))
    with served(tmp_path, document) as client:
        assert client.post("/tasks", json={"data": {"title": "A"}}).json()["data"]["title"] == "A"
        assert titles(client.get("/tasks")) == ["A"]


def test_input_names_the_position_of_the_record(tmp_path: Path) -> None:
    document = crud()
    deep = {"type": "object", "properties": {"a": {"type": "object"}, "b": {"type": "integer"}}}
    for words, title in (
        ({"input": "$request.body#/a/b/0"}, "A"),
        ({"input": {"title": "$request.header.X-Title", "rank": "$request.body#/b"}}, "T"),
    ):
        header = [{"name": "X-Title", "in": "header", "schema": {"type": "string"}}]
        post = operation(
            "createTask", {**TASKS, **words}, ref("Task"), "201", requestBody=body(deep), parameters=header
        )
        document["paths"]["/tasks"]["post"] = post
        with served(tmp_path, document) as client:
            sent = {"a": {"b": [{"title": "A"}]}, "b": 5}
            assert client.post("/tasks", json=sent, headers={"X-Title": "T"}).json()["title"] == title


def test_query_is_the_input_of_an_operation_without_a_body(tmp_path: Path) -> None:
    document = crud()
    post = operation("createTask", TASKS, ref("Task"), "201", parameters=query("title"))
    document["paths"]["/tasks"]["post"] = post
    with served(tmp_path, document) as client:
        assert client.post("/tasks?title=Q").json()["title"] == "Q"


def test_leaner_schema_of_a_list_is_the_projection(tmp_path: Path) -> None:
    lean = {"type": "array", "items": {"type": "object", "properties": {"title": {}, "id": {}}}}
    with served(tmp_path, with_list({}, reply=lean)) as client:
        task = created(client, rank=1)
        assert list(client.get("/tasks").json()[0].items()) == [("title", "A"), ("id", task["id"])]


def test_reply_says_status_headers_and_body(tmp_path: Path) -> None:
    document = crud()
    reply = {
        "status": 202,
        "headers": {"Location": "{$url}/{$id}"},
        "body": {"ok": True, "id": "$id", "was": "$record#/title"},
    }
    post = operation("createTask", {**TASKS, "reply": reply}, {"type": "object"}, "202", requestBody=body(ref("Task")))
    document["paths"]["/tasks"]["post"] = post
    with served(tmp_path, document) as client:
        sent = client.post("/tasks", json={"title": "A"})
        (task,) = client.get("/tasks").json()
        assert (sent.status_code, sent.json()) == (202, {"ok": True, "id": task["id"], "was": "A"})
        assert sent.headers["Location"] == f"{client.base_url}tasks/{task['id']}".replace("v1tasks", "v1/tasks")


def test_delete_may_return_whether_the_record_was_deleted(tmp_path: Path) -> None:
    document = crud({"delete": {"set": {"done": True}, "then": "remove", "visible": True}})
    words = {**TASKS, "reply": {"body": {"gone": "$removed"}}}
    document["paths"]["/tasks/{id}"]["delete"] = operation("deleteTask", words, {"type": "object"})
    with served(tmp_path, document) as client:
        path = f"/tasks/{created(client)['id']}"
        assert [client.delete(path).json() for _ in range(2)] == [{"gone": False}, {"gone": True}]


def test_reply_without_collection_is_the_whole_behaviour(tmp_path: Path) -> None:
    document = crud()
    reply = {"reply": {"body": {"me": "$identity.user", "$$": "$$5"}}}
    document["paths"]["/me"] = {"get": operation("getMe", reply, {"type": "object"})}
    with served(tmp_path, document) as client:
        assert client.get("/me").json() == {"me": "user", "$$": "$5"}


def test_operation_without_words_replies_by_its_example_or_by_a_value_of_its_schema(tmp_path: Path) -> None:
    document = crud()
    content = {"application/json": {"schema": {}, "examples": {"one": {"value": {"a": 1}}}}}
    schema = {
        "type": "object",
        "required": ["n", "id"],
        "properties": {"n": {"type": "integer", "minimum": 3}, "id": {"type": "string", "format": "uuid"}},
    }
    document["paths"]["/one"] = {
        "get": {"operationId": "one", "responses": {"200": {"description": "", "content": content}}}
    }
    document["paths"]["/two"] = {"get": operation("two", None, schema)}
    document["paths"]["/three"] = {"post": operation("three", None, None, "204")}
    with served(tmp_path, document) as client:
        assert client.get("/one").json() == {"a": 1}
        assert client.get("/two").json()["n"] == 3
        assert client.post("/three").status_code == 204


def test_missing_required_fields_of_a_reply_are_generated_and_stored(tmp_path: Path) -> None:
    document = crud()
    document["components"]["schemas"]["Task"] = {
        **document["components"]["schemas"]["Task"],
        "required": ["id", "title", "created", "rank"],
    }
    document["paths"]["/tasks"]["post"]["requestBody"] = body({"type": "object"})
    with served(tmp_path, document) as client:
        task = created(client)
        assert {"created", "rank"} <= task.keys()
        assert client.get(f"/tasks/{task['id']}").json() == task


def test_errors_by_template_and_status(tmp_path: Path) -> None:
    document = crud({"unique": ["title"]})
    document["x-emulator"]["errors"] = {"body": {"code": "$code", "message": "$detail"}, "status": {"conflict": 400}}
    bad = {"400": body({"type": "object", "required": ["code"]}), "404": body({"type": "object", "required": ["code"]})}
    for item in document["paths"].values():
        for one in item.values():
            if isinstance(one, dict):
                one["responses"] = {**one["responses"], **bad}
    with served(tmp_path, document) as client:
        created(client)
        refused, missing = client.post("/tasks", json={"title": "A"}), client.get("/tasks/x")
        assert (refused.status_code, refused.json()["code"]) == (400, "conflict")
        assert (missing.status_code, missing.json()["code"]) == (404, "missing")
        assert missing.headers["Content-Type"] == "application/json"


def test_error_by_template_may_have_a_status_that_the_document_does_not_name(tmp_path: Path) -> None:
    document = crud({"unique": ["title"]})
    document["x-emulator"]["errors"] = {"body": {"code": "$code", "at": "{$status}: $title", "at_field": "$field"}}
    with served(tmp_path, document) as client:
        created(client)
        taken = client.post("/tasks", json={"title": "A"})
        limited = client.get("/tasks", headers={"X-Emulator-Scenario": "rate-limited"})
    assert (taken.status_code, taken.json()) == (409, {"code": "conflict", "at": "409: $title", "at_field": None})
    assert (limited.status_code, limited.json()["at"]) == (429, "429: $title")


def test_error_of_a_vendors_python_may_have_a_status_that_the_document_does_not_name(tmp_path: Path) -> None:
    code = """
from emulator.exchange import Reply
from emulator.vendor import Handlers
handlers = Handlers()
@handlers.operation("listTasks")
def list_tasks(call, world):
    return Reply(409, {"message": "not now"})
"""
    document = crud()
    del document["paths"]["/tasks"]["get"]["x-emulator"]
    with served(tmp_path, document, {"vendor.py": code}) as client:
        refused = client.get("/tasks")
    assert (refused.status_code, refused.json()) == (409, {"message": "not now"})


def test_error_is_the_status_that_the_document_declares_and_its_example(tmp_path: Path) -> None:
    document = crud()
    gone = {"description": "", "content": {"application/json": {"schema": {}, "example": {"error": "gone"}}}}
    document["paths"]["/tasks/{id}"]["get"]["responses"]["410"] = gone
    with served(tmp_path, document) as client:
        missing = client.get("/tasks/x")
        assert (missing.status_code, missing.json()) == (410, {"error": "gone"})


def test_records_are_generated_and_added_as_a_built_in_vendors_are(plain: httpx.Client) -> None:
    control = f"{plain.base_url.scheme}://{plain.base_url.netloc.decode()}/_emulator"
    added = plain.post(f"{control}/state/acme.tasks", json={"title": "Mine"})
    assert added.status_code == 201, added.text
    generated = plain.post(f"{control}/state/populate", json={"collection": "acme.tasks", "count": 2}).json()["records"]
    assert [task["title"] for task in plain.get("/tasks").json()] == ["Mine", *(one["title"] for one in generated)]
    assert plain.get(f"/tasks/{added.json()['id']}").json() == added.json()
    (changed,) = plain.get(f"{control}/changes").json()["collections"]
    assert (changed["collection"], changed["counts"]) == ("acme.tasks", {"added": 3, "removed": 0, "changed": 0})
    refused = plain.post(f"{control}/state/acme.tasks", json={"title": 7})
    assert (refused.status_code, "/title" in refused.json()["detail"]) == (422, True)


def test_reply_has_the_count_of_a_list(tmp_path: Path) -> None:
    document = crud()
    words = {**TASKS, "action": "list", "filter": ["title"], "reply": {"body": {"count": "$count"}}}
    counted = {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}}}
    document["paths"]["/count"] = {"get": operation("countTasks", words, counted, parameters=query("title"))}
    with served(tmp_path, document) as client:
        for title in "AAB":
            created(client, title=title)
        assert client.get("/count").json() == {"count": 3}
        assert client.get("/count?title=A").json() == {"count": 2}


def test_reply_is_a_text_where_the_contract_has_no_json(tmp_path: Path) -> None:
    document = crud()
    words = {**TASKS, "action": "get", "reply": {"body": "# {$record#/title}\n"}}
    text = operation("showTask", words, parameters=[ID])
    text["responses"]["200"] = body({"type": "string"}, "text/markdown")
    document["paths"]["/tasks/{id}/text"] = {"get": text}
    with served(tmp_path, document) as client:
        reply = client.get(f"/tasks/{created(client)['id']}/text")
        assert (reply.text, reply.headers["Content-Type"].partition(";")[0]) == ("# A\n", "text/markdown")


PAGES = {"type": "object", "properties": {"data": LISTED, "total": {"type": "integer"}, "next": {}, "has_more": {}}}
CURSORS = {"type": "object", "properties": {"items": LISTED, "next_page_token": {}, "total": {}}}


def paged(paging: Any, names: dict[str, str], reply: Any, root: Any = None) -> dict[str, Any]:
    parameters = [one for name, kind in names.items() for one in query(name, kind=kind)]
    document = with_list({"paging": paging} if paging else {}, parameters, reply)
    if root is not None:
        document["x-emulator"]["paging"] = root
    return document


def filled(client: httpx.Client, count: int = 5) -> None:
    for number in range(count):
        created(client, title=f"T{number}", rank=number)


def test_page_strategy_finds_parameters_and_fields_by_their_usual_names(tmp_path: Path) -> None:
    with served(tmp_path, paged("page", {"page": "integer", "per_page": "integer"}, PAGES)) as client:
        filled(client)
        first = client.get("/tasks?per_page=2&page=1").json()
        assert ([one["title"] for one in first["data"]], first["total"], first["has_more"]) == (["T0", "T1"], 5, True)
        second = client.get(first["next"]).json()
        assert [one["title"] for one in second["data"]] == ["T2", "T3"]
        last = client.get(second["next"]).json()
        assert ([one["title"] for one in last["data"]], last["next"], last["has_more"]) == (["T4"], None, False)
        assert client.get("/tasks?page=9").json()["data"] == []


def test_offset_strategy(tmp_path: Path) -> None:
    with served(tmp_path, paged("offset", {"skip": "integer", "limit": "integer"}, LISTED)) as client:
        filled(client)
        assert titles(client.get("/tasks?skip=1&limit=2")) == ["T1", "T2"]
        assert titles(client.get("/tasks?skip=4")) == ["T4"]


def test_token_strategy_does_not_tear_when_records_come_and_go(tmp_path: Path) -> None:
    with served(tmp_path, paged("token", {"page_token": "string", "page_size": "integer"}, CURSORS)) as client:
        filled(client)
        first = client.get("/tasks?page_size=2").json()
        token = first["next_page_token"]
        client.delete(f"/tasks/{first['items'][0]['id']}")
        second = client.get("/tasks", params={"page_size": 2, "page_token": token}).json()
        assert [one["title"] for one in second["items"]] == ["T2", "T3"]
        third = client.get("/tasks", params={"page_size": 2, "page_token": second["next_page_token"]}).json()
        assert ([one["title"] for one in third["items"]], third["next_page_token"]) == (["T4"], None)
        assert client.get("/tasks?page_token=never").status_code == 422


def test_cursor_strategy_takes_the_key_of_the_last_record(tmp_path: Path) -> None:
    with served(tmp_path, paged("cursor", {"starting_after": "string", "limit": "integer"}, PAGES)) as client:
        filled(client)
        first = client.get("/tasks?limit=2").json()
        after = first["data"][-1]["id"]
        second = client.get("/tasks", params={"limit": 2, "starting_after": after}).json()
        assert ([one["title"] for one in second["data"]], second["has_more"]) == (["T2", "T3"], True)
        assert client.get("/tasks?starting_after=none").status_code == 422


def test_link_strategy_links_other_pages_in_a_header(tmp_path: Path) -> None:
    with served(
        tmp_path, paged("link", {"page": "integer", "per_page": "integer", "title": "string"}, LISTED)
    ) as client:
        filled(client)
        reply = client.get("/tasks?per_page=2&page=2")
        assert titles(reply) == ["T2", "T3"]
        links = reply.links
        assert sorted(map(str, links)) == ["first", "last", "next", "prev"]
        assert titles(client.get(links["next"]["url"])) == ["T4"]
        assert "per_page=2" in links["prev"]["url"]


TEMPLATE = {
    "own": {
        "parameters": {
            "offset": "from",
            "size": "count",
            "sort": "by",
            "include": "fields",
            "exclude": "without",
            "search": "q",
        },
        "size": {"default": "$switch.size", "maximum": 3},
        "headers": {"X-Total": "$count", "X-Next": "$next"},
        "empty": 204,
        "always": ["id"],
    }
}


@pytest.fixture
def own_pages(tmp_path: Path) -> Iterator[httpx.Client]:
    names = {
        "from": "integer",
        "count": "integer",
        "by": "string",
        "fields": "string",
        "without": "string",
        "q": "string",
    }
    document = paged(None, names, LISTED, TEMPLATE)
    document["components"]["schemas"]["Task"]["required"] = ["id"]
    document["x-switches"] = {"size": {"default": 2, "schema": {"enum": [2, 3]}, "description": "Records of a page."}}
    document["paths"]["/tasks"]["get"]["responses"]["204"] = {"description": "No tasks."}
    with served(tmp_path, document) as client:
        yield client


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ["T0", "T1"]),
        ("?count=9", ["T0", "T1", "T2"]),
        ("?count=0", ["T0", "T1"]),
        ("?from=4", ["T4"]),
        ("?by=-rank", ["T4", "T3"]),
        ("?by=title,-rank&count=1", ["T0"]),
        ("?q=t3", ["T3"]),
    ],
)
def test_own_strategy_cuts_sorts_and_searches(own_pages: httpx.Client, given: str, found: list[str]) -> None:
    filled(own_pages)
    assert titles(own_pages.get(f"/tasks{given}")) == found


def test_own_strategy_projects_and_has_headers_and_an_empty_list(own_pages: httpx.Client) -> None:
    empty = own_pages.get("/tasks")
    assert (empty.status_code, empty.content) == (204, b"")
    filled(own_pages, 3)
    reply = own_pages.get("/tasks?fields=title")
    assert [set(task) for task in reply.json()] == [{"id", "title"}] * 2
    assert (reply.headers["X-Total"], own_pages.get(reply.headers["X-Next"]).headers.get("X-Next")) == ("3", None)
    assert [set(task) for task in own_pages.get("/tasks?without=rank,id").json()] == [{"id", "title"}] * 2


THREAD = """
import threading
from emulator.vendor import Hooks
hooks = Hooks()
@hooks.shown("tasks")
def with_thread(world, task):
    return {**task, "note": threading.current_thread().name}
"""


@pytest.mark.parametrize(
    ("paging", "given", "leaves"),
    [
        ("page", "limit=2", False),
        ("page", "limit=2&listId=a", False),
        ("page", "limit=2&like=t", True),
        ("page", "limit=2&note=n", True),
        ("none", "", True),
    ],
)
def test_list_that_looks_at_many_records_leaves_the_event_loop_the_first_time(
    tmp_path: Path, paging: str, given: str, leaves: bool
) -> None:
    document = crud({"references": {"listId": "lists"}, "sort": "rank"})
    listing, filters = (
        document["paths"]["/tasks"]["get"],
        {"like": "title contains", "listId": "listId", "note": "note"},
    )
    listing["x-emulator"] |= {"paging": paging, "filter": filters}
    listing["parameters"] = query("limit", "page", *filters)
    many = [{"id": str(number), "title": "t", "note": "n", "listId": "a"} for number in range(1200)]
    files = {"vendor.py": THREAD, "fixtures/tasks.yaml": json.dumps({"records": many})}
    with served(tmp_path, document, files) as client:
        loop = client.get("/tasks/1").json()["note"]
        first = client.get(f"/tasks?{given}").json()
    assert (first[0]["note"] != loop) is leaves


def test_list_without_paging_has_all_records(tmp_path: Path) -> None:
    with served(
        tmp_path, paged("none", {"from": "integer", "count": "integer"}, LISTED, TEMPLATE_WITHOUT_SWITCH)
    ) as client:
        filled(client)
        assert len(client.get("/tasks?count=1").json()) == 5


TEMPLATE_WITHOUT_SWITCH = {"own": {"parameters": {"offset": "from", "size": "count"}}}


def test_declared_operations_work_in_any_mode_of_the_clock_and_journal(plain: httpx.Client) -> None:
    created(plain)
    root = str(plain.base_url).partition("/acme")[0]
    fault = {"vendor": "acme", "operation": "getTask", "commit": "after", "connection": "reset"}
    assert httpx.post(f"{root}/_emulator/sandboxes/default/faults", json=fault).is_success
    with pytest.raises(httpx.HTTPError):
        plain.get("/tasks/x")
    exchanges = httpx.get(f"{root}/_emulator/sandboxes/default/journal").json()["exchanges"]
    assert [exchange["operations"] for exchange in exchanges] == [["createTask"], ["getTask"]]


def test_operation_of_a_built_in_vendor_is_declared_in_an_overlay(tmp_path: Path) -> None:
    text = (CONTRACTS / "immuta" / "openapi.yaml").read_text("utf-8")
    declared = """  /allTags:
    get:
      operationId: listAllTags
      tags: [catalogue]
      x-evidence: {level: assumed, source: no source}
      x-emulator: {collection: tags, sort: -name}
      responses:
        "200":
          description: The tags.
          x-evidence: {level: assumed, source: no source}
          content: {application/json: {schema: {type: array, items: {$ref: schemas/tag.schema.json}}}}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "403": {$ref: "#/components/responses/Forbidden"}
        "500": {$ref: "#/components/responses/InternalError"}
        "503": {$ref: "#/components/responses/Unavailable"}
"""
    (tmp_path / "immuta").mkdir()
    changed = text.replace("paths:\n", f"paths:\n{declared}", 1)
    changed = changed.replace("  collections:\n", "  collections:\n    tags: {id: integer}\n", 1)
    (tmp_path / "immuta" / "openapi.yaml").write_text(changed, "utf-8")
    settings = read_settings({"contracts": str(tmp_path), "port": 0, "access_log": False})
    with ThreadedServer(Emulator(settings)) as server:
        catalogue = server.server.emulator.catalogue
        credential = next(iter(server.server.emulator.sandboxes.default.credentials["immuta"].values()))
        headers = catalogue.vendors["immuta"].present(credential)
        reply = httpx.get(f"{server.url}{catalogue.contracts['immuta'].base_path}/allTags", headers=headers)
        assert [tag["name"] for tag in reply.json()] == ["PII.phone", "PII.email", "PII"]


def test_journal_names_the_fields_that_nobody_gave(tmp_path: Path) -> None:
    document = crud()
    document["components"]["schemas"]["Task"]["required"] += ["rank", "created"]
    document["paths"]["/tasks"]["post"]["requestBody"] = body({"type": "object"})
    with served(tmp_path, document) as client:
        created(client)
        created(client, rank=3, created="2026-01-01T00:00:00Z")
        client.get("/tasks")
        journal = httpx.get(f"{client.base_url.copy_with(path='/')}_emulator/journal").json()["exchanges"]
    assert [exchange.get("generated") for exchange in journal] == [
        ["tasks.rank", "tasks.created"],
        ["tasks.created"],
        None,
    ]
