"""Reads a large JSON file a few members at a time: only one piece is in memory, whatever the file's size and shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeAlias, cast

from emulator.json_text import BYTE_ORDER_MARK
from emulator.vendors.secoda.errors import NO_JSON

BLOCK = 64 * 1024
"""How many bytes are read at once; a piece ends with the first value that ends this many bytes after its start."""

PIECE_BYTES = 2 * 1024 * 1024
"""The maximum size of a value, such as one node of a manifest: while it is parsed, nothing else runs."""


Members: TypeAlias = "dict[str, Any] | list[Any]"
"""Some of the members of one object, or of the elements of one array."""

_STRING_REST = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
"""A string after its opening quote, without the closing one."""

_STRING_END = re.compile(_STRING_REST + rb'("?+)', re.DOTALL)
_TOKEN = re.compile(
    # A container without another one inside, a string whose end may not be read yet, a bracket.
    rb'[{\[](?:[^"{}\[\]]++|"' + _STRING_REST + rb'")*+[}\]]|"' + _STRING_REST + rb'("?+)|[{}\[\]]',
    re.DOTALL,
)
_LAST_KEY = re.compile(rb'"([^"\\]*+)"\s*:\s*$')
_LONGEST_KEY = 200
_QUOTE = ord('"')
_OPENING = b"{["
_CLOSING = b"}]"
_COUNTERPART = {b"{": b"}", b"[": b"]"}
_STAND_IN = {b"{": b'"":0', b"[": b"0"}


class UnreadableJson(Exception):
    """The file is not JSON, or exceeds a limit: str() is a sentence."""


class JsonMembers:
    """A file with an object of objects and arrays, such as dbt's artifacts, split into pieces of each of these.

    It is read like by Python's json module, which writes dbt's artifacts: NaN, Infinity and a byte order mark are
    accepted, but not whole numbers of more than 4,300 digits, or more than `max_depth` levels.
    """

    def __init__(self, file: BinaryIO, max_depth: int) -> None:
        self._file = file
        self._max_depth = max_depth
        self._depth = 0
        self._inside_string = False
        # The file without the content of its second-level containers; the content of the current one.
        self._outline = bytearray()
        self._piece = bytearray()
        self._name = ""
        self._bracket = b""
        self._is_first = True

    def blocks(self) -> Iterator[list[tuple[str, Members]]]:
        """Yield, for each block of the file, the pieces that it completes: name of the container, and members.

        Raises UnreadableJson.
        """
        self._file.seek(0)
        block = self._read_block().removeprefix(BYTE_ORDER_MARK)
        while block:
            yield list(self._completed_by(block))
            block = self._read_block()
        _parse(bytes(self._outline))

    def _read_block(self) -> bytes:
        """Read a block; it does not end within an escape sequence."""
        block = self._file.read(BLOCK)
        while block.endswith(b"\\") and (more := self._file.read(BLOCK)):
            block += more
            _refuse_longer(block)
        return block

    def _completed_by(self, block: bytes) -> Iterator[tuple[str, Members]]:
        taken = scanned = 0
        if self._inside_string:
            rest = _STRING_END.match(block)
            assert rest is not None, "it matches the empty string"
            self._inside_string, scanned = not rest[1], rest.end()
        for token in _TOKEN.finditer(block, scanned):
            start, end = token.span()
            if block[start] == _QUOTE:
                self._inside_string = not token[1]
                continue
            opens, closes = block[start] in _OPENING, block[end - 1] in _CLOSING
            if opens:
                self._descend()
                if self._depth == 2:
                    self._outline += block[taken : start + 1]
                    taken = start + 1
                    self._begin(block[start : start + 1])
            if closes:
                self._ascend()
                if self._depth == 1:
                    self._piece += block[taken : end - 1]
                    taken = end - 1
                    yield self._name, self._take_piece()
                elif self._depth == 2 and len(self._piece) + end - taken >= BLOCK:
                    self._piece += block[taken:end]
                    taken = end
                    yield self._name, self._take_piece()
        rest_of_it = self._piece if self._depth > 1 else self._outline
        rest_of_it += block[taken:]
        _refuse_longer(rest_of_it)

    def _descend(self) -> None:
        self._depth += 1
        if self._depth > self._max_depth:
            raise UnreadableJson(f"This is nested deeper than {self._max_depth} levels.")

    def _ascend(self) -> None:
        self._depth -= 1
        if self._depth < 0:
            raise UnreadableJson(NO_JSON)

    def _begin(self, bracket: bytes) -> None:
        key = _LAST_KEY.search(self._outline[-_LONGEST_KEY:-1])
        self._name = key[1].decode("utf-8", "replace") if key else ""
        self._bracket, self._is_first = bracket, True

    def _take_piece(self) -> Members:
        """Return the members of the piece. After a previous piece, it begins with a comma, or is empty."""
        _refuse_longer(self._piece)
        content = bytes(self._piece)
        self._piece.clear()
        if self._is_first:
            self._is_first = False
            return cast("Members", _parse(self._bracket + content + _COUNTERPART[self._bracket]))
        # A value before the comma.
        members = _parse(self._bracket + _STAND_IN[self._bracket] + content + _COUNTERPART[self._bracket])
        del members["" if isinstance(members, dict) else 0]
        return cast("Members", members)


def _parse(text: bytes) -> Any:
    try:
        return json.loads(text.decode())
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise UnreadableJson(NO_JSON) from None
    except ValueError:
        # The only other error of Python's reader: sys.get_int_max_str_digits().
        raise UnreadableJson("A whole number has more than 4300 digits.") from None


def _refuse_longer(piece: bytes | bytearray) -> None:
    if len(piece) > PIECE_BYTES:
        raise UnreadableJson(f"A value of the file is longer than {PIECE_BYTES} bytes.")
