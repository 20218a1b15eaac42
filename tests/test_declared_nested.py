"""Nested fields of GraphQL with records of their own, and connections (Relay)."""
# ruff: noqa: E501 - a table: field, words, sentence

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.own_vendor import body, problems, served
from tests.test_declared_graphql import asked, data

SDL = """
type Task { uid: ID! title: String! owner: Owner comments(text: String): [Comment!]! recent(first: Int, after: String): Comments! }
type Owner { id: ID! name: String tasks: [Task!]! }
type Comment { id: ID! text: String! task: Task! }
type Comments { edges: [CommentEdge!]! pageInfo: PageInfo! totalCount: Int! }
type CommentEdge { cursor: String! node: Comment! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Groups { ok: Boolean! open: [Task!]! done: [Task!]! }

type Query {
  task(uid: ID!): Task
  tasks: [Task!]!
  groups: Groups!
  owner(id: ID!): Owner
  comments(first: Int, after: String, last: Int, before: String, text: String): Comments!
}
type Mutation {
  addOwner(id: ID!, name: String): Owner!
  addTask(title: String!, ownerId: String, state: String): Task!
  addComment(taskUid: String!, text: String!): Comment!
}
"""
RECORD = {
    "type": "object",
    "required": ["uid", "title"],
    "properties": {name: {"type": "string"} for name in ("uid", "title", "ownerId", "state")},
}
COMMENT = {"type": "object", "properties": {name: {"type": "string"} for name in ("id", "taskUid", "text")}}
TYPES: dict[str, Any] = {
    "Task.owner": {"collection": "owners", "where": {"id": "$parent#/ownerId"}},
    "Task.comments": {"collection": "comments", "where": {"taskUid": "$parent#/uid"}, "sort": "-text"},
    "Task.recent": {"collection": "comments", "where": {"taskUid": "$parent#/uid"}, "paging": "relay"},
    "Owner.tasks": {"collection": "tasks"},
    "Comment.task": {"collection": "tasks", "where": {"uid": "$parent#/taskUid"}},
    "Groups.open": {"collection": "tasks", "where": {"state": "open"}},
    "Groups.done": {"collection": "tasks", "where": {"state": "done"}},
}


def contract(**types: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "task": {"collection": "tasks", "action": "get"},
        "tasks": {"collection": "tasks", "action": "list"},
        "groups": {"reply": {"body": {"ok": True}}},
        "owner": {"collection": "owners", "action": "get"},
        "comments": {"collection": "comments", "action": "list", "paging": "relay"},
        "addOwner": {"collection": "owners", "action": "create"},
        "addTask": {"collection": "tasks", "action": "create"},
        "addComment": {"collection": "comments", "action": "create"},
    }
    collections = {
        "tasks": {"schema": "TaskRecord", "key": "uid", "references": {"ownerId": "owners"}},
        "owners": {"schema": "Owner", "id": "client"},
        "comments": {"schema": "CommentRecord", "references": {"taskUid": "tasks"}},
    }
    request = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}}
    graphql = {
        "schema": "schema.graphql",
        "operations": {name: {"x-emulator": words} for name, words in fields.items()},
        "types": {name: {"x-emulator": words} for name, words in {**TYPES, **types}.items()},
    }
    post = {"operationId": "graphql", "requestBody": body(request), "responses": {"200": body({"type": "object"})}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "security": [{"token": []}],
        "x-emulator": {"collections": collections},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"TaskRecord": RECORD, "CommentRecord": COMMENT},
        },
        "paths": {"/graphql": {"post": {**post, "x-graphql": graphql}}},
    }


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[httpx.Client]:
    with served(tmp_path, contract(), {"schema.graphql": SDL}) as client:
        yield client


@pytest.fixture
def uid(acme: httpx.Client) -> str:
    """The key of a task of Ann's with the comments a, b and c."""
    data(acme, 'mutation {addOwner(id: "ann", name: "Ann") {id}}')
    task = data(acme, 'mutation {addTask(title: "A", ownerId: "ann", state: "open") {uid}}')["uid"]
    for text in "abc":
        data(acme, f'mutation {{addComment(taskUid: "{task}", text: "{text}") {{id}}}}')
    return str(task)


def test_field_has_the_records_that_refer_to_its_parent(acme: httpx.Client, uid: str) -> None:
    other = data(acme, 'mutation {addTask(title: "B") {uid comments {text}}}')
    assert other["comments"] == []
    found = data(acme, f'{{task(uid: "{uid}") {{title comments {{text}} some: comments(text: "b") {{text}}}}}}')
    assert [one["text"] for one in found["comments"]] == ["c", "b", "a"]
    assert found["some"] == [{"text": "b"}]


def test_field_has_the_record_that_its_parent_refers_to_or_null(acme: httpx.Client, uid: str) -> None:
    assert data(acme, f'{{task(uid: "{uid}") {{owner {{name}}}}}}') == {"owner": {"name": "Ann"}}
    assert data(acme, 'mutation {addTask(title: "B") {owner {name}}}') == {"owner": None}


def test_fields_are_nested_as_deep_as_the_caller_asks(acme: httpx.Client, uid: str) -> None:
    found = data(acme, '{owner(id: "ann") {tasks {comments {text task {owner {tasks {title}}}}}}}')
    assert found["tasks"][0]["comments"][0] == {"text": "c", "task": {"owner": {"tasks": [{"title": "A"}]}}}


def test_payload_without_records_has_lists_of_its_own(acme: httpx.Client, uid: str) -> None:
    assert data(acme, "{groups {ok open {uid} done {uid}}}") == {"ok": True, "open": [{"uid": uid}], "done": []}


def page(acme: httpx.Client, arguments: str) -> tuple[str, dict[str, Any]]:
    """Return the texts of a part of the comments, and its pageInfo."""
    info = "pageInfo {hasNextPage hasPreviousPage startCursor endCursor}"
    found = data(acme, f"{{comments({arguments}) {{totalCount edges {{cursor node {{text}}}} {info}}}}}")
    edges = found["edges"]
    cursors = [edge["cursor"] for edge in edges] or [None]
    assert (found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]) == (cursors[0], cursors[-1])
    return "".join(edge["node"]["text"] for edge in edges), found["pageInfo"]


def test_connection_is_read_forwards_and_backwards(acme: httpx.Client, uid: str) -> None:
    texts, info = page(acme, "first: 2")
    assert (texts, info["hasNextPage"], info["hasPreviousPage"]) == ("ab", True, False)
    texts, info = page(acme, f'first: 2, after: "{info["endCursor"]}"')
    assert (texts, info["hasNextPage"], info["hasPreviousPage"]) == ("c", False, True)
    texts, info = page(acme, f'last: 1, before: "{info["startCursor"]}"')
    assert (texts, info["hasNextPage"], info["hasPreviousPage"]) == ("b", True, True)
    assert page(acme, "first: 0")[0] == ""
    assert page(acme, 'text: "c"')[0] == "c"


def test_connection_may_be_nested(acme: httpx.Client, uid: str) -> None:
    found = data(acme, f'{{task(uid: "{uid}") {{recent(first: 1) {{totalCount edges {{node {{text}}}}}}}}}}')
    assert found["recent"] == {"totalCount": 3, "edges": [{"node": {"text": "a"}}]}


@pytest.mark.parametrize("arguments", ['after: "none"', "first: -1"])
def test_cursor_that_was_never_given_out_is_an_error(acme: httpx.Client, uid: str, arguments: str) -> None:
    (error,) = asked(acme, f"{{comments({arguments}) {{totalCount}}}}")["errors"]
    assert error["extensions"]["code"] == "invalid"


@pytest.mark.parametrize(
    ("field", "words", "sentence"),
    [
        ("Task.coments", {"collection": "comments"}, ": unknown field 'Task.coments'. Did you mean 'Task.comments'"),
        ("Task.comments", {"collection": "coments"}, "/collection: unknown collection 'coments'. Did you mean 'comments'?"),
        ("Task.comments", {"collection": "comments"}, ": no single reference leads from Task to comments, or back; write where"),
        ("Task.owner", {"collection": "owners", "action": "patch"}, "/action: a nested field only reads; use list or get"),
        ("Task.owner", {"collection": "owners", "set": {}}, "/set: a nested field only reads; it has collection, action,"),
        ("Owner.tasks", {"collection": "tasks", "paging": "page"}, "/paging: a nested field has no pages but those of relay"),
        ("Owner.tasks", {"collection": "tasks", "where": {"ownerId": "$parnt"}}, "/where/ownerId: unknown expression '$parnt'. Did you mean '$parent'?"),
        ("Owner.tasks", {"collection": "tasks", "paging": "relay"}, "/paging: relay pages need a connection: an object with edges"),
        ("Owner.tasks", {"colection": "tasks"}, "/colection: unknown word 'colection'. Did you mean 'collection'?"),
    ],
)  # fmt: skip
def test_mistake_in_a_nested_field_is_told(field: str, words: Any, sentence: str, tmp_path: Path) -> None:
    found = problems(tmp_path, contract(**{field: words}), {"schema.graphql": SDL})
    assert any(f"/x-graphql/types/{field}/x-emulator{sentence}" in said for said in found), found
