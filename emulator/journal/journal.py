"""What a sandbox has seen: each call and its reply, with the verdict of the contract on both.

Nothing in it holds a credential: they are masked on the way in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from emulator.exchange import Call, Part, Violation
from emulator.journal.journals import Journals
from emulator.journal.masking import Masker, Pairs
from emulator.journal.secret_paths import SecretPaths
from emulator.journal.text_masking import NO_PATHS
from emulator.matching.globs import matches

if TYPE_CHECKING:
    from emulator.contract.near_misses import NearMiss

BODY_LIMIT = 64 * 1024
"""How many bytes of a body are kept, unless told otherwise."""

LONGEST_SENTENCE = 1000
OVERHEAD = 3000
"""What an exchange takes besides its texts, in bytes: measured, for a call with eight headers."""

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


# These are not frozen, which would make each six times as slow to make; all the same, nobody changes them.


@dataclass(slots=True)
class Message:
    """What calls and replies have in common.

    `body` is what is kept of the body: masked; its first bytes only if it was too long, which
    `body_cut` tells; nothing if it was no text. `body_size` is how long it really was.
    """

    headers: Pairs
    body: bytes
    body_size: int
    body_cut: bool

    def text(self) -> str | None:
        """Return the body, None if there is none or it was no text."""
        return self.body.decode("utf-8", "ignore" if self.body_cut else "replace") if self.body else None

    @property
    def content_type(self) -> str:
        """The header Content-Type, "" if there is none."""
        return self.header("Content-Type")

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
    """A call as the journal keeps it. `params` are its path and query parameters, typed."""

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


def journalled_call(
    call: Call,
    masker: Masker,
    secret_paths: SecretPaths = NO_PATHS,
    *,
    matched: bool = True,
    body_limit: int = BODY_LIMIT,
) -> JournalledCall:
    """Return what the journal keeps of a call, masked. The files of its parts are still open.

    `secret_paths` tell where the vendor's paths hold credentials, `matched` that an operation has this path.
    """
    head = masker.head(call, secret_paths, matched=matched)
    body, size, cut = _keep(call.body, call.headers.get("Content-Type", ""), masker.body, body_limit)
    return JournalledCall(
        head.headers,
        body,
        size,
        cut,
        call.method,
        head.base_url,
        head.path,
        head.query,
        tuple([_keep_part(part, masker, body_limit) for part in call.parts.values()]) if call.parts else (),
        masker.document(call.params) if call.params else NO_PARAMS,
    )


def journalled_reply(
    status: int, headers: Mapping[str, str], content: bytes, masker: Masker, body_limit: int = BODY_LIMIT
) -> JournalledReply:
    """Return what the journal keeps of a reply as it is sent, masked; `headers` find names in any case."""
    body, size, cut = _keep(content, headers.get("Content-Type", ""), masker.reply_body, body_limit)
    return JournalledReply(masker.headers(headers), body, size, cut, status)


class Journal:
    """The newest exchanges, oldest first: at most `size`, and of `max_bytes` in all, about.

    `recorded` counts all there were, `dropped` those that had to make room, `cleared` those that
    somebody cleared away; `lost` those that had to make room since then. `bytes` is what those kept
    take. Of a body the first `body_limit` bytes are kept. `on_record` is told of each exchange, masked.
    `journals` bound what all of them take together.
    """

    def __init__(
        self,
        size: int,
        max_bytes: int,
        body_limit: int = BODY_LIMIT,
        on_record: Callable[[Exchange], None] | None = None,
        journals: Journals | None = None,
    ) -> None:
        self._journals = journals or Journals()
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

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange, which has the next number; the oldest make room for it."""
        assert exchange.number == self.recorded + 1
        size = _size_of(exchange)
        self._exchanges.append(exchange)
        self._sizes.append(size)
        self.bytes += size
        self.recorded += 1
        if not self._closed:
            self._journals.grow(self, size)
        while self.bytes > self._max_bytes or len(self._exchanges) > self._size:
            self.drop_oldest()
        if self._listeners:
            self._wake()
        if self.on_record is not None:
            self.on_record(exchange)

    def clear(self) -> None:
        """Forget all exchanges; the numbers go on."""
        self.cleared += len(self._exchanges)
        self._exchanges.clear()
        self._sizes.clear()
        self._shrink(self.bytes)
        self.bytes = self.lost = 0

    def drop_oldest(self) -> None:
        """Let go of the oldest exchange, which makes room for others."""
        self._exchanges.popleft()
        size = self._sizes.popleft()
        self.bytes -= size
        self._shrink(size)
        self.dropped += 1
        self.lost += 1

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
            and (operation is None or any(matches(name, operation) for name in exchange.operations))
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
        """Let go of those who wait, and count no more among the journals; what it holds can still be read."""
        self._journals.remove(self)
        self._closed = True
        self._wake()

    def _after(self, number: int | None) -> Iterable[Exchange]:
        if number is None or not self._exchanges:
            return self._exchanges
        return islice(self._exchanges, max(0, number + 1 - self._exchanges[0].number), None)

    def _shrink(self, size: int) -> None:
        if not self._closed:
            self._journals.shrink(size)

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


def _keep(
    content: bytes, content_type: str, mask: Callable[[bytes, str], bytes], limit: int
) -> tuple[bytes, int, bool]:
    """Return what is kept of a body, its size, and whether it is cut."""
    size = len(content)
    if not size or b"\0" in content:
        return b"", size, False
    kept = mask(content[:limit], content_type)
    return kept[:limit], size, size > limit or len(kept) > limit


def _keep_part(part: Part, masker: Masker, limit: int) -> JournalledPart:
    text = None
    if part.filename is None:
        part.file.seek(0)
        head = part.file.read(limit)
        text = None if b"\0" in head else masker.value(part.name, head.decode("utf-8", "replace"))
    return JournalledPart(part.name, part.filename, part.content_type, part.size, text)


def _size_of(exchange: Exchange) -> int:
    call, reply = exchange.call, exchange.reply
    size = OVERHEAD + len(call.body) + len(call.base_url) + len(call.path) + _size_of_pairs(call.headers)
    if call.query:
        size += 3 * _size_of_pairs(call.query)
    if call.parts:
        size += sum([500 + len(part.name) + len(part.text or "") for part in call.parts])
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
