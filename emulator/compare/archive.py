"""Files of recorded exchanges: HAR 1.2, or JSON lines, by the suffix of their name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from emulator.errors import ConfigurationError
from emulator.journal.entry import Exchange
from emulator.journal.har import har, har_entry

HAR = ".har"
LINES = (".jsonl", ".ndjson")


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
