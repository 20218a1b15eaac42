"""A vendor written for one test: its documents become a folder, and an emulator serves it alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.cli.problems import own_problems
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings

ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
TASK = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "title": {"type": "string"},
        "done": {"type": "boolean"},
        "rank": {"type": "integer"},
        "listId": {"type": ["string", "null"]},
        "secret": {"type": "string", "writeOnly": True},
        "note": {"type": ["string", "null"]},
        "created": {"type": "string", "format": "date-time", "readOnly": True},
        "updated": {"type": "integer", "readOnly": True},
    },
}
LIST = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}


def body(schema: Any, kind: str = "application/json") -> dict[str, Any]:
    """Return a Request Body Object, or with a description a Response Object."""
    return {"description": "", "content": {kind: {"schema": schema}}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def operation(name: str, words: Any = None, reply: Any = None, status: str = "200", **more: Any) -> dict[str, Any]:
    """Return an Operation Object; `reply` is the schema of its reply."""
    responses = {status: body(reply) if reply is not None else {"description": ""}}
    declared = {} if words is None else {"x-emulator": words}
    return {"operationId": name, "responses": responses, **declared, **more}


def query(*names: str, kind: str = "string") -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": {"type": kind}} for name in names]


def crud(words: Any = None, **more: Any) -> dict[str, Any]:
    """Return a contract of tasks and lists, with every action; `words` are those of the collection tasks."""
    tasks = {"collection": "tasks"}
    given: dict[str, Any] = {"requestBody": body(ref("Task"))}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "security": [{"token": []}],
        "x-emulator": {"collections": {"tasks": {} if words is None else words, "lists": {"id": "client"}}},
        "components": {"schemas": {"Task": TASK, "List": LIST}},
        "paths": {
            "/tasks": {
                "get": operation("listTasks", tasks, {"type": "array", "items": ref("Task")}),
                "post": operation("createTask", tasks, ref("Task"), "201", **given),
            },
            "/tasks/{id}": {
                "parameters": [ID],
                "get": operation("getTask", tasks, ref("Task")),
                "put": operation("replaceTask", tasks, ref("Task"), **given),
                "patch": operation("patchTask", tasks, ref("Task"), requestBody=body({"type": "object"})),
                "delete": operation("deleteTask", tasks, status="204"),
            },
            "/lists": {
                "post": operation(
                    "createList", {"collection": "lists"}, ref("List"), "201", requestBody=body(ref("List"))
                )
            },
            "/lists/{id}": {
                "parameters": [ID],
                "get": operation("getList", {"collection": "lists"}, ref("List")),
                "delete": operation("deleteList", {"collection": "lists"}, status="204"),
            },
        },
        **more,
    }
    # No part of it is shared: tests change it.
    found: dict[str, Any] = json.loads(json.dumps(document))
    return found


def written(folder: Path, document: Any, files: Mapping[str, str] | None = None) -> Path:
    """Write the folder of the vendor acme, and return the folder above it."""
    home = folder / "vendors" / "acme"
    for name, text in {"openapi.yaml": json.dumps(document, indent=1), **(files or {})}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, "utf-8")
    return home.parent


@contextmanager
def served(folder: Path, document: Any, files: Mapping[str, str] | None = None) -> Iterator[httpx.Client]:
    """Serve the vendor acme alone; the client presents its credential with full rights."""
    home = written(folder, document, files) / "acme"
    settings = read_settings({"port": 0, "access_log": False})
    with ThreadedServer(Emulator(settings, read_catalogue({}, homes={"acme": home}))) as server:
        url = server.url + server.server.emulator.catalogue.contracts["acme"].base_path
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer acme-token"}) as client:
            yield client


def problems(folder: Path, document: Any, files: Mapping[str, str] | None = None) -> list[str]:
    """Return everything that is wrong with the vendor, without the name of the file."""
    home = written(folder, document, files) / "acme"
    return [sentence.replace(str(home), "acme") for sentence in own_problems(home, "acme")]


@contextmanager
def serving(vendors: str, name: str) -> Iterator[httpx.Client]:
    """Serve all vendors, those in a folder too; the client calls one of them with its first credential."""
    settings = read_settings({"vendors": vendors, "port": 0, "access_log": False})
    with ThreadedServer(Emulator(settings)) as server:
        emulator = server.server.emulator
        credential = next(iter(emulator.sandboxes.default.credentials[name].values()))
        headers = emulator.catalogue.vendors[name].present(credential)
        url = server.url + emulator.catalogue.contracts[name].base_path
        with httpx.Client(base_url=url, headers=headers) as client:
            yield client
