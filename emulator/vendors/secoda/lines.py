"""Reads the lines of an uploaded file, with a limit on their length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from emulator.json_text import BYTE_ORDER_MARK
from emulator.vendors.secoda.reports import Report

LONGEST = 1024 * 1024
"""The maximum length of a line in bytes; a longer one is an error."""


class Lines:
    """Reads lines one by one. `number` is that of the last line, `consumed` the number of bytes read so far."""

    def __init__(self, file: BinaryIO, report: Report) -> None:
        self.number = 0
        self.consumed = 0
        self._file = file
        self._report = report

    def __iter__(self) -> Iterator[bytes]:
        """Yield each line with its line break; report a line that is too long, and yield an empty one instead."""
        self._file.seek(0)
        while line := self._file.readline(LONGEST):
            self.number += 1
            self.consumed += len(line)
            if self.number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if len(line) >= LONGEST and not line.endswith(b"\n"):
                self._skip_rest()
                self._report.error(self.number, None, f"The line is longer than {LONGEST} bytes.")
                line = b"\n"
            yield line

    def text(self) -> Iterator[str]:
        """Yield each line as text; bytes that are not UTF-8 become U+FFFD, with a warning."""
        for line in self:
            try:
                yield line.decode()
            except UnicodeDecodeError as problem:
                self._report.warning(self.number, problem.start + 1, "Not UTF-8.")
                yield line.decode("utf-8", "replace")

    def _skip_rest(self) -> None:
        while rest := self._file.readline(LONGEST):
            self.consumed += len(rest)
            if rest.endswith(b"\n"):
                return
