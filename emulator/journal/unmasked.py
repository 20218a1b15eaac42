"""What arrived of an exchange, until somebody reads it: it can only be read masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from emulator.exchange import AppliedFault, Call, EncodedReply, Part, Record, size_of_pairs
from emulator.journal.entry import Content, JournalledCall, JournalledPart, JournalledReply, json_of, values_in
from emulator.journal.masking import LONGEST_SENTENCE, NO_PATHS, Masker
from emulator.journal.secret_paths import SecretPaths

if TYPE_CHECKING:
    from emulator.contract.near_misses import NearMiss

__all__ = ["BODY_LIMIT", "OVERHEAD", "Applied", "Unmasked"]

BODY_LIMIT = 64 * 1024
"""How many bytes of a body are stored by default."""

OVERHEAD = 3000
"""The size of an exchange without its texts, in bytes, as measured for a call with eight headers."""

OVERHEAD_OF_FAULT = 500
"""What an exchange takes more for each fault that applied."""

NearMisses: TypeAlias = "Callable[[str, str], tuple[NearMiss, ...]]"
"""Returns the operations that are near a method and a masked path."""

_Body: TypeAlias = tuple[bytes, int]
"""The first bytes of a body, none if it is not text, and its size."""

NO_BODY: _Body = b"", 0


class Applied(Protocol):
    """A fault that applies to a call."""

    @property
    def id(self) -> str:
        """Its id."""

    def applied(self, mask: Callable[[Record], Record]) -> AppliedFault:
        """Return what applied and why; `mask` returns conditions without credentials."""


class Unmasked:
    """A call and its reply as they arrived. Nobody can read them but as `masked`, not even by repr or pickle.

    `size` is what they take in memory, in bytes. `secret_paths` say where the vendor's paths contain credentials,
    `innocent` which names name none, `matched` that an operation has this path; `stub` is the name of the stub that
    replies, `near_misses` finds operations for a call that none matches. `faults` are those that apply: what they do is
    kept, not they themselves, which may be large, and disarmed. The files of the call's parts are still open.
    """

    __slots__ = (
        "_base_url",
        "_body",
        "_faults",
        "_headers",
        "_innocent",
        "_is_over",
        "_known",
        "_limit",
        "_matched",
        "_method",
        "_near_misses",
        "_params",
        "_parts",
        "_path",
        "_query",
        "_reply",
        "_secret_paths",
        "_stub",
        "size",
    )

    def __init__(
        self,
        call: Call,
        secret_paths: SecretPaths = NO_PATHS,
        *,
        innocent: frozenset[str] = frozenset(),
        matched: bool = True,
        stub: str = "",
        near_misses: NearMisses | None = None,
        faults: Sequence[Applied] = (),
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._method = call.method
        self._base_url = call.base_url
        self._path = call.path
        self._query = call.query
        self._headers = call.headers
        self._params: Mapping[str, Any] = call.params
        self._limit = body_limit
        self._body = _kept(call.body, body_limit) if call.body else NO_BODY
        self._parts = _kept_parts(call.parts.values(), body_limit) if call.parts else ()
        self._secret_paths = secret_paths
        self._innocent = innocent
        self._matched = matched
        self._stub = stub
        self._near_misses = near_misses
        self._faults = tuple(map(_described, faults)) if faults else ()
        self._reply: tuple[int, Mapping[str, str], _Body] | None = None
        self._is_over = False
        self._known: tuple[JournalledCall, Masker] | None = None
        self.size = OVERHEAD + self._size_of_call()

    def end(self, params: Mapping[str, Any], reply: EncodedReply | None) -> None:
        """Add what is known at the end of the call: its typed parameters, which nothing changes any more, and reply."""
        self._params = params
        if reply is not None:
            body = _kept(reply.content, self._limit)
            self._reply = reply.status, reply.headers, body
            self.size += len(body[0]) + reply.head_size
        self._is_over = True

    def masked(self, masker: Masker | None = None) -> Content:
        """Return the call and the reply without credentials, masked as one."""
        if masker is None:
            call, masker = self._masked_first()
        else:
            call = self._masked_call(masker)
        stub = self._masked_stub(masker) if self._stub else ""
        near_misses = self._near_misses(call.method, call.path) if self._near_misses else ()
        reply = self._masked_reply(masker)
        return Content(call, reply, stub, near_misses, tuple([_masked_fault(one, masker) for one in self._faults]))

    def masker(self) -> Masker:
        """Return a new masker, which knows the names that the contract calls innocent."""
        return Masker(self._innocent)

    def masked_call(self) -> JournalledCall:
        """Return the call without credentials."""
        return self._masked_first()[0]

    def masked_header(self, name: str) -> str:
        """Return a header of the reply without credentials, "" if there is none."""
        value = "" if self._reply is None else self._reply[1].get(name, "")
        return self._masked_first()[1].reply_headers({name: value})[0][1] if value else ""

    def masked_values(self, pointers: Iterable[str]) -> Sequence[Any] | None:
        """Return what is in the reply at JSON pointers, as `Masker.value_at` does; None if the reply is cut.

        In a text, credentials of the call are masked, too, but not those that are elsewhere in the reply.
        """
        body, size = NO_BODY if self._reply is None else self._reply[2]
        if size > self._limit:
            return None
        values = values_in(json_of(body), pointers)
        texts = any(isinstance(value, str) for value in values)
        echoes = self._masked_first()[1].without_echoes if texts else str
        return [echoes(value) if isinstance(value, str) else value for value in values]

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self.masked(),)

    def _masked_first(self) -> tuple[JournalledCall, Masker]:
        """Return the call without credentials, and what masks the rest."""
        is_over = self._is_over  # read first: another thread may be reading while the call ends
        known = self._known
        if known is None:
            masker = self.masker()
            known = self._masked_call(masker), masker
        if is_over:
            self._known = known
        return known[0], known[1].copy()

    def _masked_call(self, masker: Masker) -> JournalledCall:
        base_url, path, headers, query = masker.head(
            self._base_url, self._path, self._headers, self._query, self._secret_paths, matched=self._matched
        )
        body, size, cut = self._masked_body(self._body, self._headers, masker.body)
        parts = _masked_parts(self._parts, masker)
        params = masker.document(dict(self._params))
        return JournalledCall(headers, body, size, cut, self._method, base_url, path, query, parts, params)

    def _masked_stub(self, masker: Masker) -> str:
        method, _, path = self._stub.partition(" ")
        return f"{method} {masker.path(path, self._secret_paths, matched=False)}"

    def _masked_reply(self, masker: Masker) -> JournalledReply | None:
        if self._reply is None:
            return None
        status, headers, content = self._reply
        body, size, cut = self._masked_body(content, headers, masker.reply_body)
        return JournalledReply(masker.reply_headers(headers), body, size, cut, status)

    def _masked_body(
        self, body: _Body, headers: Mapping[str, str], mask: Callable[[bytes, str], bytes]
    ) -> tuple[bytes, int, bool]:
        """Return what is shown of a body, its size, and whether it is cut."""
        kept, size = body
        if not kept:
            return b"", size, False
        masked = mask(kept, headers.get("Content-Type", ""))
        return masked[: self._limit], size, size > self._limit or len(masked) > self._limit

    def _size_of_call(self) -> int:
        size = len(self._body[0]) + len(self._base_url) + len(self._path) + size_of_pairs(self._headers)
        if self._query:
            size += 3 * size_of_pairs(self._query)
        if self._faults:
            size += sum(map(_size_of_fault, self._faults))
        if self._parts:
            size += sum([500 + len(part.name) + len(part.text or "") for part in self._parts])
        return size


def _described(fault: Applied) -> AppliedFault:
    """Return what applied, without credentials of the fault; those of the call are masked with the exchange."""
    masker = Masker()
    applied = fault.applied(masker.document)
    return applied._replace(sentence=masker.without_echoes(applied.sentence))


def _size_of_fault(fault: AppliedFault) -> int:
    return OVERHEAD_OF_FAULT + len(fault.sentence)


def _masked_fault(fault: AppliedFault, masker: Masker) -> AppliedFault:
    return fault._replace(sentence=masker.without_echoes(fault.sentence)[:LONGEST_SENTENCE])


def _itself(content: Content) -> Content:
    return content


def _kept(body: bytes, limit: int) -> _Body:
    size = len(body)
    return (b"", size) if size and b"\0" in body else (body if size <= limit else body[:limit], size)


def _kept_parts(parts: Iterable[Part], limit: int) -> tuple[JournalledPart, ...]:
    return tuple(
        [JournalledPart(one.name, one.filename, one.content_type, one.size, _text_of(one, limit)) for one in parts]
    )


def _text_of(part: Part, limit: int) -> str | None:
    if part.filename is not None:
        return None
    part.file.seek(0)
    head = part.file.read(limit)
    part.file.seek(0)
    return None if b"\0" in head else head.decode("utf-8", "replace")


def _masked_parts(parts: Sequence[JournalledPart], masker: Masker) -> tuple[JournalledPart, ...]:
    texts = masker.members([(part.name, part.text) for part in parts]) if parts else ()
    return tuple([part._replace(name=name, text=text) for part, (name, text) in zip(parts, texts, strict=True)])
