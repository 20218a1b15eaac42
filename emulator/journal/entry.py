"""One entry of the journal: a call, its reply, and the violations of both. What can be read of it is masked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlencode

import orjson

from emulator.exchange import AppliedFault, Violation, timestamp
from emulator.journal.masking import Masker, Pairs

if TYPE_CHECKING:
    from emulator.contract.near_misses import NearMiss


@dataclass(slots=True)
class Message:
    """The common fields of calls and replies.

    `body` is the masked body: only its first bytes if it was too long (`body_cut`); nothing if it was
    not text. `body_size` is its real length.
    """

    headers: Pairs
    body: bytes
    body_size: int
    body_cut: bool

    def text(self) -> str | None:
        """Return the body, None if there is none or it was not text."""
        return self.body.decode("utf-8", "ignore" if self.body_cut else "replace") if self.body else None

    @property
    def content_type(self) -> str:
        """The header Content-Type, or ""."""
        return self.header("Content-Type")

    def header(self, name: str) -> str:
        """Return the first header of that name, or ""."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")


class JournalledPart(NamedTuple):
    """One part of a multipart body. `text` is the value of a plain field, only its beginning if it was long.

    Of a file, which has a `filename`, only the size is stored.
    """

    name: str
    filename: str | None
    content_type: str
    size: int
    text: str | None

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        document = {
            "name": plain(self.name),
            "filename": plain(self.filename),
            "content_type": plain(self.content_type),
            "size": self.size,
        }
        return document if self.text is None else {**document, "text": plain(self.text)}


@dataclass(slots=True)
class JournalledCall(Message):
    """A call in the journal. `params` are its path and query parameters, typed."""

    method: str
    base_url: str
    path: str
    query: Pairs
    parts: tuple[JournalledPart, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The whole URL."""
        query = f"?{urlencode(self.query, safe='*', errors='replace')}" if self.query else ""
        return f"{self.base_url}{self.path}{query}"

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "method": self.method,
            "url": plain(self.url),
            "path": plain(self.path),
            "query": _plain_pairs(self.query),
            "headers": _plain_pairs(self.headers),
            "content_type": plain(self.content_type),
            "body": self.text(),
            "body_size": self.body_size,
            "body_cut": self.body_cut,
            "parts": [part.document() for part in self.parts],
        }


@dataclass(slots=True)
class JournalledReply(Message):
    """A reply in the journal."""

    status: int

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "status": self.status,
            "headers": _plain_pairs(self.headers),
            "content_type": plain(self.content_type),
            "body": self.text(),
            "body_size": self.body_size,
            "body_cut": self.body_cut,
        }


@dataclass(slots=True)
class Content:
    """What an exchange shows of its messages, without credentials.

    `reply` is None if the connection broke before a reply, and while the call is in progress. `stub` is the name of the
    stub that replied, "" if none did; `near_misses` are operations near a call that none matches; `faults` are those
    that applied.
    """

    call: JournalledCall
    reply: JournalledReply | None = None
    stub: str = ""
    near_misses: tuple[NearMiss, ...] = ()
    faults: tuple[AppliedFault, ...] = ()

    def masked(self) -> Content:
        """Return it: it has no credentials."""
        return self

    def masked_call(self) -> JournalledCall:
        """Return the call."""
        return self.call

    def masked_header(self, name: str) -> str:
        """Return a header of the reply, "" if there is none."""
        return self.reply.header(name) if self.reply else ""

    def masked_values(self, pointers: Iterable[str]) -> Sequence[Any] | None:
        """Return what is in the reply at JSON pointers, as `Masker.value_at` does; None if the reply is cut."""
        if self.reply and self.reply.body_cut:
            return None
        return values_in(json_of(self.reply.body if self.reply else b""), pointers)


class Maskable(Protocol):
    """What an exchange consists of: its content, or what is to be masked before anybody reads it."""

    def masked(self) -> Content:
        """Return its content without credentials."""

    def masked_call(self) -> JournalledCall:
        """Return the call without credentials; the rest need not be masked for it."""

    def masked_header(self, name: str) -> str:
        """Return a header of the reply without credentials, "" if there is none; likewise."""

    def masked_values(self, pointers: Iterable[str]) -> Sequence[Any] | None:
        """Return what is in the reply at JSON pointers, as `Masker.value_at` does; None if that is cut; likewise."""


@dataclass(slots=True, eq=False)
class Exchange:
    """One call and its reply.

    `operations` are the operations that the call ran: one for REST, the root fields for GraphQL, none for a
    call that no operation matches; then `near_misses` are those that nearly do, unless it `is_stubbed`. `time` is the
    sandbox's, `seconds` the duration, `clock_seconds` that by the sandbox's clock, `faults` the ids of those that
    applied. `is_open` while the call is in progress.
    `status` is the reply's, 0 if there was none. `credential` is the id that was presented: for matchers only, it is
    never shown. `generated` are the fields that the emulator made for a record. `has_unknown_query` says whether its
    URL has a query parameter that its operations have not, `started` when the call arrived, in real seconds since an
    arbitrary moment. `withheld` is the status of the vendor's own reply if the client did not get that whole, else 0;
    `is_abandoned` means that the client left before its reply.

    `content` is masked when it is first read after the end of the call, and only that is kept. `size` is what the
    exchange takes in memory, in bytes, `counted` how much of that its journal counts: nothing once it is evicted.
    """

    number: int
    time: datetime
    sandbox: str
    vendor: str
    operations: tuple[str, ...]
    method: str
    content: Maskable = field(repr=False)
    faults: tuple[str, ...] = ()
    call_violations: Sequence[Violation] = ()
    reply_violations: Sequence[Violation] = ()
    seconds: float = 0.0
    clock_seconds: float = 0.0
    status: int = 0
    credential: str = field(default="", repr=False)
    is_open: bool = False
    is_stubbed: bool = False
    generated: tuple[str, ...] = ()
    has_unknown_query: bool = False
    started: float = 0.0
    withheld: int = 0
    is_abandoned: bool = False
    size: int = field(default=0, repr=False)
    counted: int = field(default=0, repr=False)

    @property
    def shown(self) -> Content:
        """The call and the reply, masked."""
        is_final = not self.is_open  # read first: another thread may be reading while the call ends
        shown = self.content.masked()
        if is_final:
            self.content = shown
        return shown

    @property
    def call(self) -> JournalledCall:
        """The call."""
        return self.content.masked_call()

    @property
    def reply(self) -> JournalledReply | None:
        """The reply, None if there is none."""
        return self.shown.reply

    def reply_header(self, name: str) -> str:
        """Return a header of the reply, "" if there is none."""
        return self.content.masked_header(name)

    def reply_values(self, pointers: Iterable[str]) -> Sequence[Any] | None:
        """Return what is in the reply at JSON pointers, None for nothing; None if the journal has cut the reply.

        Of an object or array, the entries are left out. A text may repeat a credential that is elsewhere in the reply:
        compare it, do not show it.
        """
        return self.content.masked_values(pointers)

    @property
    def stub(self) -> str:
        """The name of the stub that replied, "" if none did."""
        return self.shown.stub if self.is_stubbed else ""

    @property
    def near_misses(self) -> tuple[NearMiss, ...]:
        """The operations that nearly match, if none does."""
        return () if self.operations or self.is_stubbed else self.shown.near_misses

    @property
    def state(self) -> str:
        """Return "open" while the call is in progress, then "done"."""
        return "open" if self.is_open else "done"

    @property
    def is_unmatched(self) -> bool:
        """Return True if neither an operation nor a stub matches the call."""
        return not self.operations and not self.is_stubbed

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The violations of the call, then those of the reply."""
        return (*self.call_violations, *self.reply_violations)

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        shown = self.shown
        return {
            "id": self.number,
            "time": timestamp(self.time),
            "sandbox": self.sandbox,
            "vendor": self.vendor,
            "state": self.state,
            "operations": list(self.operations),
            "call": shown.call.document(),
            "reply": shown.reply.document() if shown.reply else None,
            "faults": list(self.faults),
            **({"applied_faults": [_fault_document(fault) for fault in shown.faults]} if shown.faults else {}),
            "stub": shown.stub or None,
            "violations": [
                *(_violation_document("call", found) for found in self.call_violations),
                *(_violation_document("reply", found) for found in self.reply_violations),
            ],
            "near_misses": [near.document() for near in shown.near_misses],
            "seconds": self.seconds,
            **({"generated": list(self.generated)} if self.generated else {}),
        }


def json_of(body: bytes) -> Any:
    """Return the JSON of a body, None if it is none."""
    for read in (orjson.loads, json.loads):  # the quicker one refuses what JSON does not allow
        with suppress(ValueError, RecursionError):
            return read(body)
    return None


def values_in(document: Any, pointers: Iterable[str]) -> list[Any]:
    """Return what is in a document at JSON pointers, as `Masker.value_at` does."""
    masker = Masker()
    return [masker.value_at(document, pointer) for pointer in pointers]


def plain(text: str | None) -> Any:
    """Return a text that JSON can represent: bytes that were not UTF-8 become "?"."""
    # Names of headers are a subclass of str, which jsonschema-rs does not accept.
    return text if text is None else str(text) if text.isascii() else text.encode("utf-8", "replace").decode()


def _plain_pairs(pairs: Pairs) -> list[list[str]]:
    return [[plain(name), plain(value)] for name, value in pairs]


def _fault_document(fault: AppliedFault) -> dict[str, Any]:
    return {
        "id": plain(fault.id),
        "scenario": plain(fault.scenario),
        "call": fault.call,
        "sentence": plain(fault.sentence),
    }


def _violation_document(of: str, found: Violation) -> dict[str, str]:
    return {
        "of": of,
        "place": found.place,
        "pointer": plain(found.pointer),
        "rule": found.rule,
        "sentence": plain(found.sentence),
    }
