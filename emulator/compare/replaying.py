"""Sends recorded calls to the emulator, and compares its replies with the recorded ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from aiohttp import ClientError, ClientSession, hdrs

from emulator.compare.archive import RecordedExchange, RecordedMessage
from emulator.compare.comparison import Comparison, Difference, Row, call_of
from emulator.compare.locating import Locator
from emulator.compare.reading import ExchangeReader
from emulator.compare.structure import structural_differences, texts_at_the_same_place
from emulator.errors import EmulatorError
from emulator.exchange import NOTHING

IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{6,}")
"""What may be an id that the vendor gave, and the emulator gives otherwise."""

CREDENTIALS = frozenset({"authorization", "x-api-key", "x-api-secret", "cookie"})
HEADERS = ("content-type", "accept", "if-none-match")
"""The headers that are sent again."""


class Replayer:
    """Replays the exchanges of one vendor in a sandbox.

    `root` is the vendor's root there, `headers` present a credential. Ids that the emulator gives otherwise than the
    vendor are replaced in later calls.
    """

    def __init__(
        self, reader: ExchangeReader, comparison: Comparison, root: str, headers: Mapping[str, str], upstream: str = ""
    ) -> None:
        self._reader = reader
        self._comparison = comparison
        self._root = root
        self._headers = headers
        self._locator = Locator(reader, upstream)
        self._ids: dict[str, str] = {}

    async def replay(self, recorded: RecordedExchange, session: ClientSession) -> None:
        """Replay an exchange; one with another host, or without a body that was sent, is left out.

        Raises EmulatorError if the emulator cannot be reached.
        """
        found = self._locator.locate(recorded)
        if found is None or not recorded.status or recorded.call.body is None:
            self._comparison.left_out += 1
            return
        status, content = await self._send(recorded, found[1], session)
        reply = RecordedMessage((), content)
        self._learn(reply.document, recorded.reply.document)
        call = call_of(recorded, *found)
        match = await self._reader.match(call)
        if not match.operations:
            self._comparison.unmatched.append(f"{recorded.method} {found[1]} {recorded.status}")
        seen = f"{recorded.method} {recorded.url} ({recorded.place})"
        for operation in match.operations:
            key = operation, recorded.status
            row = self._comparison.rows.setdefault(key, Row(*key, "replayed"))
            row.calls += 1
            for difference in _differences(status, reply, recorded, seen):
                row.add(difference)

    async def _send(self, recorded: RecordedExchange, path: str, session: ClientSession) -> tuple[int, bytes]:
        steps = [quote(self._ours(unquote(step)), safe="") for step in path.split("/")]
        query = urlsplit(recorded.url).query
        url = f"{self._root}{'/'.join(steps)}" + (f"?{self._with_our_ids(query)}" if query else "")
        sent = {name: value for name, value in recorded.call.headers if name.lower() in HEADERS}
        had_credentials = any(name.lower() in CREDENTIALS for name, _ in recorded.call.headers)
        if had_credentials and recorded.status != 401:
            sent |= self._headers
        body = self._with_our_ids((recorded.call.body or b"").decode("utf-8", "surrogateescape"))
        try:
            async with session.request(
                recorded.method,
                url,
                headers=sent,
                data=body.encode("utf-8", "surrogateescape") or None,
                allow_redirects=False,
                skip_auto_headers=(hdrs.CONTENT_TYPE,),
            ) as reply:
                return reply.status, await reply.read()
        except (ClientError, OSError) as problem:
            raise EmulatorError(f"{self._root} cannot be reached: {problem}") from None

    def _learn(self, ours: Any, theirs: Any) -> None:
        for our, their in texts_at_the_same_place(ours, theirs):
            if IDENTIFIER.fullmatch(their) and IDENTIFIER.fullmatch(our):
                self._ids.setdefault(their, our)

    def _ours(self, text: str) -> str:
        return self._ids.get(text, text)

    def _with_our_ids(self, text: str) -> str:
        return IDENTIFIER.sub(lambda found: self._ours(found[0]), text) if self._ids else text


def _differences(status: int, reply: RecordedMessage, recorded: RecordedExchange, seen: str) -> Iterator[Difference]:
    ours, theirs = reply.document, recorded.reply.document
    if status != recorded.status:
        sentence = f"the emulator replied {status}, the vendor {recorded.status}"
        yield Difference("status", "", "enum", status, recorded.status, sentence, seen)
    elif (ours is NOTHING) is not (theirs is NOTHING):
        if reply.body and recorded.reply.body:
            who = "emulator" if ours is NOTHING else "vendor"
            yield Difference("body", "", "structure", NOTHING, NOTHING, f"the {who}'s body is not JSON", seen)
    elif ours is not NOTHING:
        for pointer, our, their in structural_differences(ours, theirs):
            sentence = f"{our} in the emulator's reply, {their} in the vendor's"
            yield Difference("body", pointer, "structure", our, their, sentence, seen)
