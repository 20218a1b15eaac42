"""Reads contracts/<vendor>/: an OpenAPI 3.1 document, its JSON Schemas, and what they promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.contract.evidence import Evidence
from emulator.contract.graphql import GraphQL
from emulator.contract.numbers import NUMBERS
from emulator.contract.operation import Body, Field, Media, Operation, Parameter, Response
from emulator.contract.schemas import FORMATS, Check, Schemas
from emulator.errors import ConfigurationError, ContractError
from emulator.exchange import Document
from emulator.folders import files_below
from emulator.json_text import READINGS, Reading
from emulator.yaml_file import read_text, read_yaml, short_name

SUFFIXES = (".yaml", ".json", ".graphql")
METHODS = ("get", "put", "post", "delete", "patch")
ANNOTATING_FORMATS = ("binary", "int32", "int64")


@dataclass(frozen=True)
class Flag:
    """A switch for what is not known of a vendor, or where clients could differ."""

    name: str
    default: Any
    choices: tuple[Any, ...]
    description: str
    evidence: Evidence


@dataclass(frozen=True)
class Conventions:
    """What holds for all of a vendor's operations; the contract gives each its evidence.

    `path_decoding` says how a path is decoded before it is routed: by "segments", as a "whole" (an encoded slash
    divides it) or not ("none"); parameters are decoded in any case.
    `repeated_parameter` says what a query parameter is that was sent more than once ("first" and "last" of
    them, or a "list" of all), `number_parameter` how its text becomes a number (a key of numbers.NUMBERS).
    """

    trailing_slash: str
    missing_content_type: str
    json_content_type: str
    json_reading: str
    headers: Mapping[str, str]
    etag: str
    path_decoding: str = "segments"
    repeated_parameter: str = "first"
    number_parameter: str = "plain"

    @property
    def reading(self) -> Reading:
        """How the vendor's framework reads JSON."""
        return READINGS[self.json_reading]


OPTIONAL_CONVENTIONS: Mapping[str, Sequence[str]] = {
    "path-decoding": ("segments", "whole", "none"),
    "repeated-parameter": ("first", "last", "list"),
    "number-parameter": tuple(NUMBERS),
}
"""The conventions that a contract may leave out, and their values; the first is the default."""


@dataclass(frozen=True)
class Contract:
    """What one vendor promises.

    `mounts` are the paths below which the operations stand ("/api/v1", ""), the base URL's first;
    `variables` what stands for a variable in them, `hosts` the vendor's own names ("*.immuta.com"
    where a label varies). `files` are what it was read from, by name within the contract's folder.
    """

    vendor: str
    title: str
    version: str
    mounts: tuple[str, ...]
    variables: Mapping[str, str]
    hosts: tuple[str, ...]
    operations: Mapping[str, Operation]
    unmatched: Mapping[int, Response]
    conventions: Conventions
    flags: Mapping[str, Flag]
    graphql: GraphQL | None
    schemas: Schemas
    files: Mapping[str, Path]

    def schema(self, file: str) -> Check:
        """Return the check for one file of the contract's schemas/ folder."""
        return self.schemas.check(f"file:///{self.vendor}/schemas/{file}")

    def compile(self) -> None:
        """Compile every schema, which is else done when it is first used. Raises an error of the library's."""
        self.schemas.compile()
        if self.graphql is not None:
            _ = self.graphql.executable

    @property
    def base_path(self) -> str:
        """The path of what the vendor's documentation calls its base URL ("/secoda/api/v1").

        For GraphQL that is the endpoint itself.
        """
        path = self.mounts[0] + (self.operations[self.graphql.carrier].path if self.graphql else "")
        return f"/{self.vendor}{path.format_map(self.variables)}"

    @property
    def handled(self) -> dict[str, Operation]:
        """The operations that need a handler: all but the one that carries GraphQL."""
        carrier = self.graphql.carrier if self.graphql else None
        return {name: operation for name, operation in self.operations.items() if name != carrier}


def read_contract(folder: Path, *overlays: Path) -> Contract:
    """Read one vendor's contract; a file in one of the `overlays` takes the place of the folder's own.

    Raises ContractError, naming file and place, if it is wrong; schemas that are not ours are compiled to find out.
    """
    files: dict[str, Path] = {}
    for one in (folder, *overlays):
        files |= {str(file.relative_to(one)): file for file in files_below(one, SUFFIXES)}
    if "openapi.yaml" not in files:
        raise ContractError(f"{short_name(folder)} has no openapi.yaml")
    try:
        contract = _Reader(folder.name, files).contract()
        if any(folder not in file.parents for file in files.values()):
            contract.compile()
    except ContractError:
        raise
    except Exception as problem:
        # Whatever a document of another form than expected leads to.
        raise ContractError(f"{short_name(files['openapi.yaml'])}: {type(problem).__name__}: {problem}") from problem
    return contract


class _Reader:
    def __init__(self, vendor: str, files: Mapping[str, Path]) -> None:
        self.vendor = vendor
        self.files = files
        self.document = _load(files["openapi.yaml"])
        documents = {f"file:///{self.vendor}/openapi.yaml": self.document}
        for name, file in files.items():
            if name.endswith(".schema.json"):
                documents[f"file:///{self.vendor}/{name}"] = _load(file)
        for address, document in documents.items():
            _refuse_other_formats(address, document)
        self.schemas = Schemas(documents)
        # Most operations refer to the same responses: each is read once.
        self._shared: dict[tuple[str, str], Response] = {}

    def contract(self) -> Contract:
        graphql = self._graphql()
        operations = {operation.name: operation for operation in self._operations()}
        if graphql:
            operations |= graphql.operations
        servers = [server["url"] for server in self.document["servers"]]
        for number, server in enumerate(self.document["servers"]):
            Evidence.of(server, self._where(f"servers/{number}"))
        return Contract(
            vendor=self.vendor,
            title=self.document["info"]["title"],
            version=self.document["info"]["version"],
            variables={
                name: variable["default"]
                for server in self.document["servers"]
                for name, variable in server.get("variables", {}).items()
            },
            mounts=tuple(dict.fromkeys(_path_of(url) for url in servers)),
            hosts=tuple(dict.fromkeys(_host_of(url) for url in servers)),
            operations=operations,
            unmatched=dict(self._responses("/x-unmatched", self.document["x-unmatched"])),
            conventions=self._conventions(),
            flags=dict(self._flags()),
            graphql=graphql,
            schemas=self.schemas,
            files=self.files,
        )

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item[method])

    def _operation(self, path: str, method: str, described: Mapping[str, Any]) -> Operation:
        pointer = f"/paths/{_escape(path)}/{method}"
        where = self._where(pointer)
        if "operationId" not in described:
            raise ContractError(f"{where} has no operationId")
        return Operation(
            vendor=self.vendor,
            name=described["operationId"],
            tag=described["tags"][0],
            summary=described.get("summary", ""),
            evidence=Evidence.of(described, where),
            method=method.upper(),
            path=path,
            secured=described.get("security", [True]) != [],
            parameters=tuple(self._parameters(pointer, described.get("parameters", ()))),
            body=self._body(f"{pointer}/requestBody", described.get("requestBody")),
            responses=dict(self._responses(f"{pointer}/responses", described["responses"])),
        )

    def _parameters(self, pointer: str, described: Any) -> Iterator[Parameter]:
        for number, entry in enumerate(described):
            at, parameter = self._follow(f"{pointer}/parameters/{number}", entry)
            kind = parameter["schema"].get("type", "string")
            is_list = kind == "array" and parameter["in"] == "query"
            if is_list:
                kind = parameter["schema"].get("items", {}).get("type", "string")
            if kind not in ("string", "integer", "number", "boolean"):
                raise ContractError(
                    f"{self._where(at)}: a parameter of type {kind} is not supported; use a scalar, or in the query "
                    "a list of scalars"
                )
            required = bool(parameter.get("required"))
            check = self._check(f"{at}/schema")
            yield Parameter(parameter["name"], parameter["in"], required, kind, check, is_list)

    def _body(self, pointer: str, entry: Any) -> Body | None:
        if entry is None:
            return None
        at, body = self._follow(pointer, entry)
        return Body(bool(body.get("required")), self._media(at, body))

    def _responses(self, pointer: str, described: Mapping[str, Any]) -> Iterator[tuple[int, Response]]:
        for status, entry in described.items():
            at, response = self._follow(f"{pointer}/{status}", entry)
            if (at, status) not in self._shared:
                self._shared[at, status] = self._response(int(status), at, response)
            yield int(status), self._shared[at, status]

    def _response(self, status: int, pointer: str, described: Mapping[str, Any]) -> Response:
        evidence = Evidence.of(described, self._where(pointer))
        may_be_empty = bool(described.get("x-may-be-empty"))
        headers = dict(self._header_examples(pointer, described))
        return Response(status, evidence, self._media(pointer, described), may_be_empty, headers)

    def _header_examples(self, pointer: str, response: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, entry in response.get("headers", {}).items():
            _, header = self._follow(f"{pointer}/headers/{name}", entry)
            example = header.get("example", header.get("schema", {}).get("example"))
            if example is not None:
                yield name, str(example)

    def _media(self, pointer: str, described: Mapping[str, Any]) -> dict[str, Media]:
        found = {}
        for kind, media in described.get("content", {}).items():
            at = f"{pointer}/content/{_escape(kind)}"
            if "schema" not in media:
                raise ContractError(f"{self._where(at)} has no schema")
            examples = {name: example["value"] for name, example in media.get("examples", {}).items()}
            fields = tuple(self._fields(f"{at}/schema", media["schema"])) if kind == "multipart/form-data" else ()
            found[kind] = Media(self._check(f"{at}/schema"), examples, fields)
        return found

    def _fields(self, pointer: str, schema: Mapping[str, Any]) -> Iterator[Field]:
        required = schema.get("required", ())
        for name, described in schema.get("properties", {}).items():
            check = self._check(f"{pointer}/properties/{_escape(name)}")
            yield Field(name, "contentMediaType" in described, name in required, described, check)

    def _conventions(self) -> Conventions:
        described = self.document.get("x-conventions", {})
        values = {}
        for name in ("trailing-slash", "missing-content-type", "json-content-type", "json-reading", "headers", "etag"):
            if name not in described:
                raise ContractError(f"{self._where('/x-conventions')} lacks {name}")
            values[name] = described[name]["value"]
        if values["json-reading"] not in READINGS:
            where, known = self._where("/x-conventions/json-reading/value"), ", ".join(READINGS)
            raise ContractError(f"{where}: {values['json-reading']!r} is not one of {known}")
        for name, choices in OPTIONAL_CONVENTIONS.items():
            values[name] = described.get(name, {"value": choices[0]})["value"]
            if values[name] not in choices:
                where = self._where(f"/x-conventions/{name}/value")
                raise ContractError(f"{where}: {values[name]!r} is not one of {', '.join(choices)}")
        for name, convention in described.items():
            Evidence.of(convention, self._where(f"/x-conventions/{name}"))
        return Conventions(**{name.replace("-", "_"): value for name, value in values.items()})

    def _flags(self) -> Iterator[tuple[str, Flag]]:
        for name, described in self.document.get("x-flags", {}).items():
            where = self._where(f"/x-flags/{name}")
            choices = tuple(described["schema"]["enum"])
            if described["default"] not in choices:
                raise ContractError(f"{where}: default {described['default']!r} is not one of {list(choices)}")
            evidence = Evidence.of(described, where)
            yield name, Flag(name, described["default"], choices, described["description"], evidence)

    def _graphql(self) -> GraphQL | None:
        for path, item in self.document["paths"].items():
            described = item.get("post", {}).get("x-graphql")
            if described is not None:
                pointer = f"/paths/{_escape(path)}/post/x-graphql"
                return self._read_graphql(path, item["post"]["operationId"], described, pointer)
        return None

    def _read_graphql(self, path: str, carrier: str, described: Mapping[str, Any], pointer: str) -> GraphQL:
        sdl = read_text(self.files[described["schema"]])
        for name, entry in {**described.get("type-aliases", {}), **described.get("types", {})}.items():
            Evidence.of(entry, self._where(f"{pointer}/{name}"))
        operations = {
            name: Operation(
                vendor=self.vendor,
                name=name,
                tag=entry["tags"][0],
                summary=entry.get("summary", ""),
                evidence=Evidence.of(entry, self._where(f"{pointer}/operations/{name}")),
                method="POST",
                path=path,
                root="query" if _is_query(sdl, name) else "mutation",
                payload=self._check(f"{pointer}/operations/{name}/payload"),
            )
            for name, entry in described["operations"].items()
        }
        aliases = {name: (entry["of"], entry["flag"]) for name, entry in described.get("type-aliases", {}).items()}
        return GraphQL(carrier, sdl, operations, aliases)

    def _follow(self, pointer: str, entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Follow a `$ref` within the document; return the pointer that holds the thing, and the thing."""
        if "$ref" not in entry:
            return pointer, entry
        target = entry["$ref"].removeprefix("#")
        found: Any = self.document
        for step in target.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if key not in found:
                raise ContractError(f"{self._where(pointer)}: nothing is at {entry['$ref']}")
            found = found[key]
        return target, found

    def _check(self, pointer: str) -> Check:
        return self.schemas.check(
            f"file:///{self.vendor}/openapi.yaml#{pointer.replace('{', '%7B').replace('}', '%7D')}"
        )

    def _where(self, pointer: str) -> str:
        return f"{short_name(self.files['openapi.yaml'])}: {pointer}"


def _load(file: Path) -> Document:
    if file.suffix == ".yaml":
        try:
            return read_yaml(file)
        except ConfigurationError as problem:
            raise ContractError(str(problem)) from problem
    try:
        return orjson.loads(read_text(file))
    except orjson.JSONDecodeError as problem:
        where = f"{short_name(file)} line {problem.lineno} column {problem.colno}"
        raise ContractError(f"{where}: {problem.msg}") from None
    except ConfigurationError as problem:
        raise ContractError(str(problem)) from None


def _refuse_other_formats(address: str, document: Document) -> None:
    """Refuse a format that the two JSON Schema libraries could judge differently."""
    if isinstance(document, list):
        for entry in document:
            _refuse_other_formats(address, entry)
    elif isinstance(document, dict):
        used = document.get("format")
        if isinstance(used, str) and "type" in document and used not in (*FORMATS, *ANNOTATING_FORMATS):
            raise ContractError(
                f"{address}: format {used!r} is not one of {', '.join((*FORMATS, *ANNOTATING_FORMATS))}"
            )
        for entry in document.values():
            _refuse_other_formats(address, entry)


def _is_query(sdl: str, field: str) -> bool:
    query = sdl.partition("type Query")[2].partition("}")[0]
    return field in query


def _path_of(url: str) -> str:
    return (
        urlsplit(url.replace("{", "%7B").replace("}", "%7D")).path.rstrip("/").replace("%7B", "{").replace("%7D", "}")
    )


def _host_of(url: str) -> str:
    host = url.partition("://")[2].partition("/")[0]
    return ".".join("*" if label.startswith("{") else label for label in host.split("."))


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
