"""Reads and writes JSON as the vendors' frameworks do, including values that they accept and JSON does not.

orjson reads and writes nearly all bodies. Where a framework differs from it (integers beyond 64 bits, lone surrogates,
numbers that JavaScript rounds), a scan of the bytes or orjson's own error leads to Python's json.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple, NoReturn

import orjson

from emulator.errors import MalformedBody

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
EXACT_DIGITS = 15
"""A double represents every integer with this many digits exactly."""

LARGEST_INDEX = 2**32 - 2
"""V8 puts the keys from "0" to this one first in an object, in ascending order."""

EXPONENTIAL_FROM = 1e21
"""JavaScript writes whole numbers below this one without an exponent."""

_NUMERALS = bytes(
    ord("0") if byte in b"0123456789" else ord(".") if byte in b".eE" else ord(" ") for byte in range(256)
)
"""A table for `translate`: digits become "0", other characters of a number "."."""

_ROUNDED = (b"0.", b"0" * (EXACT_DIGITS + 1))
"""In a translated text: a number that JavaScript may write differently."""

_LONG = (b"0" * 19,)
"""In a translated text: an integer that orjson may read as a float."""


class _Unlike(NamedTuple):
    """What orjson may write differently from another writer. `hints` is a fast check that finds every candidate."""

    hints: Sequence[re.Pattern[bytes]]
    text: re.Pattern[bytes]

    def may_be_in(self, text: bytes) -> bool:
        return any(hint.search(text) for hint in self.hints) and self.text.search(text) is not None


_AFTER_INDEX = b"|".join(b'(?<="[0-9]{%d}":)' % digits for digits in range(1, len(str(LARGEST_INDEX)) + 1))

_UNLIKE_JAVASCRIPT = _Unlike(
    (re.compile(rb"\.0[,\]}]"), re.compile(rb"e[-+](?:6|1[6-9]|20)[,\]}]"), re.compile(b'":(?:%s)' % _AFTER_INDEX)),
    re.compile(rb'[:,\[{](?:-?[0-9]+(?:\.0|(?:\.[0-9]+)?e(?:-6|\+(?:1[6-9]|20)))[,\]}]|"[0-9]+":)'),
)
"""1.0, 1e-6, 1e+16 to 1e+20, and keys that are integers."""

_UNLIKE_PYTHON = _Unlike(
    (re.compile(rb"e-[0-9][,\]}]"), re.compile(rb"0\.0000")),
    re.compile(rb"[:,\[]-?(?:0\.0000[0-9]+|[0-9](?:\.[0-9]+)?e-[0-9])[,\]}]"),
)
"""1e-05 to 1e-09."""

_CANONICAL = re.compile("0|[1-9][0-9]{0,9}")

_SURROGATE = re.compile("[\ud800-\udfff]")


UNICODE = ("utf-8", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be")
"""The charsets of body-parser; it refuses "utf8" without the hyphen."""

_TEXT_CODECS = re.compile(r"utf-(8|16|32)|ascii|iso8859|cp\d|koi8|mac|shift_jis|euc|gb|big5")
"""The beginnings of the names of Python's text codecs: others are slow, or are not for text."""


class UnsupportedCharset(Exception):
    """The framework does not read bodies in this charset."""


class Reading(NamedTuple):
    """How a framework reads a JSON body, and writes one.

    `doubles`: every number is a double, and is written as by JSON.stringify; else integers keep all their digits.
    `replaces`: bytes that are not UTF-8 become U+FFFD; else they are refused. `skips_mark`: a byte order mark at the
    start is skipped; else it is refused. `refuses_key`: an object with this key is refused. `charset`: the charset of
    the content type is "ignored", must be "unicode", or may be one of "many".
    """

    doubles: bool = False
    replaces: bool = False
    skips_mark: bool = False
    refuses_key: str | None = None
    charset: str = "ignored"

    def read(self, body: bytes, charset: str = "") -> Any:
        """Return the document; `charset` is what the content type says, in lower case.

        Raises MalformedBody, in the words of Python's json module, or UnsupportedCharset.
        """
        if charset not in ("", "utf-8") and self.charset != "ignored":
            body = self._to_utf_8(body, charset)
        if self.skips_mark:
            body = body.removeprefix(BYTE_ORDER_MARK)
        numerals = body.translate(_NUMERALS)
        differs = any(pattern in numerals for pattern in (_ROUNDED if self.doubles else _LONG))
        document = self._read_slowly(body) if differs else self._read(body)
        if self.refuses_key is not None and self._may_have_key(body) and has_key(document, self.refuses_key):
            raise MalformedBody(f"the key {self.refuses_key} is not allowed")
        return document

    def write(self, document: Any) -> bytes:
        """Return the document as the framework writes it: JSON.stringify if numbers are doubles, else Python's json.

        Integers keep all their digits: `read` has already rounded them if the framework does.
        """
        try:
            # A copy, as in write_json.
            text = bytes(memoryview(orjson.dumps(document)))
        except TypeError:
            return self._write_slowly(document)
        unlike = _UNLIKE_JAVASCRIPT if self.doubles else _UNLIKE_PYTHON
        differs = isinstance(document, float) or unlike.may_be_in(text)
        return self._write_slowly(document) if differs else text

    def _write_slowly(self, document: Any) -> bytes:
        return (stringify(document) if self.doubles else _write_slowly(document)).encode()

    def _may_have_key(self, body: bytes) -> bool:
        # An escape can stand for any letter of the key.
        return (self.refuses_key or "").encode() in body or b"\\u" in body

    def _to_utf_8(self, body: bytes, charset: str) -> bytes:
        if self.charset == "unicode" and charset not in UNICODE:
            raise UnsupportedCharset(charset)
        codec = _codec(charset)
        try:
            return body.decode(codec, "replace" if self.replaces else "strict").encode("utf-8", "surrogatepass")
        except UnicodeDecodeError as problem:
            raise MalformedBody(str(problem)) from None

    def _read(self, body: bytes) -> Any:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            return self._read_slowly(body)

    def _read_slowly(self, body: bytes) -> Any:
        integer, number = (_rounded_integer, _rounded) if self.doubles else (None, None)
        try:
            text = body.decode("utf-8", "replace" if self.replaces else "strict")
            return json.loads(text, parse_int=integer, parse_float=number, parse_constant=_refuse_constant)
        except json.JSONDecodeError as problem:
            place = f"line {problem.lineno} column {problem.colno} (char {problem.pos})"
            raise MalformedBody(problem.msg, place) from None
        except ValueError as problem:
            raise MalformedBody(str(problem)) from None
        except RecursionError:
            raise MalformedBody("nested too deep") from None


READINGS: Mapping[str, Reading] = {
    "express": Reading(doubles=True, replaces=True, skips_mark=True, charset="unicode"),
    "hapi": Reading(doubles=True, replaces=True, refuses_key="__proto__"),
    "django": Reading(charset="many"),
}
"""By the framework that a contract names in x-conventions, json-reading.

"express" is body-parser 1, "hapi" hapi 21, "django" Django REST framework 3: each was run beside this.
"""


def _codec(charset: str) -> str:
    """Return Python's codec for a charset, UTF-8 for one that there is not, as Django does."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return "utf-8"
    return name if _TEXT_CODECS.match(name) else "utf-8"


def write_json(document: Any, *, sort_keys: bool = False) -> bytes:
    """Return the document as JSON text: of any integer; a lone surrogate as its escape, infinity and NaN as null."""
    options = orjson.OPT_SORT_KEYS if sort_keys else 0
    try:
        # A copy: the memory of what orjson returns is that of its buffer, four kilobytes at least.
        return bytes(memoryview(orjson.dumps(document, option=options)))
    except TypeError:
        return _write_slowly(document, sort_keys).encode()


def stringify(document: Any, indent: str = "", margin: str = "\n") -> str:
    """Return the document as JSON.stringify writes it (V8, run on Node 20): its numbers, the order of its keys."""
    inner = margin + indent
    if isinstance(document, dict):
        colon = ": " if indent else ":"
        pairs = _indices_first(document) if any(map(_is_index, document)) else document.items()
        entries = [f"{_scalar(key)}{colon}{stringify(value, indent, inner)}" for key, value in pairs]
        return _enclosed("{", entries, "}", inner if indent else "", margin)
    if isinstance(document, list | tuple):
        entries = [stringify(entry, indent, inner) for entry in document]
        return _enclosed("[", entries, "]", inner if indent else "", margin)
    return _number(document) if isinstance(document, float) else _scalar(document)


def _enclosed(start: str, entries: Sequence[str], end: str, inner: str, margin: str) -> str:
    if not entries or not inner:
        return f"{start}{','.join(entries)}{end}"
    return f"{start}{inner}{f',{inner}'.join(entries)}{margin}{end}"


def _indices_first(document: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    indices = sorted(filter(_is_index, document), key=int)
    return [(key, document[key]) for key in (*indices, *(key for key in document if not _is_index(key)))]


def _is_index(key: str) -> bool:
    return _CANONICAL.fullmatch(key) is not None and int(key) <= LARGEST_INDEX


def _scalar(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _escaped(json.dumps(value, ensure_ascii=False))


def _number(value: float) -> str:
    """Return a number as JavaScript writes it (ECMA-262, Number::toString), infinity and NaN as null."""
    if not isfinite(value):
        return "null"
    sign, numerals, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, numerals))
    minus, point = "-" if sign and value else "", len(digits) + int(exponent)
    if -6 < point <= 0:
        return f"{minus}0.{'0' * -point}{digits}" if value else "0"
    if len(digits) <= point <= 21:
        return f"{minus}{digits.ljust(point, '0')}"
    if 0 < point <= 21:
        return f"{minus}{digits[:point]}.{digits[point:]}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{fraction}e{point - 1:+d}"


def stored_text(document: Any) -> str:
    """Return the text for `read_stored`: what orjson would read otherwise than it was is marked by a space in front."""
    try:
        return orjson.dumps(document).decode()
    except TypeError:
        return f" {_write_slowly(document)}"


def read_stored(text: str) -> Any:
    """Return the document of a `stored_text`."""
    return json.loads(text) if text.startswith(" ") else orjson.loads(text)


def without_surrogates(document: Any) -> Any:
    """Return the document with U+FFFD in the place of each lone surrogate, which UTF-8 cannot encode."""
    if isinstance(document, str):
        return _SURROGATE.sub("\ufffd", document)
    if isinstance(document, dict):
        return {without_surrogates(key): without_surrogates(value) for key, value in document.items()}
    return [without_surrogates(entry) for entry in document] if isinstance(document, list) else document


def has_surrogate(text: str) -> bool:
    """Return True if the text has a lone surrogate, which UTF-8 cannot encode."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def has_key(document: Any, key: str) -> bool:
    """Return True if an object in the document has the key."""
    within = [document]
    while within:
        outer = within.pop()
        if isinstance(outer, dict):
            if key in outer:
                return True
            within += outer.values()
        elif isinstance(outer, list):
            within += outer
    return False


def is_deeper(document: Any, levels: int) -> bool:
    """Return True if the document nests deeper than `levels`."""
    within = [document]
    for _ in range(levels + 1):
        within = [
            inner
            for outer in within
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(within)


def _rounded(text: str) -> int | float:
    """Return a number as JSON.stringify would write it: whole ones without a fraction, in the digits of the double."""
    value = float(text)
    if abs(value) < 2**53:
        return int(value) if value.is_integer() else value
    if value.is_integer() and abs(value) < EXPONENTIAL_FROM:
        return int(Decimal(repr(value)))
    return value


def _rounded_integer(text: str) -> int | float:
    return int(text) if len(text) <= EXACT_DIGITS else _rounded(text)


def _refuse_constant(name: str) -> NoReturn:
    # The words are those of Django REST framework's json module.
    raise ValueError(f"Out of range float values are not JSON compliant: {name!r}")


def _write_slowly(document: Any, sort_keys: bool = False) -> str:
    text = json.dumps(_finite(document), ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":"))
    return _escaped(text)


def _escaped(text: str) -> str:
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(document: Any) -> Any:
    if isinstance(document, float):
        return document if abs(document) < float("inf") else None
    if isinstance(document, dict):
        return {key: _finite(value) for key, value in document.items()}
    return [_finite(entry) for entry in document] if isinstance(document, list) else document
