"""Files of recorded exchanges: HAR 1.2, or JSON lines, by the suffix of their name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from emulator.errors import ConfigurationError, MalformedBody
from emulator.exchange import NOTHING
from emulator.journal.entry import Exchange
from emulator.journal.har import har, har_entry
from emulator.recorded.har import HarEntry, entries_in, is_har

HAR = ".har"
LINES = (".jsonl", ".ndjson")


Pairs: TypeAlias = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """The head of a call or reply, and its body; None if the recording does not have it, or not whole."""

    headers: Pairs
    body: bytes | None

    @property
    def document(self) -> Any:
        """The JSON in the body, NOTHING if there is none."""
        try:
            return read_json(self.body) if self.body else NOTHING
        except MalformedBody:
            return NOTHING


def read_json(body: bytes) -> Any:
    """Return the JSON in a body, which may begin with a byte order mark. Raises MalformedBody."""
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise MalformedBody("the body cannot be read: it is nested too deeply") from None
    except ValueError as problem:
        raise MalformedBody(f"the body is not JSON: {problem}") from None


def _refuse(constant: str) -> NoReturn:
    """Refuse what Python reads, and JSON does not have: NaN, Infinity and -Infinity."""
    raise ValueError(f"{constant} is not a JSON value")


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """An exchange from a file. `place` says where: "calls.har entry 3"; `status` is 0 if there was no reply.

    `vendor` is the vendor's name in the emulator, if the emulator wrote the file; `is_repeated` says that it is a write
    that was sent again, because its first reply was lost.
    """

    place: str
    method: str
    url: str
    call: RecordedMessage
    status: int
    reply: RecordedMessage
    time: datetime
    seconds: float
    vendor: str = ""
    is_repeated: bool = False


class ArchiveWriter:
    """A new file to which exchanges are added one by one. It is complete after each. A context manager.

    Raises ConfigurationError for another suffix, and for a file that exists or cannot be written.
    """

    def __init__(self, path: Path, version: str) -> None:
        if path.suffix not in (HAR, *LINES):
            raise ConfigurationError(f"{path}: expected a name that ends in {HAR}, {' or '.join(LINES)}")
        try:
            self._file = path.open("xb")
        except FileExistsError:
            raise ConfigurationError(f"{path} exists already; name a new file") from None
        except OSError as problem:
            raise ConfigurationError(f"{path} cannot be written: {problem.strerror}") from None
        self._is_har = path.suffix == HAR
        self._end = b""
        self._separator = b""
        if self._is_har:
            head, self._end = _around(har([], version))
            self._write(head)

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, exchange: Exchange) -> None:
        """Add an exchange. Raises OSError if the disk is full."""
        if self._is_har:
            self._write(self._separator + _line(har_entry(exchange)))
            self._separator = b",\n"
        else:
            self._write(_line(exchange.document()) + b"\n")

    def _write(self, text: bytes) -> None:
        """Write in the place of the end, and the end behind it."""
        self._file.write(text)
        place = self._file.tell()
        self._file.write(self._end)
        self._file.flush()
        self._file.seek(place)


def _around(document: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the text of an empty archive, before and after its entries."""
    head, _, end = _line(document).partition(b'"entries": []')
    return head + b'"entries": [\n', b"\n]" + end + b"\n"


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def read_archive(path: Path) -> Iterator[RecordedExchange]:
    """Yield the exchanges of a file: of any program's HAR, or of JSON lines as the emulator writes them.

    Raises ConfigurationError for a file that cannot be read, with the place.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as problem:
        raise ConfigurationError(f"{path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise ConfigurationError(f"{path} cannot be read: byte {problem.start} is not UTF-8") from None
    if path.suffix in LINES:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield _from(_exchange_of_line, line, f"{path.name} line {number}")
        return
    document = _from(lambda text, _: json.loads(text), text, str(path))
    if not is_har(document):
        raise ConfigurationError(f"{path}: not a HAR file: log.entries is missing")
    for entry in entries_in(document):
        yield _from(_exchange_of_entry, entry, f"{path.name} {entry.place}")


def _from(read: Any, given: Any, place: str) -> Any:
    try:
        return read(given, place)
    except json.JSONDecodeError as problem:
        raise ConfigurationError(f"{place}: not JSON: {problem}") from None
    except RecursionError:
        raise ConfigurationError(f"{place}: nested too deeply") from None
    except KeyError as missing:
        raise ConfigurationError(f"{place}: not an exchange: it has no {missing.args[0]}") from None
    except ValueError as problem:
        raise ConfigurationError(f"{place}: not an exchange: {problem}") from None
    except (TypeError, AttributeError):
        said = "it has not the form that emulator record writes"
        raise ConfigurationError(f"{place}: not an exchange: {said}") from None


def _exchange_of_line(line: str, place: str) -> RecordedExchange:
    document = json.loads(line)
    call, reply = document["call"], document["reply"]
    return RecordedExchange(
        place,
        call["method"],
        call["url"],
        _message_of_line(call),
        reply["status"] if reply else 0,
        _message_of_line(reply) if reply else RecordedMessage((), None),
        _time(document["time"]),
        float(document["seconds"]),
        document["vendor"],
    )


def _message_of_line(message: Mapping[str, Any]) -> RecordedMessage:
    text, is_whole = message["body"], not message["body_cut"] and not message.get("parts")
    body = (text or "").encode() if is_whole and (text is not None or not message["body_size"]) else None
    return RecordedMessage([(name, value) for name, value in message["headers"]], body)


def _exchange_of_entry(entry: HarEntry, place: str) -> RecordedExchange:
    for name in ("method", "url", "time"):
        if not getattr(entry, name):
            raise ValueError(f"it has no {name}")
    return RecordedExchange(
        place,
        entry.method,
        entry.url,
        RecordedMessage(entry.call.headers, entry.call.body),
        entry.status,
        RecordedMessage(entry.reply.headers, entry.reply.body),
        _time(entry.time),
        entry.milliseconds / 1000,
        entry.vendor,
    )


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
