"""Reads contracts/<vendor>/: an OpenAPI 3.1 document with its extensions, and its JSON Schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from emulator.contract.client_rules import Paging, RateLimit, is_idempotent
from emulator.contract.conventions import Conventions, Switch
from emulator.contract.documents import CHOICES, METHODS, OPENAPI, contract_files, load_all
from emulator.contract.evidence import Evidence
from emulator.contract.failures import added_example, is_of_a_document
from emulator.contract.form import read_documents
from emulator.contract.graphql import GraphQL
from emulator.contract.nodes import Node
from emulator.contract.operation import Body, Field, Media, Operation, Parameter, Response
from emulator.contract.parameters import parameter_of
from emulator.contract.responses import Responses
from emulator.contract.schemas import Check, Schemas, without_required
from emulator.contract.servers import hosts_of, paths_of, variables_of
from emulator.errors import ConfigurationError, ContractError, unknown
from emulator.exchange import MULTIPART, Document, Record, pointer_to, steps_of
from emulator.files.package_data import is_ours
from emulator.files.prepared import unpacked
from emulator.files.yaml_file import read_text, short_name

_COMPONENT = re.compile(r"#/components/schemas/[\w.-]+")
_QUERY_FIELD = re.compile(r"\b(\w+)\s*[(:]")


@dataclass(frozen=True)
class Contract:
    """One vendor's contract.

    `mounts` are the paths below which the operations are served ("/api/v1", ""), that of the base URL first;
    `variables` are the values of variables in them, `hosts` the vendor's own names ("*.immuta.com" if a
    label varies). `files` are its files, by name within the contract's folder, `document` is its openapi.yaml. `home`
    is the folder of a vendor that is not built in, or its document if it has nothing else. `rate_limit` is how often
    clients may call, None if nothing says it.
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
    switches: Mapping[str, Switch]
    graphql: GraphQL | None
    schemas: Schemas
    files: Mapping[str, Path]
    document: Mapping[str, Any] = field(default_factory=dict)
    home: Path | None = None
    rate_limit: RateLimit | None = None

    def schema(self, name: str) -> Check:
        """Return the check for one file of the contract's schemas/ folder, or for "#/…", a place in openapi.yaml."""
        file = f"{OPENAPI}{name}" if name.startswith("#") else f"schemas/{name}"
        return self.schemas.check(f"file:///{self.vendor}/{file}")

    def sample(self, name: str) -> Record:
        """Return the fields that such a schema requires, as its first example has them."""
        return self.schemas.sample(self.schema(name).address)

    def compile(self) -> None:
        """Read every response and schema now instead of at its first use. Raises ContractError for an invalid one.

        Of a body that requires less than a reply, the schema of the reply is compiled: it is as valid.
        """
        for body in [operation.body for operation in self.operations.values() if operation.body is not None]:
            for media in body.media.values():
                self.schemas.check(media.check.address)
        for responses in (self.unmatched, *(operation.responses for operation in self.operations.values())):
            list(responses.values())
        names = self.document.get("components", {}).get("schemas", {})
        pointers = (f"#/components/schemas/{name}" for name in names)
        self.schemas.compile(
            f"file:///{self.vendor}/{OPENAPI}{pointer}" for pointer in pointers if _COMPONENT.fullmatch(pointer)
        )
        if self.graphql is not None:
            _ = self.graphql.executable

    @cached_property
    def is_built_in(self) -> bool:
        """True if all of its files came with the emulator."""
        return all(map(is_ours, self.files.values()))

    @property
    def base_path(self) -> str:
        """The path of the vendor's documented base URL ("/secoda/api/v1").

        For GraphQL that is the endpoint itself.
        """
        path = self.mounts[0] + (self.operations[self.graphql.carrier].path if self.graphql else "")
        return f"/{self.vendor}{path.format_map(self.variables)}"

    @cached_property
    def handled(self) -> dict[str, Operation]:
        """The operations that need a handler: all except the one that carries GraphQL."""
        carrier = self.graphql.carrier if self.graphql else None
        return {name: operation for name, operation in self.operations.items() if name != carrier}


def read_contract(folder: Path, *overlays: Path, is_public: bool = False, vendor: str = "") -> Contract:
    """Read the contract of `vendor` (the folder's name); a file in one of the `overlays` replaces the folder's own.

    An `is_public` document may be one that was not written for the emulator: the parts that it leaves open are filled
    in. Raises ContractError, naming file and place, for a mistake in a user's file: tests check the built-in ones.
    """
    files, vendor = contract_files(folder, *overlays), vendor or folder.name
    if all(map(is_ours, files.values())) and OPENAPI in files and not is_public:
        return _Reader(vendor, files, unpacked(folder) or load_all(files), folder).contract()
    documents, nodes, problems = read_documents(vendor, files, is_public)
    refuse_contract(problems)
    contract = _Reader(vendor, files, documents, folder, nodes if is_public else None).contract()
    contract.compile()
    return contract


def refuse_contract(problems: Sequence[str]) -> None:
    """Raise ContractError with the first of the problems of a contract, if there are any."""
    if problems:
        more = f" ({len(problems) - 1} more; `emulator check` lists them)" if len(problems) > 1 else ""
        raise ContractError(problems[0] + more)


class _Reader:
    def __init__(
        self,
        vendor: str,
        files: Mapping[str, Path],
        documents: Mapping[str, Document],
        home: Path,
        nodes: Mapping[str, Sequence[Node]] | None = None,
    ) -> None:
        self.vendor = vendor
        self.home = home
        self.files = files
        self.is_public = nodes is not None
        self.document: Any = documents[OPENAPI]
        self._name = short_name(files[OPENAPI])
        replies = requests = documents
        if nodes is not None:
            replies, requests = (without_required(documents, nodes, mark) for mark in ("writeOnly", "readOnly"))
        self.schemas = self._schemas(replies)
        self.requests = self.schemas if requests == replies else self._schemas(requests)
        # Most operations refer to the same responses: read each only once.
        self._shared: dict[tuple[str, str], Response] = {}
        self._of_parameters: dict[str, Check] = {}

    def _schemas(self, documents: Mapping[str, Document]) -> Schemas:
        return Schemas({f"file:///{self.vendor}/{name}": document for name, document in documents.items()})

    def contract(self) -> Contract:
        graphql = self._graphql()
        operations = {operation.name: operation for operation in self._operations()}
        if graphql:
            operations |= graphql.operations
        servers = self.document["servers"]
        for number, server in enumerate(servers):
            Evidence.of(server, self._where(f"servers/{number}"))
        return Contract(
            vendor=self.vendor,
            title=self.document["info"]["title"],
            version=self.document["info"]["version"],
            variables=variables_of(servers),
            mounts=paths_of(servers),
            hosts=hosts_of(servers),
            operations=operations,
            unmatched=self._responses("/x-unmatched", self.document["x-unmatched"]),
            conventions=self._conventions(),
            switches=dict(self._switches()),
            graphql=graphql,
            schemas=self.schemas,
            files=self.files,
            document=self.document,
            home=self.home if self.is_public else None,
            rate_limit=RateLimit.of(self.document),
        )

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item[method])

    def _operation(self, path: str, method: str, described: Mapping[str, Any]) -> Operation:
        pointer = pointer_to("paths", path, method)
        where = self._where(pointer)
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
            responses=self._responses(f"{pointer}/responses", described["responses"]),
            scopes=tuple(
                [scope for scopes in requirement.values() for scope in scopes]
                for requirement in described.get("security", ())
            ),
            is_neighbour=bool(described.get("x-neighbour")),
            is_idempotent=is_idempotent(described, by_default=method != "post"),
            paging=Paging.of(described),
        )

    def _parameters(self, pointer: str, described: Any) -> Iterator[Parameter]:
        found = [self._follow(f"{pointer}/parameters/{number}", entry) for number, entry in enumerate(described)]
        names = [parameter["name"] for _, parameter in found]
        for at, parameter in found:
            kind, is_list = self._type(parameter["schema"]), False
            if kind == "array":
                kind, is_list = self._type(self._of_schema(parameter["schema"]).get("items", {})), True
            check = self._check_of_parameter(f"{at}/schema", parameter["schema"])
            is_shared = names.count(parameter["name"]) > 1
            yield parameter_of(parameter, kind, check, is_list=is_list, is_shared=is_shared)

    def _of_schema(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema of the document, or the one that it refers to; of another file, nothing is looked up."""
        return self._follow("", schema)[1] if schema.get("$ref", "").startswith("#") else schema

    def _type(self, schema: Mapping[str, Any]) -> str:
        """Return the JSON type that a parameter's text is read as: the first of several."""
        described = self._of_schema(schema)
        if "type" in described:
            kinds = [described["type"]] if isinstance(described["type"], str) else described["type"]
            return next((kind for kind in kinds if kind != "null"), "string")
        for word in ("allOf", "anyOf", "oneOf"):
            if described.get(word):
                return self._type(described[word][0])
        return "string"

    def _body(self, pointer: str, entry: Any) -> Body | None:
        if entry is None:
            return None
        at, body = self._follow(pointer, entry)
        return Body(bool(body.get("required")), self._media(at, body, self.requests))

    def _responses(self, pointer: str, described: Mapping[str, Any]) -> Responses:
        return Responses(described, partial(self._response_at, pointer))

    def _response_at(self, pointer: str, status: str, entry: Mapping[str, Any]) -> Response:
        at = str(entry["$ref"]) if "$ref" in entry else f"{pointer}/{status}"
        if (at, status) not in self._shared:
            self._shared[at, status] = self._response(int(status), *self._follow(at, entry))
        shared = self._shared[at, status]
        if "$ref" in entry and "x-evidence" in entry:  # what was observed of this operation alone
            return replace(shared, evidence=Evidence.of(entry, self._where(f"{pointer}/{status}")))
        return shared

    def _response(self, status: int, pointer: str, described: Mapping[str, Any]) -> Response:
        evidence = Evidence.of(described, self._where(pointer))
        may_be_empty = bool(described.get("x-may-be-empty"))
        headers = dict(self._header_examples(pointer, described))
        is_added = bool(described.get("x-added"))
        media = self._media(pointer, described, status=status)
        return Response(status, evidence, media, may_be_empty, headers, is_added)

    def _header_examples(self, pointer: str, response: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, entry in response.get("headers", {}).items():
            _, header = self._follow(f"{pointer}/headers/{name}", entry)
            example = header.get("example", header.get("schema", {}).get("example"))
            if example is not None:
                yield name, str(example)

    def _media(
        self, pointer: str, described: Mapping[str, Any], schemas: Schemas | None = None, status: int = 0
    ) -> dict[str, Media]:
        """Return the content of a message; of examples that were added, that of its `status`: several may share it."""
        found = {}
        for kind, media in described.get("content", {}).items():
            at = pointer + pointer_to("content", kind)
            meant = [
                name for name in media.get("examples", {}) if is_of_a_document(name) or name == added_example(status)
            ]
            examples = {name: media["examples"][name]["value"] for name in meant}
            fields = tuple(self._fields(f"{at}/schema", media["schema"])) if kind == MULTIPART else ()
            found[kind] = Media(self._check(f"{at}/schema", media["schema"], schemas), examples, fields)
        return found

    def _fields(self, pointer: str, schema: Mapping[str, Any]) -> Iterator[Field]:
        required = schema.get("required", ())
        for name, described in schema.get("properties", {}).items():
            check = self._check(pointer + pointer_to("properties", name), described)
            yield Field(name, "contentMediaType" in described, name in required, described, check)

    def _conventions(self) -> Conventions:
        described = self.document["x-conventions"]
        for name, convention in described.items():
            Evidence.of(convention, self._where(f"/x-conventions/{name}"))
        given = {name: convention["value"] for name, convention in described.items()}
        values = {name: choices[0] for name, choices in CHOICES.items()} | given
        return Conventions(**{name.replace("-", "_"): value for name, value in values.items()})

    def _switches(self) -> Iterator[tuple[str, Switch]]:
        for name, described in self.document.get("x-switches", {}).items():
            where = self._where(f"/x-switches/{name}")
            choices = tuple(described["schema"]["enum"])
            evidence = Evidence.of(described, where)
            yield name, Switch(name, described["default"], choices, described["description"], evidence)

    def _graphql(self) -> GraphQL | None:
        for path, item in self.document["paths"].items():
            described = item.get("post", {}).get("x-graphql")
            if described is not None:
                pointer = pointer_to("paths", path, "post", "x-graphql")
                return self._read_graphql(path, item["post"]["operationId"], described, pointer)
        return None

    def _read_graphql(self, path: str, carrier: str, described: Mapping[str, Any], pointer: str) -> GraphQL:
        sdl = read_text(self.files[described["schema"]])
        queries = set(_QUERY_FIELD.findall(sdl.partition("type Query")[2].partition("}")[0]))
        evidence = {
            name: Evidence.of(entry, self._where(f"{pointer}/{name}"))
            for name, entry in {**described.get("type-aliases", {}), **described.get("types", {})}.items()
        }
        operations = {
            name: Operation(
                vendor=self.vendor,
                name=name,
                tag=entry["tags"][0],
                summary=entry.get("summary", ""),
                evidence=Evidence.of(entry, self._where(f"{pointer}/operations/{name}")),
                method="POST",
                path=path,
                root="query" if name in queries else "mutation",
                payload=self._check(f"{pointer}/operations/{name}/payload", entry["payload"]),
                is_neighbour=bool(entry.get("x-neighbour")),
                is_idempotent=is_idempotent(entry, by_default=name in queries),
                paging=Paging.of(entry),
            )
            for name, entry in described["operations"].items()
        }
        aliases = {name: (entry["of"], entry["switch"]) for name, entry in described.get("type-aliases", {}).items()}
        nested = [name for name, entry in described.get("types", {}).items() if "x-emulator" in entry]
        return GraphQL(carrier, sdl, operations, aliases, nested, evidence)

    def _follow(self, pointer: str, entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Follow a `$ref` within the document; return its pointer and its value."""
        if "$ref" not in entry:
            return pointer, entry
        target = entry["$ref"].removeprefix("#")
        found: Any = self.document
        for step in steps_of(target):
            found = found[step]
        return target, found

    def _check(self, pointer: str, schema: Any, schemas: Schemas | None = None) -> Check:
        """Return the check for the `schema` at a pointer; those that only refer to the same one share its check."""
        if isinstance(schema, dict) and len(schema) == 1 and _COMPONENT.fullmatch(str(schema.get("$ref"))):
            pointer = schema["$ref"].removeprefix("#")
        return (schemas or self.schemas).check(
            f"file:///{self.vendor}/openapi.yaml#{pointer.replace('{', '%7B').replace('}', '%7D')}"
        )

    def _check_of_parameter(self, pointer: str, schema: Any) -> Check:
        """Return the check for a parameter's schema: the parameters of a document have few different ones."""
        text = repr(schema)
        if text not in self._of_parameters:
            self._of_parameters[text] = self._check(pointer, schema)
        return self._of_parameters[text]

    def _where(self, pointer: str) -> str:
        return f"{self._name}: {pointer}"


def responses_of(operation: Operation, contract: Contract) -> Mapping[int, Response]:
    """Return an operation's responses by status; for a GraphQL root field, those of its carrier."""
    if operation.root and contract.graphql is not None:
        return contract.operations[contract.graphql.carrier].responses
    return operation.responses


def switch_named(full_name: str, contracts: Mapping[str, Contract]) -> Switch:
    """Return the switch with a name such as "celigo.empty_list_status". Raises ConfigurationError."""
    vendor, _, name = full_name.partition(".")
    if vendor not in contracts:
        where = f"of the switch {full_name!r}"
        raise ConfigurationError(unknown("vendor", vendor, contracts, where))
    switches = contracts[vendor].switches
    if name not in switches:
        names = [f"{vendor}.{switch}" for switch in switches]
        raise ConfigurationError(
            unknown("switch", full_name, names, plural="switches", listed_by="GET /_emulator/switches")
        )
    return switches[name]
