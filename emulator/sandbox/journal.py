"""What a sandbox has seen: each call and its reply, with the verdict of the contract on both.

Nothing in it holds a credential: they are masked on the way in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from multidict import MultiDict

from emulator.exchange import Call, Part, Violation
from emulator.sandbox.masking import (
    MASK,
    SecretPaths,
    mask_body,
    mask_headers,
    mask_path,
    mask_query,
    mask_text,
    mask_value,
    mask_violations,
    names_credential,
)

if TYPE_CHECKING:
    from emulator.sandbox.near_misses import NearMiss

BODY_LIMIT = 64 * 1024
"""How many bytes of a body are kept, unless told otherwise."""

HEADERS_KNOWN = 256
"""Of so many different heads of replies it is remembered how they are masked."""

LONGEST_SENTENCE = 1000
OVERHEAD = 3000
"""What an exchange takes besides its texts, in bytes: measured, for a call with eight headers."""

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})

Pairs = tuple[tuple[str, str], ...]


# These are not frozen, which would make each six times as slow to make; all the same, nobody changes them.


@dataclass(slots=True)
class Message:
    """What calls and replies have in common.

    `body` is what is kept of the body: masked; its first bytes only if it was too long, which
    `body_cut` tells; nothing if it was no text. `body_size` is how long it really was.
    """

    headers: Pairs
    content_type: str
    body: bytes
    body_size: int
    body_cut: bool

    def text(self) -> str | None:
        """Return the body, None if there is none or it was no text."""
        return self.body.decode("utf-8", "ignore" if self.body_cut else "replace") if self.body else None

    def header(self, name: str) -> str:
        """Return the first header of that name, "" if there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class JournalledPart:
    """One part of a multipart body. `text` is what a plain field held, its beginning if that was long.

    Of a file, which has a `filename`, only the size is kept.
    """

    name: str
    filename: str | None
    content_type: str
    size: int
    text: str | None

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        document = {
            "name": plain(self.name),
            "filename": plain(self.filename),
            "content_type": plain(self.content_type),
            "size": self.size,
        }
        return document if self.text is None else {**document, "text": plain(self.text)}


@dataclass(slots=True)
class JournalledCall(Message):
    """A call as the journal keeps it. `params` are its path and query parameters, typed.

    `head_size` is what all but the body takes in memory, in bytes.
    """

    method: str
    base_url: str
    path: str
    query: Pairs
    parts: tuple[JournalledPart, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    head_size: int = 0

    @property
    def url(self) -> str:
        """The whole URL."""
        query = f"?{urlencode(self.query, safe='*', errors='replace')}" if self.query else ""
        return f"{self.base_url}{self.path}{query}"

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
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
    """A reply as the journal keeps it."""

    status: int

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
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

    `operations` are the operations that the call ran: one for REST, the root fields for GraphQL,
    none for a call that no operation matches; then `near_misses` are those that nearly did. `time`
    is the sandbox's, `seconds` how long it took, `faults` the ids of those it met. `reply` is None
    if the connection was broken off before an answer.
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

    @property
    def status(self) -> int:
        """The reply's status, 0 if there was no reply."""
        return self.reply.status if self.reply else 0

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Those of the call, then those of the reply."""
        return (*self.call_violations, *self.reply_violations)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "id": self.number,
            "time": written(self.time),
            "sandbox": self.sandbox,
            "vendor": self.vendor,
            "operations": list(self.operations),
            "call": self.call.document(),
            "reply": self.reply.document() if self.reply else None,
            "faults": list(self.faults),
            "violations": [
                *(_violation_document("call", found) for found in self.call_violations),
                *(_violation_document("reply", found) for found in self.reply_violations),
            ],
            "near_misses": [near.document() for near in self.near_misses],
            "seconds": self.seconds,
        }


def journalled_head(call: Call, secret_paths: SecretPaths = ()) -> JournalledCall:
    """Return what the journal keeps of a call without its body and params, masked.

    `secret_paths` are the templates of paths that hold a credential.
    """
    kind = call.headers.get("Content-Type", "")
    head = JournalledCall(
        headers=mask_headers(call.headers),
        content_type=mask_text(kind) if "=" in kind else kind,
        body=b"",
        body_size=0,
        body_cut=False,
        method=call.method,
        base_url=mask_path(call.base_url, secret_paths, at_end=True) if secret_paths else call.base_url,
        path=mask_path(call.path, secret_paths) if secret_paths else call.path,
        query=mask_query(call.query) if call.query else (),
    )
    head.head_size = len(head.base_url) + len(head.path) + _size_of_pairs(head.headers) + 3 * _size_of_pairs(head.query)
    return head


def journalled_call(call: Call, head: JournalledCall, body_limit: int = BODY_LIMIT) -> JournalledCall:
    """Return what the journal keeps of a call, masked. The files of its parts are still open."""
    body, size, cut = _keep(call.body, call.headers.get("Content-Type", ""), body_limit)
    # Written out, as dataclasses.replace takes ten times as long.
    return JournalledCall(
        head.headers,
        head.content_type,
        body,
        size,
        cut,
        head.method,
        head.base_url,
        head.path,
        head.query,
        tuple([_keep_part(part, body_limit) for part in call.parts.values()]) if call.parts else (),
        {name: MASK if names_credential(name) else value for name, value in call.params.items()}
        if call.params
        else NO_PARAMS,
        head.head_size,
    )


def journalled_reply(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    body_limit: int = BODY_LIMIT,
    *,
    is_json: bool = False,
) -> JournalledReply:
    """Return what the journal keeps of a reply as it is sent, masked; `headers` find names in any case.

    `is_json` tells that the content is known to be JSON.
    """
    kind = headers.get("Content-Type", "")
    body, size, cut = _keep(content, kind, body_limit, is_json=is_json)
    kind = mask_text(kind) if "=" in kind else kind
    return JournalledReply(_masked_headers(tuple(headers.items())), kind, body, size, cut, status)


@lru_cache(HEADERS_KNOWN)
def _masked_headers(headers: Pairs) -> Pairs:
    return mask_headers(MultiDict(headers))


class Journal:
    """The newest exchanges, oldest first: at most `size`, and of `max_bytes` in all, about.

    `recorded` counts all there were, `dropped` those that had to make room, `cleared` those that
    somebody cleared away; `lost` those that had to make room since then. `bytes` is what those kept
    take. Of a body the first `body_limit` bytes are kept. `on_record` is told of each exchange, masked.
    """

    def __init__(
        self,
        size: int,
        max_bytes: int,
        body_limit: int = BODY_LIMIT,
        on_record: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.body_limit = body_limit
        self.on_record = on_record
        self.recorded = self.dropped = self.cleared = self.lost = 0
        self.bytes = 0
        self._size = size
        self._max_bytes = max_bytes
        self._exchanges: deque[Exchange] = deque()
        self._sizes: deque[int] = deque()
        self._listeners: set[asyncio.Future[None]] = set()
        self._closed = False

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def __len__(self) -> int:
        return len(self._exchanges)

    def next_number(self) -> int:
        """Return the number of the exchange that comes next, from 1."""
        return self.recorded + 1

    def record(self, exchange: Exchange, size: int | None = None) -> int:
        """Keep an exchange, which has the next number; the oldest make room for it.

        Returns its `size` in memory, which need not be counted again for the same call and reply.
        """
        assert exchange.number == self.recorded + 1
        if exchange.call_violations or exchange.reply_violations:
            exchange = _without_values(exchange)
        if size is None:
            size = _size_of(exchange)
        self._exchanges.append(exchange)
        self._sizes.append(size)
        self.bytes += size
        self.recorded += 1
        while self.bytes > self._max_bytes or len(self._exchanges) > self._size:
            self._drop()
        if self._listeners:
            self._wake()
        if self.on_record is not None:
            self.on_record(exchange)
        return size

    def clear(self) -> None:
        """Forget all exchanges; the numbers go on."""
        self.cleared += len(self._exchanges)
        self._exchanges.clear()
        self._sizes.clear()
        self.bytes = self.lost = 0

    def get(self, number: int) -> Exchange | None:
        """Return the exchange of that number, None if it is not kept."""
        index = number - self._exchanges[0].number if self._exchanges else -1
        return self._exchanges[index] if 0 <= index < len(self._exchanges) else None

    def select(
        self,
        vendor: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        unmatched: bool | None = None,
        violations: bool | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Return the exchanges that are like all that is given, oldest first.

        `operation` is a name or a glob, `status` 0 finds broken connections, `since` is a number:
        only those after it. `limit` keeps the newest ones, but the first ones after `since`.
        """
        found = [
            exchange
            for exchange in self._after(since)
            if (vendor is None or exchange.vendor == vendor)
            and (operation is None or any(fnmatchcase(name, operation) for name in exchange.operations))
            and (status is None or exchange.status == status)
            and (unmatched is None or unmatched is not bool(exchange.operations))
            and (violations is None or violations is bool(exchange.violations))
        ]
        if limit is None:
            return found
        return found[:limit] if since is not None else found[max(0, len(found) - limit) :]

    async def after(self, number: int) -> list[Exchange]:
        """Wait until there are exchanges after a number, and return them; none if the journal is closed.

        A gap before the first one's number tells what is lost. A number that this journal has not
        come to belongs to an earlier one: then all are returned.
        """
        if number > self.recorded:
            number = 0
        while not (found := self.select(since=number)) and not self._closed:
            await self._next()
        return found

    def close(self) -> None:
        """Let go of those who wait."""
        self._closed = True
        self._wake()

    def _after(self, number: int | None) -> Iterable[Exchange]:
        if number is None or not self._exchanges:
            return self._exchanges
        return islice(self._exchanges, max(0, number + 1 - self._exchanges[0].number), None)

    def _drop(self) -> None:
        self._exchanges.popleft()
        self.bytes -= self._sizes.popleft()
        self.dropped += 1
        self.lost += 1

    async def _next(self) -> None:
        listener = asyncio.get_running_loop().create_future()
        self._listeners.add(listener)
        try:
            await listener
        finally:
            self._listeners.discard(listener)

    def _wake(self) -> None:
        for listener in self._listeners:
            if not listener.done():
                listener.set_result(None)


def plain(text: str | None) -> Any:
    """Return a text that JSON can hold: bytes that were no UTF-8 become "?"."""
    # Names of headers come as a subclass of str, which jsonschema-rs does not take.
    return text if text is None else str(text) if text.isascii() else text.encode("utf-8", "replace").decode()


def written(time: datetime) -> str:
    """Return a time as ISO 8601 with milliseconds, in UTC."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _keep(content: bytes, content_type: str, limit: int, **known: bool) -> tuple[bytes, int, bool]:
    """Return what is kept of a body, its size, and whether it is cut."""
    size = len(content)
    if not size or b"\0" in content:
        return b"", size, False
    cut = size > limit
    kept = mask_body(content[:limit] if cut else content, content_type, cut=cut, **known)
    return kept[:limit], size, cut or len(kept) > limit


def _keep_part(part: Part, limit: int) -> JournalledPart:
    text = None
    if part.filename is None:
        part.file.seek(0)
        head = part.file.read(limit)
        text = None if b"\0" in head else mask_value(part.name, head.decode("utf-8", "replace"))
    return JournalledPart(part.name, part.filename, part.content_type, part.size, text)


def _without_values(exchange: Exchange) -> Exchange:
    return replace(
        exchange,
        call_violations=mask_violations(exchange.call_violations, LONGEST_SENTENCE),
        reply_violations=mask_violations(exchange.reply_violations, LONGEST_SENTENCE),
    )


def _size_of(exchange: Exchange) -> int:
    call, reply = exchange.call, exchange.reply
    size = OVERHEAD + call.head_size + len(call.body)
    if call.parts:
        size += sum([500 + len(part.name) + len(part.text or "") for part in call.parts])
    if reply is not None:
        size += len(reply.body) + _size_of_pairs(reply.headers)
    if exchange.call_violations or exchange.reply_violations:
        size += sum([500 + len(found.sentence) + len(found.pointer) for found in exchange.violations])
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
