"""A call and its reply, as the pipeline passes them on, independent of any HTTP library."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, BinaryIO, Final, NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy

from emulator.reply import (
    NOTHING,
    PROBLEM,
    REFUSED,
    UNDECODABLE,
    Document,
    Nothing,
    Record,
    Reply,
    Violation,
    pointer_to,
    steps_of,
    timestamp,
)

__all__ = [
    "FORM",
    "JSON",
    "MULTIPART",
    "NOTHING",
    "PROBLEM",
    "REFUSED",
    "UNDECODABLE",
    "AppliedFault",
    "Call",
    "Document",
    "EncodedReply",
    "Entrance",
    "Nothing",
    "Part",
    "Record",
    "Reply",
    "Violation",
    "charset_of",
    "is_json",
    "media_type_of",
    "pointer_to",
    "size_of_pairs",
    "steps_of",
    "timestamp",
]

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

CHARSET: Final = re.compile(r"""(?:^|;)\s*charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)


class AppliedFault(NamedTuple):
    """A fault that applied to a call, and why.

    `scenario` is the name of the one that it belongs to, `call` the number of the call as the fault counts, from 1,
    `sentence` says what the fault does, and to which calls.
    """

    id: str
    scenario: str | None
    call: int
    sentence: str


@dataclass(slots=True)
class Part:
    """One part of a multipart body: a plain field (no `filename`) or a file, open at its start."""

    name: str
    filename: str | None
    content_type: str
    file: BinaryIO
    size: int

    def text(self) -> str:
        """Return the whole part decoded as UTF-8; undecodable bytes become U+FFFD."""
        self.file.seek(0)
        return self.file.read().decode("utf-8", "replace")


class EncodedReply:
    """A reply as it is sent: its headers, which nothing changes, and its content. `head_size` is theirs in bytes.

    `head` is what the transport has made of status and headers, None before that.
    """

    __slots__ = ("content", "head", "head_size", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self.head: bytes | None = None
        self.head_size = size_of_pairs(headers)


class Entrance(NamedTuple):
    """The URL that a client called, without its path. `vendor` is the vendor whose own paths are at its root, None if
    all vendors are there, each below its name; `main` is a URL with all vendors.
    """

    url: str = ""
    vendor: str | None = None
    main: str = ""

    def base_url(self, vendor: str, path: str, sandbox: str = "") -> str:
        """Return a vendor's base URL. `path` is its path on the main URL: "/secoda/api/v1"; `sandbox` is "/~alpha"."""
        if vendor == self.vendor:
            return f"{self.url}{sandbox}{path.removeprefix(f'/{vendor}')}"
        return f"{self.main}{sandbox}{path}"


NOWHERE = Entrance()
"""Unknown: for calls to a vendor, whose address already says it."""

NONE_SHARED: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})


@dataclass(slots=True)
class Call:
    """A request to one vendor, or to the control API.

    `path` is what follows the vendor's base URL ("/integration/integrations"), `base_url` that
    base URL as the caller spelled it ("http://127.0.0.1:4070/secoda/api/v1"), `public_url` one that
    leads to the same sandbox without the caller's headers. `params` contains path and query parameters,
    typed by the contract; an optional one is missing if it was not sent, or is malformed and the
    vendor tolerates that. Parameters of several places may share a name: then `params` has the one of the path, and
    `shared` each by name and place. `document` is the parsed JSON or form body, `parts` a multipart one. `parsed` is
    the JSON in the body if it was read before the call is valid: for a GraphQL request. For a
    GraphQL root field, `params` are its arguments. `switches` are the vendor's switches in the called
    sandbox, `max_depth` is the maximum nesting of JSON in an uploaded file. For the control API,
    `entrance` says at which URLs its caller finds the vendors.
    """

    method: str
    path: str
    base_url: str = ""
    public_url: str = ""
    query: MultiDictProxy[str] = field(default_factory=lambda: MultiDictProxy(MultiDict()))
    headers: CIMultiDictProxy[str] = field(default_factory=lambda: CIMultiDictProxy(CIMultiDict()))
    body: bytes = b""
    parts: Mapping[str, Part] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: NONE_SHARED)
    document: Document | Nothing = NOTHING
    parsed: Document | Nothing = NOTHING
    switches: Mapping[str, Any] = field(default_factory=dict)
    max_depth: int = 200
    entrance: Entrance = NOWHERE

    @property
    def content_type(self) -> str:
        """Return the media type of the body, lower-cased, without parameters; "" if not sent."""
        return media_type_of(self.headers.get("Content-Type", ""))

    @property
    def charset(self) -> str:
        """Return the charset of the body's content type, lower-cased; "" if not sent."""
        return charset_of(self.headers.get("Content-Type", ""))

    def param(self, place: str, name: str, default: Any = NOTHING) -> Any:
        """Return the typed value of the parameter of a place ("path", "query", "header"), `default` without one."""
        return self.shared[name].get(place, default) if name in self.shared else self.params.get(name, default)

    def move_below(self, mount: str) -> None:
        """Let the base URL end behind `mount`, with which the path begins."""
        self.path = self.path[len(mount) :]
        self.base_url += mount
        self.public_url += mount


def is_json(kind: str) -> bool:
    """Return True for a media type whose bodies are JSON ("application/problem+json")."""
    return kind == JSON or kind.endswith("+json")


def size_of_pairs(pairs: Mapping[str, str]) -> int:
    """Return how many characters names and values have together, also those of a name with several values."""
    return len("".join(pairs)) + len("".join(pairs.values()))


def media_type_of(content_type: str) -> str:
    """Return the media type in a Content-Type, lower-cased, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def charset_of(content_type: str) -> str:
    """Return the charset in a Content-Type, lower-cased; "" if it names none."""
    _, _, parameters = content_type.partition(";")
    found = CHARSET.search(parameters) if parameters else None
    return found[1].lower() if found else ""
