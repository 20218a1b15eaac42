"""One operation of a contract: its parameters, body and responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from emulator.contract.client_rules import Paging
from emulator.contract.evidence import Evidence
from emulator.contract.schemas import Check
from emulator.exchange import Document, Violation

SAFE_METHODS = ("GET", "HEAD")


class Parameter(NamedTuple):
    """A path, query or header parameter.

    `type` is its schema's JSON type; for a list (`is_list`), that of its items. A list is sent as a repeated parameter,
    or as one whose entries a `separator` divides. `is_shared` means that another place has a parameter of that name.
    `routes` (`x-routes`) are the values of a path parameter if each is a route of its own, and no other value is one.
    """

    name: str
    place: str
    required: bool
    type: str
    check: Check
    is_list: bool = False
    separator: str = ""
    is_shared: bool = False
    routes: tuple[str, ...] = ()


class Field(NamedTuple):
    """A property of a multipart body; `file` is True for a file, False for a plain field."""

    name: str
    file: bool
    required: bool
    schema: Mapping[str, Any]
    check: Check


class Media(NamedTuple):
    """One content type of a body: the check for its document, its examples, and the fields of a multipart body."""

    check: Check
    examples: Mapping[str, Document]
    fields: tuple[Field, ...] = ()


class Body(NamedTuple):
    """The body of an operation, by content type."""

    required: bool
    media: Mapping[str, Media]


@dataclass(frozen=True, slots=True)
class Response:
    """An operation's response with one status; without `media` it has no body.

    `may_be_empty` (`x-may-be-empty`) also allows the status without its body. `headers` contains the
    example of each header that has one. `is_added` means that the document does not mention it.
    """

    status: int
    evidence: Evidence
    media: Mapping[str, Media]
    may_be_empty: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    is_added: bool = False


@dataclass(frozen=True)
class Operation:
    """A REST operation, or a GraphQL root field (then `root` is "query" or "mutation").

    `scopes` are the sets of scopes, one of which a credential needs.
    `payload` validates what the handler of a GraphQL root field returns. `is_neighbour` (`x-neighbour`) means that
    it is outside of the emulated API, and that public clients of the vendor call it. `is_idempotent` means that
    repeating it has the effect of one call; `paging` says how its list is paged, None if it is not.
    """

    vendor: str
    name: str
    tag: str
    summary: str
    evidence: Evidence
    method: str
    path: str
    secured: bool = True
    parameters: Sequence[Parameter] = ()
    body: Body | None = None
    responses: Mapping[int, Response] = field(default_factory=dict)
    root: str = ""
    payload: Check | None = None
    scopes: Sequence[Sequence[str]] = ()
    is_neighbour: bool = False
    is_idempotent: bool = False
    paging: Paging | None = None

    @property
    def routes(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield the paths that are routed to it, each with the path parameters whose values it spells out."""
        fixed = [parameter for parameter in self.parameters if parameter.routes]
        for values in product(*(parameter.routes for parameter in fixed)):
            params = {parameter.name: value for parameter, value in zip(fixed, values, strict=True)}
            spelled = {f"{{{name}}}": value for name, value in params.items()}
            yield "/".join(spelled.get(segment, segment) for segment in self.path.split("/")), params

    @cached_property
    def safe(self) -> bool:
        """Whether the operation only reads."""
        return self.root == "query" or (not self.root and self.method in SAFE_METHODS)

    @cached_property
    def query_names(self) -> Sequence[str]:
        """The names of its query parameters."""
        return self._names("query")

    @cached_property
    def header_names(self) -> Sequence[str]:
        """The names of its header parameters."""
        return self._names("header")

    def _names(self, place: str) -> Sequence[str]:
        return [parameter.name for parameter in self.parameters if parameter.place == place]


Resolve: TypeAlias = Callable[[str, str, dict[str, Any]], Any]
"""Resolves a root field: name, key in the result, arguments. Raises FieldError for a GraphQL error."""


ResolveNested: TypeAlias = Callable[[str, Any, dict[str, Any]], Any]
"""Resolves a nested field: "Task.comments", what the field above replied, arguments. Raises FieldError."""


class ObjectField(NamedTuple):
    """A field of an object type: its arguments, and whether its value is a list, or a connection (with edges)."""

    arguments: Sequence[str]
    is_list: bool
    is_connection: bool


class GraphQLLimits(NamedTuple):
    """The limits of a document.

    `depth` is the number of nested fields, `fields` the number that all operations select: both count each fragment
    wherever it is spread. `aliases` and `tokens` are counted as written; `length` is in characters.
    """

    depth: int
    aliases: int
    fields: int
    tokens: int
    length: int


class RootFields(NamedTuple):
    """The root fields that a request selects, in order: the operations, and the unknown ones.

    `root` is "query", "mutation" or "subscription".
    """

    operations: tuple[str, ...]
    unknown: tuple[str, ...]
    root: str


class GraphQLResult(NamedTuple):
    """The result of a request: `document` is the {data, errors} to return.

    `violations` say why a request did not run at all: its document or its variables are invalid.
    """

    document: dict[str, Any]
    violations: tuple[Violation, ...] = ()
