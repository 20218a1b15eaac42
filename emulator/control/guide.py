"""The routes of the control API for people: what each does, with an example command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from emulator.contract.documents import METHODS
from emulator.control.document import FILE
from emulator.control.fields import Schema, type_of
from emulator.control.handlers import ROOT
from emulator.files.yaml_file import read_yaml
from emulator.sandbox.sandboxes import DEFAULT

SANDBOX = "/sandboxes/{sandbox}"
FIRST_CALL = "/secoda/api/v1/integration/integrations"
FIRST_CREDENTIAL = "Authorization: Bearer secoda-token"
"""The credential of a first call to a vendor, so that the journal is not empty."""


@dataclass(frozen=True)
class Parameter:
    """A path or query parameter (`place`)."""

    name: str
    place: str
    type: str
    required: bool
    example: str
    description: str


@dataclass(frozen=True)
class Route:
    """One route.

    `body` is the JSON Schema of its JSON body, `replies` those of its replies by status, with their descriptions: {} if
    there is no JSON. `commands` are curl's arguments: each works as it is, in the order of the guide.
    """

    tag: str
    operation: str
    method: str
    path: str
    summary: str
    description: str
    parameters: Sequence[Parameter]
    body: Schema
    replies: Mapping[str, tuple[str, Schema]]
    commands: Sequence[tuple[str, ...]]


@cache
def tags() -> Mapping[str, str]:
    """Return the tags with their descriptions."""
    return {tag["name"]: tag["description"] for tag in _document()["tags"]}


@cache
def routes() -> Sequence[Route]:
    """Return all routes by tag, deletions last, so that the commands work one after the other."""
    found = [
        _route(method, path, item[method])
        for path, item in _document()["paths"].items()
        for method in METHODS
        if method in item
    ]
    order = list(tags())

    def place(route: Route) -> tuple[int, bool, int]:
        removes = route.method == "DELETE"
        return order.index(route.tag), removes, -len(route.path) if removes else 0

    return sorted(found, key=place)


def command(words: Sequence[str], host: str) -> str:
    """Return a command of a route as a line for a shell."""
    url, *options = words
    switches = "-sN" if "-N" in options else "-s"
    line = ["curl", switches, *(shlex.quote(word) for word in options if word != "-N"), shlex.quote(host + url)]
    return " ".join(line)


def first_command(host: str) -> str:
    """Return a command that calls a vendor."""
    return command((FIRST_CALL, "-H", FIRST_CREDENTIAL), host)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(FILE)
    return document


def _route(method: str, path: str, described: dict[str, Any]) -> Route:
    return Route(
        tag=described["tags"][0],
        operation=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        description=described.get("description", ""),
        parameters=[_parameter(one) for one in described.get("parameters", ())],
        body=_schema(described.get("requestBody", {})),
        replies=dict(sorted(_replies(described["responses"]))),
        commands=list(_commands(method.upper(), path, described)),
    )


def _parameter(described: Mapping[str, Any]) -> Parameter:
    example = described.get("example")
    return Parameter(
        name=described["name"],
        place=described["in"],
        type=type_of(described["schema"]),
        required=described.get("required", False),
        example="" if example is None else _text(example),
        description=described.get("description", ""),
    )


def _replies(responses: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, Schema]]]:
    for status, response in responses.items():
        name = response.get("$ref", "").rpartition("/")[2]
        described = _document()["components"]["responses"][name] if name else response
        yield status, (described["description"], _schema(described))


def _schema(described: Mapping[str, Any]) -> Schema:
    schema: Schema = described.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _commands(method: str, path: str, described: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    url = _url(path, described.get("parameters", ()))
    verb = () if method == "GET" else ("-X", method)
    answers = [kind for response in described["responses"].values() for kind in response.get("content", {})]
    for kind, media in described.get("requestBody", {}).get("content", {}).items():
        header = ("-H", f"Content-Type: {kind}")
        if kind != "application/json":
            yield (url, *verb, *header, "--data-binary", f"@{_file(described)}")
            return
        for example in media["examples"].values():
            yield (url, *verb, *header, "-d", json.dumps(example["value"]))
    if "requestBody" not in described:
        saved = ("-o", _file(described)) if "application/vnd.sqlite3" in answers else ()
        yield (url, *verb, *saved, *(("-N",) if "text/event-stream" in answers else ()))


def _url(path: str, parameters: Sequence[Mapping[str, Any]]) -> str:
    values = {one["name"]: one["example"] for one in parameters if one["in"] == "path"}
    query = {one["name"]: _text(one["example"]) for one in parameters if one["in"] == "query" and "example" in one}
    if values.get("sandbox") == DEFAULT:
        path = path.removeprefix(SANDBOX)
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    return f"{ROOT}{path}" + (f"?{urlencode(query, safe='*')}" if query else "")


def _file(described: dict[str, Any]) -> str:
    return f"{next(one['example'] for one in described['parameters'] if one['name'] == 'name')}.sqlite3"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
