"""Completes a public OpenAPI document: fills in what it leaves open, and drops what only other tools need.

The document keeps its meaning; added parts have the evidence `assumed`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.contract.documents import METHODS, OPENAPI
from emulator.contract.failure_samples import FailureSamples
from emulator.contract.failures import Wording, added_example, is_of_a_document
from emulator.contract.older_schemas import modernize
from emulator.contract.token_endpoint import add_token_endpoint
from emulator.exchange import FORM, JSON, NOTHING, Document, steps_of

OURS = ("x-emulator", "x-conventions", "x-switches", "x-unmatched", "x-graphql")
LEFT_OUT = "x-left-out"
"""What is added to a document: the paths that cannot be served."""

UNSERVED = ("options", "head", "trace")
"""Methods whose operations are left out: no vendor's handlers answer them."""

FAILURES = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503)
"""The statuses that each operation may return, whatever its document says."""

UNMATCHED = (400, 404, 405, 413, 415, 500, 503)
ADDED = {"level": "assumed", "source": "no source", "note": "Added by the emulator: the document says nothing of it."}
CONVENTIONS: Mapping[str, Any] = {
    "trailing-slash": "refused",
    "missing-content-type": JSON,
    "json-content-type": JSON,
    "json-reading": "django",
    "headers": {},
    "etag": "none",
}
_PART_OF_SEGMENT = re.compile(r"[^/{]\{|\}[^/]")
_LOCAL = re.compile(r"localhost|[0-9.]+|\[.*\]")


def complete(vendor: str, document: Document, files: Mapping[str, Path]) -> Document:
    """Return a public document in the form of the reader; one that is not a mapping, or is Swagger 2, unchanged.

    The document itself is changed. `files` are those of its folder by name: a GraphQL schema among them completes the
    root fields.
    """
    if not isinstance(document, dict) or "swagger" in document:
        return document
    whole: dict[str, Any] = document
    for name in [name for name in whole if name.startswith("x-") and name not in OURS]:
        del whole[name]
    whole.pop("webhooks", None)
    version = whole.get("openapi")
    if isinstance(version, str) and version.startswith("3.0."):
        modernize(whole)
        whole["openapi"] = "3.1.0"
    file = files.get(OPENAPI)
    is_code = file is not None and file.name == OPENAPI and file.with_name("vendor.py").is_file()
    _Completion(vendor, whole, Wording.of(whole, is_code=is_code)).run()
    for item in _mappings(whole.get("paths")):
        described = _mapping(_mapping(item.get("post")).get("x-graphql"))
        if described.get("schema") in files and isinstance(described.get("operations"), dict):
            # Few documents are of GraphQL, and its library is slow to import.
            from emulator.contract.payloads import add_payloads  # noqa: PLC0415

            add_payloads(whole, described, files[described["schema"]])
    return whole


class _Completion:
    def __init__(self, vendor: str, document: dict[str, Any], wording: Wording) -> None:
        self._vendor = vendor
        self._wording = wording
        self._document = document
        self._said = {"level": "documented", "source": f"{vendor}/openapi.yaml"}
        self._names: set[str] = set()
        self._samples = FailureSamples(self._followed)
        self._shared: dict[tuple[int, str], dict[str, Any]] = {}
        self._allowed: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Complete the document in place."""
        document, components = self._document, _mapping(self._document.get("components"))
        self._complete_servers()
        conventions = document.setdefault("x-conventions", {})
        if isinstance(conventions, dict):
            for name, value in CONVENTIONS.items():
                conventions.setdefault(name, {"value": value})
            for convention in _mappings(conventions):
                convention.setdefault("x-evidence", ADDED)
        for switch in _mappings(document.get("x-switches")):
            switch.setdefault("x-evidence", self._said)
        for response in _mappings(components.get("responses")):
            self._complete_response(response)
        for body in _mappings(components.get("requestBodies")):
            self._complete_content(body)
        for parameter in _mappings(components.get("parameters")):
            _complete_parameter(parameter)
        unmatched = document.setdefault("x-unmatched", {})
        if isinstance(unmatched, dict):
            self._complete_responses(unmatched, UNMATCHED)
        add_token_endpoint(document)
        if isinstance(document.get("paths"), dict):
            self._complete_paths(document["paths"])

    def _complete_servers(self) -> None:
        document = self._document
        if document.get("servers") in (None, []):
            document["servers"] = [{"url": "/"}]
        for server in document["servers"] if isinstance(document["servers"], list) else []:
            if isinstance(server, dict):
                server.setdefault("x-evidence", self._said)
                if isinstance(server.get("url"), str):
                    server["url"] = self._absolute(server["url"], _mapping(server.get("variables")))

    def _absolute(self, url: str, variables: Mapping[str, Any]) -> str:
        """Return a server's URL with a scheme and a host that is not this machine."""
        if not re.match(r"https?://[^/]", url):
            for name, variable in variables.items():
                url = url.replace(f"{{{name}}}", str(_mapping(variable).get("default", "")))
        parts = urlsplit(url.partition("?")[0])
        if parts.scheme in ("http", "https") and parts.netloc and not _LOCAL.fullmatch(parts.hostname or ""):
            return url.partition("?")[0].rstrip("/")
        return f"https://{self._vendor}.example{parts.path.rstrip('/')}"

    def _complete_paths(self, paths: dict[str, Any]) -> None:
        self._join_spellings(paths)
        for path in list(paths):
            item = paths[path] = self._followed(paths[path])
            if not isinstance(item, dict):
                continue
            if path.startswith("x-") or "#" in path or "?" in path or _PART_OF_SEGMENT.search(path):
                # Not a path of whole segments: nothing can be served there.
                del paths[path]
                self._document.setdefault(LEFT_OUT, []).append(path)
                continue
            for method in [method for method in UNSERVED if method in item]:
                del item[method]
                self._document.setdefault(LEFT_OUT, []).append(f"{method.upper()} {path}")
            shared = item.pop("parameters", None)
            for method in METHODS:
                if isinstance(item.get(method), dict):
                    self._complete_operation(path, method, item[method], shared)

    def _join_spellings(self, paths: dict[str, Any]) -> None:
        """Make one path of those that differ only in the names of their parameters, which OpenAPI forbids."""
        known: dict[str, str] = {}
        for path in list(paths):
            first = known.setdefault(re.sub(r"\{.*?\}", "{}", path), path)
            if first != path:
                paths[first], item = self._followed(paths[first]), self._followed(paths[path])
                if isinstance(paths[first], dict) and isinstance(item, dict):
                    self._move(paths[first], item, dict(zip(_names_in(path), _names_in(first), strict=True)))
                    del paths[path]

    def _move(self, into: dict[str, Any], item: dict[str, Any], names: Mapping[str, str]) -> None:
        """Add the operations of a path to those of the same path that names its parameters differently."""
        shared = item.get("parameters")
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, dict) and method not in into:
                listed = [self._followed(one) for one in [*_list(shared), *_list(operation.get("parameters"))]]
                found = [dict(one) for one in listed if isinstance(one, dict)]
                for one in found:
                    if one.get("in") == "path":
                        one["name"] = names.get(str(one.get("name")), one.get("name"))
                into[method] = {**operation, "parameters": found}

    def _complete_operation(self, path: str, method: str, operation: dict[str, Any], shared: Any) -> None:
        operation["operationId"] = self._name(operation.get("operationId"), method, path)
        if operation.get("tags") in (None, []):
            literal = (segment for segment in path.split("/") if segment and not segment.startswith("{"))
            operation["tags"] = [next(literal, self._vendor)]
        operation.setdefault("x-evidence", self._said)
        self._complete_parameters(operation, shared)
        body = _mapping(operation.get("requestBody"))
        self._complete_content(body)
        required = operation.setdefault("security", self._document.get("security", []))
        if isinstance(required, list) and {} in required:
            operation["security"] = []
        if isinstance(operation.get("responses"), dict):
            self._complete_responses(operation["responses"], FAILURES)

    def _name(self, given: Any, method: str, path: str) -> Any:
        """Return an operation's name: the document's, without characters that names here do not have."""
        if isinstance(given, str) and re.match(r"[A-Za-z]", given):
            given = re.sub(r"[^A-Za-z0-9_.:/#{}=-]", "-", given)
        name = self._free_name(method, path) if given is None else given
        self._names.add(str(name))
        return name

    def _free_name(self, method: str, path: str) -> str:
        words = re.findall(r"[A-Za-z0-9]+", path)
        name = method + "".join(word[:1].upper() + word[1:] for word in words)
        while name in self._names:
            name += "_"
        return name

    def _complete_parameters(self, operation: dict[str, Any], shared: Any) -> None:
        """Add the parameters of the path; leave out cookies, and make one parameter of each field of an object."""
        own = operation.get("parameters")
        if own is None and shared is None:
            return
        listed = [*_list(shared), *_list(own)]
        if not all(isinstance(entry, dict) for entry in listed) or not isinstance(own, list | None):
            return
        found: dict[Any, Any] = {}
        for entry in listed:
            parameter = self._followed(entry)
            if isinstance(parameter, dict):
                _complete_parameter(parameter)
                found[parameter.get("name"), parameter.get("in")] = entry if "$ref" in entry else parameter
        operation["parameters"] = [one for entry in found.values() for one in self._spread(entry)]

    def _spread(self, entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
        parameter = self._followed(entry)
        schema = self._followed(parameter.get("schema"))
        if parameter.get("in") == "cookie":
            return
        if parameter.get("in") != "query" or _mapping(schema).get("type") != "object":
            yield entry
            return
        is_deep = parameter.get("style") == "deepObject"
        for name, described in _mapping(schema.get("properties")).items():
            spelled = f"{parameter.get('name')}[{name}]" if is_deep else name
            yield {"name": spelled, "in": "query", "schema": described}

    def _complete_responses(self, responses: dict[str, Any], statuses: tuple[int, ...]) -> None:
        for response in _mappings(responses):
            self._complete_response(response)
        default = responses.pop("default", None)
        for letter in "12345":
            whole_range = responses.pop(f"{letter}XX", responses.pop(f"{letter}xx", None))
            if whole_range is not None:
                responses.setdefault(f"{letter}00", whole_range)
        if default is not None and not any(status.startswith("2") for status in responses):
            responses["200"] = default
        for status, response in responses.items():
            if status >= "400" and isinstance(response, dict):
                # Most operations refer to the same failures.
                key = status, str(response.get("$ref", id(response)))
                if key not in self._allowed:
                    self._allowed.add(key)
                    self._allow_failure(int(status) if status.isdecimal() else 400, self._followed(response))
        text = json.dumps(default)
        for number in statuses:
            if str(number) not in responses:
                responses[str(number)] = self._added(number, default, text)

    def _allow_failure(self, status: int, response: dict[str, Any]) -> None:
        """Give a failure an example, if the document has none in JSON: of its own schema, or else what is usual."""
        content = response.setdefault("content", {})
        if not isinstance(content, dict):
            return
        in_json = [of for kind, of in content.items() if "json" in kind and isinstance(of, dict)]
        if any(is_of_a_document(name) for media in in_json for name in _mapping(media.get("examples"))):
            return
        if not self._wording.is_usual or not any(self._add_example(status, media) for media in in_json):
            for kind, media in self._wording.content(status).items():
                content.setdefault(kind, media)

    def _add_example(self, status: int, media: dict[str, Any]) -> bool:
        """Add a body that fits a failure's schema. Return False if none can be made."""
        examples, name = media.setdefault("examples", {}), added_example(status)
        if isinstance(examples, dict) and name not in examples:
            made = self._samples.body(status, media.get("schema"))
            if made is not NOTHING:
                examples[name] = {"summary": "Made by the emulator: the document has none.", "value": made}
        return name in examples

    def _added(self, status: int, default: Any, text: str) -> dict[str, Any]:
        """Return the response for a status of which a document says nothing: its `default`, or a problem document.

        Responses with the same `text` of a default are one, to which all operations refer.
        """
        if (status, text) not in self._shared:
            made = self._made(status, default)
            self._allow_failure(status, made)
            self._shared[status, text] = self._referred(f"Added{status}", made)
        return self._shared[status, text]

    def _referred(self, name: str, response: dict[str, Any]) -> dict[str, Any]:
        """Put a response among the components, and return the reference to it."""
        components = self._document.setdefault("components", {})
        responses = components.setdefault("responses", {}) if isinstance(components, dict) else None
        if not isinstance(responses, dict):
            return response
        while name in responses:
            name += "_"
        responses[name] = response
        return {"$ref": f"#/components/responses/{name}"}

    def _made(self, status: int, default: Any) -> dict[str, Any]:
        described = self._followed(default) if default is not None else None
        if isinstance(described, dict):
            content = {kind: {**_mapping(of)} for kind, of in _mapping(described.get("content")).items()}
            for media in content.values():
                media["examples"] = {**_mapping(media.get("examples"))}
            return {**described, "content": content, "x-evidence": ADDED, "x-added": True}
        added: dict[str, Any] = {"description": HTTPStatus(status).phrase, "x-evidence": ADDED, "x-added": True}
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            added["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "example": "{retry_after}"}}
        return added

    def _complete_response(self, response: dict[str, Any]) -> None:
        if "$ref" in response:
            return
        response.setdefault("x-evidence", self._said)
        response.setdefault("description", "")
        self._complete_content(response)

    def _complete_content(self, described: dict[str, Any]) -> None:
        """Keep JSON alone where there is JSON, and give each content type a schema and its examples by name."""
        content = described.get("content")
        if not isinstance(content, dict):
            return
        content = {JSON if kind == "*/*" else kind.partition(";")[0].strip(): of for kind, of in content.items()}
        sent = {kind: media for kind, media in content.items() if _is_served(kind)}
        described["content"] = sent if JSON in content or any("json" in kind for kind in content) else content
        for kind, media in described["content"].items():
            if isinstance(media, dict):
                media.setdefault("schema", {})
                if kind.startswith("multipart/"):
                    media["schema"] = self._followed(media["schema"])
                    _mark_files(media["schema"])
                self._name_examples(media)

    def _name_examples(self, media: dict[str, Any]) -> None:
        named = media.get("examples", {})
        if isinstance(named, dict):
            followed = {name: self._followed(entry) for name, entry in named.items()}
            media["examples"] = {
                name: entry for name, entry in followed.items() if not isinstance(entry, dict) or "value" in entry
            }
            single = media.get("example", _mapping(self._followed(media["schema"])).get("example"))
            if not media["examples"] and single is not None:
                media["examples"] = {"example": {"value": single}}

    def _followed(self, entry: Any) -> Any:
        """Follow a `$ref` within the document; one that leads nowhere is returned as it is."""
        for _ in range(10):
            reference = entry.get("$ref") if isinstance(entry, dict) else None
            if not isinstance(reference, str) or not reference.startswith("#/"):
                return entry
            found: Any = self._document
            for step in steps_of(reference):
                found = _mapping(found).get(step)
            if found is None:
                return entry
            entry = found
        return entry


def _names_in(path: str) -> list[str]:
    return re.findall(r"\{(.*?)\}", path)


def _complete_parameter(parameter: dict[str, Any]) -> None:
    if "content" in parameter:
        # A document in a parameter: its text is not looked into.
        del parameter["content"]
        parameter["schema"] = {}
    if "$ref" not in parameter:
        parameter.setdefault("schema", {})


def _is_served(kind: str) -> bool:
    return "json" in kind or kind.startswith(("multipart/", FORM))


def _mark_files(schema: Any) -> None:
    for described in _mappings(_mapping(schema).get("properties")):
        if described.get("format") == "binary":
            described.setdefault("contentMediaType", "application/octet-stream")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [one for one in _mapping(value).values() if isinstance(one, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
