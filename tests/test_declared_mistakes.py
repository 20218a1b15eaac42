"""Mistakes in declarations: each is told with file, line and pointer, what is allowed, and the nearest."""

# ruff: noqa: E501 - a sentence is written as it is said

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.catalogue import read_own
from emulator.errors import ContractError
from tests.own_vendor import ID, crud, operation, problems, query, ref, written

TASKS = {"collection": "tasks"}
PROPERTIES = "Known properties: id, title, done, rank, listId, secret, note, created, updated"
SOURCES = "$request.path.NAME, $request.query.NAME, $request.header.NAME, $request.body"


def of_list(**words: Any) -> Callable[[Any], None]:
    """Return what gives the operation listTasks words."""

    def change(document: Any) -> None:
        document["paths"]["/tasks"]["get"]["x-emulator"] |= words

    return change


def of_item(**words: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["paths"]["/tasks/{id}"]["patch"]["x-emulator"] = {**TASKS, **words}

    return change


def of_tasks(**words: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["x-emulator"]["collections"]["tasks"] |= words

    return change


def at_root(**words: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["x-emulator"] |= words

    return change


def of_pages(parameters: dict[str, str], **more: Any) -> Callable[[Any], None]:
    """Return what gives listTasks a parameter "page", and the document a strategy for it."""

    def change(document: Any) -> None:
        document["paths"]["/tasks"]["get"]["parameters"] = query("page")
        document["x-emulator"]["paging"] = {"p": {"parameters": parameters, **more}}

    return change


def of_ranks(change: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return what makes the rank of a task one of three, and then the change."""

    def both(document: Any) -> None:
        document["components"]["schemas"]["Task"]["properties"]["rank"] = {"enum": ["low", "high", None]}
        change(document)

    return both


def path(path: str, words: Any, method: str = "get", **references: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["x-emulator"]["collections"]["tasks"]["references"] = references
        names = [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
        parameters = [{**ID, "name": name} for name in names]
        document["paths"][path] = {
            method: operation("other", words, {"type": "array", "items": ref("Task")}, parameters=parameters)
        }

    return change


LIST, ITEM = "/paths/~1tasks/get/x-emulator", "/paths/~1tasks~1{id}/patch/x-emulator"
COLLECTION = "/x-emulator/collections/tasks"

MISTAKES: list[tuple[Callable[[Any], None], str]] = [
    (
        of_list(colection="tasks"),
        f"{LIST}/colection: unknown word 'colection'. Did you mean 'collection'? Known words: action, collection, filter,"
        " ignore, input, paging, reply, requires, set, sort, where, x-evidence",
    ),
    (
        of_list(unique=["title"]),
        f"{LIST}/unique: 'unique' belongs to a collection; move it to /x-emulator/collections/NAME",
    ),
    (
        of_tasks(where={}),
        f"{COLLECTION}/where: 'where' belongs to an operation; move it to the x-emulator of the operation",
    ),
    (
        of_list(reply={"template": "x"}),
        f"{LIST}/reply/template: there are no templates for replies; write body, in which {{$…}} are replaced, or a handler in vendor.py",
    ),
    (
        at_root(colections={}),
        "/x-emulator/colections: unknown word 'colections'. Did you mean 'collections'? Known words: collections, errors,"
        " paging",
    ),
    (
        of_list(collection="task"),
        f"{LIST}/collection: unknown collection 'task'. Did you mean 'tasks'? Known collections: tasks, lists",
    ),
    (
        of_item(action="update"),
        f"{ITEM}/action: invalid action 'update'; use replace (what is left out is erased) or patch (what is left out stays)",
    ),
    (
        of_item(action="pach"),
        f"{ITEM}/action: unknown action 'pach'. Did you mean 'patch'? Known actions: list, get, create, replace, upsert, patch,"
        " delete",
    ),
    (
        path("/tasks/{id}/finish", TASKS, "post"),
        "/paths/~1tasks~1{id}~1finish/post/x-emulator/action: POST /tasks/{id}/finish does not say what it does; write action",
    ),
    (of_tasks(key="key"), f"{COLLECTION}/key: unknown property 'key' of tasks. {PROPERTIES}"),
    (of_tasks(key=7), f"{COLLECTION}/key: 7 is not of type 'string'"),
    (
        of_tasks(id="snowflake"),
        f"{COLLECTION}/id: invalid id 'snowflake'; use uuid, integer, objectid, client, or a pattern such as cus_{{hex:14}}",
    ),
    (
        of_tasks(id="a_{hex}"),
        f"{COLLECTION}/id: invalid id 'a_{{hex}}'; use uuid, integer, objectid, client, or a pattern such as cus_{{hex:14}}",
    ),
    (
        of_tasks(timestamps={"created": "createdAt"}),
        f"{COLLECTION}/timestamps/created: unknown property 'createdAt' of tasks. Did you mean 'created'? {PROPERTIES}",
    ),
    (
        of_tasks(unique=[["title", "rnk"]]),
        f"{COLLECTION}/unique/0: unknown property 'rnk' of tasks. Did you mean 'rank'? {PROPERTIES}",
    ),
    (of_tasks(sort="-ran"), f"{COLLECTION}/sort: unknown property 'ran' of tasks. Did you mean 'rank'? {PROPERTIES}"),
    (
        of_ranks(of_tasks(defaults={"rank": "hihg"})),
        f"{COLLECTION}/defaults/rank: unknown value 'hihg' of rank. Did you mean 'high'? Known values: low, high",
    ),
    (
        of_ranks(of_item(set={"rank": "$now"}, requires={"rank": ["low", "up"]})),
        f"{ITEM}/requires/rank: unknown value 'up' of rank. Known values: low, high",
    ),
    (of_tasks(set={"id": "x"}), f"{COLLECTION}/set/id: 'id' is the key; it is made by id, never by set"),
    (of_tasks(defaults={"id": "x"}), f"{COLLECTION}/defaults/id: 'id' is the key; it is made by id, never by defaults"),
    (
        of_tasks(references={"listId": "list"}),
        f"{COLLECTION}/references/listId: unknown collection 'list'. Did you mean 'lists'? Known collections: tasks, lists",
    ),
    (
        of_tasks(references={"listId": {"to": "lists", "onDelete": "cascades"}}),
        f"{COLLECTION}/references/listId/onDelete: unknown rule 'cascades'. Did you mean 'cascade'? Known rules: keep, clear,"
        " cascade, restrict",
    ),
    (
        of_tasks(references={"listId": {"to": "lists", "onDelete": "$switch.gone"}}),
        f"{COLLECTION}/references/listId/onDelete: unknown switch 'gone'. There are no switches",
    ),
    (
        of_tasks(schema="Tusk"),
        f"{COLLECTION}/schema: unknown schema 'Tusk'. Did you mean 'Task'? Known schemas: Task, List",
    ),
    (of_tasks(nulls="drop"), f"{COLLECTION}/nulls: unknown value 'drop'. Known values: store, ignore, remove"),
    (of_tasks(delete={"then": "remove"}), f"{COLLECTION}/delete/set: 'set' is a required property"),
    (
        of_item(set={"note": "$request.path.ide"}),
        f"{ITEM}/set/note: unknown path parameter 'ide'. Did you mean 'id'? Known path parameters: id",
    ),
    (
        of_item(set={"note": "$request.query.q"}),
        f"{ITEM}/set/note: unknown query parameter 'q'. There are no query parameters",
    ),
    (
        of_item(set={"note": "{$nwo}"}),
        f"{ITEM}/set/note: unknown expression '$nwo'. Did you mean '$now'? Known expressions: $url,"
        f" $method, $now, $record, $id, {SOURCES}, $identity.user, $switch.NAME",
    ),
    (of_item(set={"note": "$switch.x"}), f"{ITEM}/set/note: unknown switch 'x'. There are no switches"),
    (of_item(set={"id": 5}), f"{ITEM}/set/id: 'id' is the key; it is made by id, never by set"),
    (
        of_item(requires={"dne": True}),
        f"{ITEM}/requires/dne: unknown property 'dne' of tasks. Did you mean 'done'? {PROPERTIES}",
    ),
    (
        of_list(filter={"since": "created gte"}),
        f"{LIST}/filter/since: unknown query parameter 'since' of listTasks. There are no query parameters",
    ),
    (
        of_list(paging="pages"),
        f"{LIST}/paging: unknown strategy 'pages'. Did you mean 'page'? Known strategies: page, offset, token,"
        " cursor, link, jsonapi, none",
    ),
    (
        of_list(paging="page"),
        f"{LIST}/paging: no declared query parameter fits page (it has none); declare one, or write paging: none",
    ),
    (
        of_list(paging="relay"),
        f"{LIST}/paging: 'relay' is for GraphQL; use cursor, or write the strategy as a template under /x-emulator/paging",
    ),
    (
        of_list(reply={"status": 202}),
        f"{LIST}/reply/status: 202 is not in the contract of listTasks, which has 200, 400, 401, 403,"
        " 404, 409, 413, 415, 422, 429, 500, 503",
    ),
    (
        path("/lists/{id}/tasks", TASKS),
        "/paths/~1lists~1{id}~1tasks/get/x-emulator: path parameter 'id' belongs to lists, and tasks has no reference to lists;"
        " add one, or use it in where",
    ),
    (
        path("/lists/{id}/tasks", TASKS, listId="lists", note="lists"),
        "/paths/~1lists~1{id}~1tasks/get/x-emulator: path parameter 'id' belongs to lists, to which tasks refers by listId and"
        " note; use it in where",
    ),
    (
        path("/owners/{owner}/tasks", TASKS),
        "/paths/~1owners~1{owner}~1tasks/get/x-emulator: path parameter 'owner' is the key of no collection; use it in where, set"
        " or input",
    ),
    (
        path("/me", {"where": {"id": 1}}),
        "/paths/~1me/get/x-emulator/where: 'where' needs a collection; collections: tasks, lists",
    ),
    (
        at_root(paging={"p": {"parameters": {"pages": "p"}}}),
        "/x-emulator/paging/p/parameters/pages: unknown word 'pages'. Did you mean 'page'? Known words: cursor, exclude, include,"
        " offset, page, search, size, sort",
    ),
    (
        of_pages({"page": "pge"}),
        "/x-emulator/paging/p/parameters/page: unknown query parameter 'pge'. Did you mean 'page'? Known query parameters: page",
    ),
    (
        of_pages({"page": "page"}, size={"maximum": 0}),
        "/x-emulator/paging/p/size/maximum: 0 is less than the minimum of 1",
    ),
    (
        at_root(paging={"p": {"parameters": {}, "body": {"data": "$itms"}}}),
        "/x-emulator/paging/p/body/data: unknown expression '$itms'. Did you mean '$items', '$links' or",
    ),
    (at_root(errors={"body": {"at": "$now"}}), "/x-emulator/errors/body/at: unknown expression '$now'"),
    (
        at_root(errors={"status": {"mising": 404}}),
        "/x-emulator/errors/status/mising: unknown kind 'mising'. Did you mean 'missing'? Known kinds: missing, conflict, reference,"
        " invalid, malformed, unauthorized, forbidden, unknown_path, wrong_method, unsupported_type, too_large, broken",
    ),
]


@pytest.mark.parametrize(
    ("change", "sentence"), MISTAKES, ids=[sentence.partition(": ")[0] for _, sentence in MISTAKES]
)
def test_mistake_is_reported_in_a_sentence(tmp_path: Path, change: Callable[[Any], None], sentence: str) -> None:
    document = crud()
    change(document)
    told = problems(tmp_path, document)
    assert len(told) == 1, told
    file, _, rest = told[0].partition(", ")
    assert file.startswith("acme/openapi.yaml line ")
    assert rest.startswith(sentence), rest


def test_unknown_operator_and_property_of_a_filter_are_reported(tmp_path: Path) -> None:
    document = crud()
    get = document["paths"]["/tasks"]["get"]
    get["x-emulator"]["filter"] = {"since": "createdAt after"}
    get["parameters"] = query("since")
    first, second = (sentence.partition(": ")[2] for sentence in problems(tmp_path, document))
    assert first == f"unknown property 'createdAt' of tasks. Did you mean 'created'? {PROPERTIES}"
    assert second == (
        "unknown operator 'after'. Known operators: eq, neq, gt, gte, lt, lte, in, contains, icontains, startswith"
    )


def test_all_mistakes_are_reported_at_once_and_the_start_says_how_many(tmp_path: Path) -> None:
    document = crud()
    for change in (of_tasks(key="key"), of_list(paging="pages"), of_item(action="update")):
        change(document)
    assert len(problems(tmp_path, document)) == 3
    with pytest.raises(ContractError, match=r"\(2 more; `emulator check` lists them\)"):
        read_own(written(tmp_path, document) / "acme", "acme")


def test_operation_with_words_and_a_handler_is_refused_with_both_places(tmp_path: Path) -> None:
    code = "from emulator.vendor import Handlers\nhandlers = Handlers()\n@handlers.operation('listTasks')\ndef mine(c, w): ...\n"
    (told,) = problems(tmp_path, crud(), {"vendor.py": code})
    assert (
        told
        == "acme/openapi.yaml: operation listTasks is declared here, and handled by mine in acme/vendor.py; keep one"
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("x = (", "acme/vendor.py line 1: '(' was never closed"),
        ("\nimport nothing_like_it\n", "acme/vendor.py line 2: ModuleNotFoundError: No module named 'nothing_like_it'"),
        (
            "x = 1",
            "acme/vendor.py: expected one of handlers, hooks, dialect, collections, authenticate, authorize, present,",
        ),
        (
            "from emulator.vendor import Hooks\nhooks = Hooks()\nhooks.shown('task')(print)",
            "acme/vendor.py: unknown collection 'task' of a hook. Did you mean 'tasks'? Known collections: tasks, lists",
        ),
        (
            "from emulator.vendor import Handlers\nhandlers = Handlers()\nhandlers.operation('other')(print)",
            "acme/vendor.py has a handler for other, which is not an operation of",
        ),
    ],
)
def test_mistake_in_a_vendors_python_is_reported(tmp_path: Path, code: str, sentence: str) -> None:
    (told,) = problems(tmp_path, crud(), {"vendor.py": code})
    assert told.startswith(sentence), told


def test_right_declarations_have_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, crud()) == []
