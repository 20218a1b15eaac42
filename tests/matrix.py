"""Valid and invalid calls of every operation, generated from its contract alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import yaml
from graphql import GraphQLInputType, GraphQLNonNull, GraphQLSchema, build_schema, get_named_type, is_leaf_type

from emulator.contract.openapi import Contract
from emulator.contract.operation import Media, Operation
from emulator.contract.schemas import Check

JSON = "application/json"
MULTIPART = "multipart/form-data"
BOUNDARY = "a-boundary"
UNKNOWN = "x_unknown"
TEXTS = ("text", "d31e59c7-cd52-4398-9d6e-da313a7b7775", "1")
WRONG_TYPES: tuple[Any, ...] = ({"a": []}, [1], "text", 12.5, True)


@dataclass(frozen=True)
class Attempt:
    """One call of an operation; `kind` says what is wrong with it.

    `rights` are those of its credential, None for a call without one. `invalid` is True if the call violates the
    contract: strict mode has to reject it, and a test that makes it has to fail.
    """

    operation: str
    kind: str
    method: str
    path: str
    query: str = ""
    content_type: str = ""
    body: bytes = b""
    rights: str | None = "full"
    invalid: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def variant(self, kind: str, **changes: Any) -> Attempt:
        """Return a copy with changes."""
        return replace(self, kind=kind, **changes)

    def __str__(self) -> str:
        return f"{self.operation}, {self.kind}: {self.method} {self.path}{self.query} {self.body[:100]!r}"


def attempts(contract: Contract) -> Iterator[Attempt]:
    """Yield all calls of one vendor's operations: valid, invalid, and without sufficient rights."""
    document = yaml.safe_load(contract.files["openapi.yaml"].read_text(encoding="utf-8"))
    for operation in contract.handled.values():
        if operation.root:
            yield from _graphql_attempts(operation, contract)
        else:
            yield from _rest_attempts(operation, document)


# REST


def _rest_attempts(operation: Operation, document: Mapping[str, Any]) -> Iterator[Attempt]:
    path = _path(operation, document)
    whole = Attempt(operation.name, "as documented", operation.method, path)
    kind, media = _media(operation)
    if media is not None:
        whole = replace(whole, content_type=_header(kind), body=_encoded(kind, _example(kind, media)))
    yield whole
    yield whole.variant("unknown query parameter", query=f"?{UNKNOWN}=1", invalid=True)
    yield from _parameters_of_wrong_type(operation, whole)
    for parameter in operation.parameters:
        # With another value it is another path.
        if parameter.place == "path" and not parameter.routes:
            wrong = _with_segment(parameter.name, operation, path, "no%20id")
            invalid = bool(parameter.check.violations("no id", "path"))
            yield whole.variant(f"{parameter.name} of wrong type", path=wrong, invalid=invalid)
    if operation.body is not None and media is not None:
        yield from _bodies(operation, whole, kind, media)
    yield from without_rights(operation, whole)


def without_rights(operation: Operation, whole: Attempt) -> Iterator[Attempt]:
    """Yield the call with no credential, an expired one, and one that may only read."""
    if operation.secured:
        yield whole.variant("no credentials", rights=None)
        yield whole.variant("expired credentials", rights="expired")
    yield whole.variant("read-only credentials", rights="read")


def _parameters_of_wrong_type(operation: Operation, whole: Attempt) -> Iterator[Attempt]:
    for parameter in operation.parameters:
        if parameter.type == "string" or parameter.place == "header":
            continue
        if parameter.place == "query":
            yield whole.variant(f"{parameter.name} of wrong type", query=f"?{parameter.name}=x%20y", invalid=True)


def _bodies(operation: Operation, whole: Attempt, kind: str, media: Media) -> Iterator[Attempt]:
    assert operation.body is not None
    yield whole.variant("missing body", content_type="", body=b"", invalid=operation.body.required)
    yield whole.variant("wrong content type", content_type="application/x-unknown", invalid=True)
    for undecodable in (b'{"a":', b"\xff\xfe\x00", b"--nothing"):
        yield whole.variant("undecodable body", body=undecodable, invalid=True)
    example = _example(kind, media)
    if kind == MULTIPART:
        yield from _multipart_bodies(whole, media, example)
        return
    for wrong in _wrong_documents(example):
        invalid = bool(media.check.violations(wrong, "body"))
        yield whole.variant("unknown key or wrong type", body=json.dumps(wrong).encode(), invalid=invalid)


def _multipart_bodies(whole: Attempt, media: Media, example: Mapping[str, Any]) -> Iterator[Attempt]:
    unknown = {**example, UNKNOWN: "1"}
    yield whole.variant("unknown key", body=_encoded(MULTIPART, unknown), invalid=True)
    for one in media.fields:
        rest = {name: value for name, value in example.items() if name != one.name}
        yield whole.variant(f"no {one.name}", body=_encoded(MULTIPART, rest), invalid=one.required)
        if one.file:
            yield whole.variant(
                f"{one.name} is not a file", body=_encoded(MULTIPART, {**rest, one.name: "text"}), invalid=True
            )


def _wrong_documents(example: Any) -> Iterator[Any]:
    yield from WRONG_TYPES
    yield None
    if isinstance(example, dict):
        yield {**example, UNKNOWN: 1}
        for name in example:
            for wrong in (*WRONG_TYPES, None):
                changed = deepcopy(example)
                changed[name] = wrong
                yield changed
            yield {other: value for other, value in example.items() if other != name}


def _with_segment(name: str, operation: Operation, path: str, value: str) -> str:
    """Return a path with another value of a parameter."""
    segments = path.split("/")
    segments[operation.path.split("/").index("{%s}" % name)] = value  # noqa: UP031
    return "/".join(segments)


def _path(operation: Operation, document: Mapping[str, Any]) -> str:
    described = document["paths"][operation.path]
    entries = [*described.get("parameters", ()), *described[operation.method.lower()].get("parameters", ())]
    path = operation.path
    for entry in entries:
        while "$ref" in entry:
            entry = _follow(document, entry["$ref"])
        if entry["in"] == "path":
            path = path.replace("{%s}" % entry["name"], quote(str(entry["example"]), safe=""))  # noqa: UP031
    return path


def _follow(document: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    found = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def _media(operation: Operation) -> tuple[str, Media | None]:
    return next(iter(operation.body.media.items()), ("", None)) if operation.body else ("", None)


def _example(kind: str, media: Media) -> Any:
    if kind == MULTIPART:
        return {one.name: (f"{one.name}.txt", b"{}\n") if one.file else _accepted(one.check) for one in media.fields}
    return next(iter(media.examples.values()))


def _accepted(check: Check) -> str:
    """Return a string that a schema accepts."""
    return next(text for text in TEXTS if not check.violations(text, "body"))


def _header(kind: str) -> str:
    return f"{kind}; boundary={BOUNDARY}" if kind == MULTIPART else kind


def _encoded(kind: str, value: Any) -> bytes:
    if kind != MULTIPART:
        return json.dumps(value).encode()
    parts = b""
    for name, content in value.items():
        filename = f'; filename="{content[0]}"' if isinstance(content, tuple) else ""
        parts += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'.encode()
        parts += (content[1] if isinstance(content, tuple) else content.encode()) + b"\r\n"
    return parts + f"--{BOUNDARY}--\r\n".encode()


# GraphQL


def _graphql_attempts(operation: Operation, contract: Contract) -> Iterator[Attempt]:
    assert contract.graphql is not None
    schema = build_schema(contract.graphql.sdl)
    root = schema.query_type if operation.root == "query" else schema.mutation_type
    assert root is not None
    named = root.fields[operation.name]
    variables = {name: _value(argument.type) for name, argument in named.args.items() if _is_required(argument.type)}
    selection = _selection(get_named_type(named.type), schema)

    def attempt(kind: str, *, invalid: bool = True, given: Any = variables, **changes: Any) -> Attempt:
        document = _document(operation, named.args, given, **changes)
        body = json.dumps({"query": document, "variables": given}).encode()
        return Attempt(operation.name, kind, "POST", "", content_type=JSON, body=body, invalid=invalid)

    whole = attempt("as documented", invalid=False, selection=selection)
    yield whole
    yield whole.variant("unknown query parameter", query=f"?{UNKNOWN}=1", invalid=True)
    yield whole.variant("unknown key", body=whole.body[:-1] + b', "x_unknown": 1}', invalid=True)
    yield attempt("unknown argument", selection=selection, extra=f"{UNKNOWN}: 1")
    yield attempt("unknown field", selection=f"{UNKNOWN} {selection}")
    yield attempt("no selection", selection="")
    for name in variables:
        yield attempt(f"no {name}", selection=selection, given={k: v for k, v in variables.items() if k != name})
        for wrong in (*WRONG_TYPES, None):
            given = {**variables, name: wrong}
            if _is_wrong(wrong, named.args[name].type):
                yield attempt(f"{name} of wrong type", selection=selection, given=given)
    carrier = contract.graphql.carrier
    for body in (b"", b'{"query":', b"[]", b'{"query": 1}'):
        yield whole.variant("missing or undecodable body", operation=carrier, body=body, invalid=True)
    yield whole.variant("wrong content type", content_type="application/x-unknown", invalid=True)
    yield from without_rights(operation, whole)


def _document(operation: Operation, known: Mapping[str, Any], given: Any, *, selection: str, extra: str = "") -> str:
    declared = ", ".join(f"${name}: {known[name].type}" for name in given)
    passed = ", ".join([*(f"{name}: ${name}" for name in given), *([extra] if extra else [])])
    field = f"{operation.name}{f'({passed})' if passed else ''} {{ {selection} }}" if selection else operation.name
    return f"{operation.root} Attempt{f'({declared})' if declared else ''} {{ {field} }}"


def _is_required(kind: GraphQLInputType) -> bool:
    return isinstance(kind, GraphQLNonNull)


def _is_wrong(value: Any, kind: Any) -> bool:
    """Return whether GraphQL cannot coerce a value to a type."""
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if value is None:
        return isinstance(kind, GraphQLNonNull)
    if hasattr(inner, "of_type"):
        # A single value becomes a list of one: wrong unless it is right inside.
        return _is_wrong(value, inner.of_type)
    accepted = {"Int": (), "Float": (float,), "Boolean": (bool,), "String": (str,), "ID": (str,)}
    return not is_leaf_type(inner) or not isinstance(value, accepted.get(inner.name, ()))


def _value(kind: Any) -> Any:
    """Return a value that is valid for a type."""
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if hasattr(inner, "of_type"):
        return []
    if hasattr(inner, "values"):
        return next(iter(inner.values))
    if hasattr(inner, "fields"):
        return {name: _value(one.type) for name, one in inner.fields.items() if _is_required(one.type)}
    return {"Int": 1, "Float": 1.5, "Boolean": True}.get(inner.name, "text")


def _selection(kind: Any, schema: GraphQLSchema, depth: int = 4) -> str:
    fields = getattr(kind, "fields", {})
    names = []
    for name, one in fields.items():
        inner = get_named_type(one.type)
        if is_leaf_type(inner):
            names.append(name)
        elif depth:
            names.append(f"{name} {{ {_selection(inner, schema, depth - 1)} }}")
    return " ".join(names)
