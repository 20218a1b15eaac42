"""One entry of the journal: a call, its reply, and the violations of both. Credentials are masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from emulator.exchange import Call, Part, Violation, timestamp
from emulator.journal.masking import NO_PATHS, Masker, Pairs
from emulator.journal.secret_paths import SecretPaths
from emulator.runtime.bounded import BoundedCache

if TYPE_CHECKING:
    from emulator.contract.near_misses import NearMiss


BODY_LIMIT = 64 * 1024
"""How many bytes of a body are stored by default."""


OVERHEAD = 3000
"""The size of an exchange without its texts, in bytes, as measured for a call with eight headers."""


HARMLESS_BYTES = 4 * 1024**2
HARMLESS_OVERHEAD = 400

_HARMLESS = BoundedCache[tuple[str, bytes] | Pairs, bool](HARMLESS_BYTES)
"""Headers of replies, and bodies by content type, that masking leaves as they are: the same ones often come again."""

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


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


@dataclass(frozen=True, slots=True)
class JournalledPart:
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
class Exchange:
    """One call and its reply.

    `operations` are the operations that the call ran: one for REST, the root fields for GraphQL, none for a
    call that no operation matches; then `near_misses` are those that nearly do. `time` is the sandbox's,
    `seconds` the duration, `faults` the ids of those that applied. `reply` is None if the connection broke
    before a reply, and while the call is in progress (`is_open`). `credential` is the id that was presented:
    for matchers only, it is never shown. `stub` is the name of the stub that replied: such a call is not
    unmatched. `generated` are the fields that the emulator made for a record. `size` is its size in the
    journal.
    """

    number: int
    time: datetime
    sandbox: str
    vendor: str
    operations: tuple[str, ...]
    call: JournalledCall
    reply: JournalledReply | None
    faults: tuple[str, ...]
    call_violations: Sequence[Violation]
    reply_violations: Sequence[Violation]
    near_misses: tuple[NearMiss, ...]
    seconds: float
    credential: str = field(default="", repr=False)
    is_open: bool = False
    stub: str = ""
    generated: tuple[str, ...] = ()
    size: int = field(default=0, repr=False, compare=False)

    @property
    def state(self) -> str:
        """Return "open" while the call is in progress, then "done"."""
        return "open" if self.is_open else "done"

    @property
    def is_unmatched(self) -> bool:
        """Return True if neither an operation nor a stub matches the call."""
        return not self.operations and not self.stub

    @property
    def status(self) -> int:
        """The reply's status, 0 if there was no reply."""
        return self.reply.status if self.reply else 0

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The violations of the call, then those of the reply."""
        return (*self.call_violations, *self.reply_violations)

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "id": self.number,
            "time": timestamp(self.time),
            "sandbox": self.sandbox,
            "vendor": self.vendor,
            "state": self.state,
            "operations": list(self.operations),
            "call": self.call.document(),
            "reply": self.reply.document() if self.reply else None,
            "faults": list(self.faults),
            "stub": self.stub or None,
            "violations": [
                *(_violation_document("call", found) for found in self.call_violations),
                *(_violation_document("reply", found) for found in self.reply_violations),
            ],
            "near_misses": [near.document() for near in self.near_misses],
            "seconds": self.seconds,
            **({"generated": list(self.generated)} if self.generated else {}),
        }


def journalled_call(
    call: Call,
    masker: Masker,
    secret_paths: SecretPaths = NO_PATHS,
    *,
    matched: bool = True,
    body_limit: int = BODY_LIMIT,
) -> JournalledCall:
    """Return a masked call for the journal. The files of its parts are still open.

    `secret_paths` say where the vendor's paths contain credentials, `matched` that an operation has this path.
    """
    base_url, path, headers, query = masker.head(call, secret_paths, matched=matched)
    body, size, cut = _keep(call.body, call.headers.get("Content-Type", ""), masker.body, body_limit)
    return JournalledCall(
        headers,
        body,
        size,
        cut,
        call.method,
        base_url,
        path,
        query,
        _keep_parts(list(call.parts.values()), masker, body_limit) if call.parts else (),
        masker.params(call.params) if call.params else NO_PARAMS,
    )


def journalled_reply(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    masker: Masker,
    body_limit: int = BODY_LIMIT,
    sandbox: str = "",
) -> JournalledReply:
    """Return a masked reply for the journal; `headers` are case-insensitive, `sandbox` is the one it came from."""
    body, size, cut = _keep(content, headers.get("Content-Type", ""), partial(_mask_reply, masker, sandbox), body_limit)
    pairs = tuple(headers.items())
    if not _HARMLESS.get(pairs):
        plain_pairs, pairs = pairs, masker.headers(headers)
        if pairs == plain_pairs:
            _HARMLESS.put(pairs, True, _size_of_pairs(pairs) + HARMLESS_OVERHEAD)
    return JournalledReply(pairs, body, size, cut, status)


def plain(text: str | None) -> Any:
    """Return a text that JSON can represent: bytes that were not UTF-8 become "?"."""
    # Names of headers are a subclass of str, which jsonschema-rs does not accept.
    return text if text is None else str(text) if text.isascii() else text.encode("utf-8", "replace").decode()


def _keep(
    content: bytes, content_type: str, mask: Callable[[bytes, str], bytes], limit: int
) -> tuple[bytes, int, bool]:
    """Return what is stored of a body, its size, and whether it is cut."""
    size = len(content)
    if not size or b"\0" in content:
        return b"", size, False
    kept = mask(content[:limit], content_type)
    return kept[:limit], size, size > limit or len(kept) > limit


def _mask_reply(masker: Masker, sandbox: str, body: bytes, content_type: str) -> bytes:
    # Links with the sandbox's own name, which is no secret, differ in nothing else from those of the next sandbox.
    known = (content_type, body.replace(f"/~{sandbox}/".encode(), b"/~/") if sandbox else body)
    if _HARMLESS.get(known):
        return masker.without_call_secrets(body)
    masked = masker.reply_body(body, content_type)
    if masked == body:
        _HARMLESS.put(known, True, len(body) + HARMLESS_OVERHEAD)
    return masked


def _keep_parts(parts: Sequence[Part], masker: Masker, limit: int) -> tuple[JournalledPart, ...]:
    texts = masker.members([(part.name, _text_of(part, limit)) for part in parts])
    return tuple(
        [
            JournalledPart(name, part.filename, part.content_type, part.size, text)
            for part, (name, text) in zip(parts, texts, strict=True)
        ]
    )


def _text_of(part: Part, limit: int) -> str | None:
    if part.filename is not None:
        return None
    part.file.seek(0)
    head = part.file.read(limit)
    part.file.seek(0)
    return None if b"\0" in head else head.decode("utf-8", "replace")


def size_of_call(exchange: Exchange) -> int:
    """Return what an exchange takes in memory when its call begins, in bytes."""
    call = exchange.call
    size = OVERHEAD + len(call.body) + len(call.base_url) + len(call.path) + _size_of_pairs(call.headers)
    if call.query:
        size += 3 * _size_of_pairs(call.query)
    if call.parts:
        size += sum([500 + len(part.name) + len(part.text or "") for part in call.parts])
    return size


def size_of_outcome(exchange: Exchange) -> int:
    """Return what the reply and the violations of an exchange take in memory, in bytes."""
    reply, size = exchange.reply, sum(map(len, exchange.generated))
    if reply is not None:
        size += len(reply.body) + _size_of_pairs(reply.headers)
    if exchange.call_violations or exchange.reply_violations:
        size += sum(
            [500 + len(found.sentence) + len(found.pointer) + len(str(found.actual)) for found in exchange.violations]
        )
    return size


def _size_of_pairs(pairs: Pairs) -> int:
    return sum([len(name) + len(value) for name, value in pairs])


def _plain_pairs(pairs: Pairs) -> list[list[str]]:
    return [[plain(name), plain(value)] for name, value in pairs]


def _violation_document(of: str, found: Violation) -> dict[str, str]:
    return {
        "of": of,
        "place": found.place,
        "pointer": plain(found.pointer),
        "rule": found.rule,
        "sentence": plain(found.sentence),
    }
