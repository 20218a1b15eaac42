"""Parses the text of a parameter as a number, as the vendor's framework does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias

Number: TypeAlias = int | float

LARGEST_SAFE = 2**53 - 1
"""JavaScript represents every whole number up to this one exactly."""

LONGEST_PLAIN = 1e21
SHORTEST_PLAIN = 1e-6
"""JavaScript writes numbers between these without an exponent."""

_JAVASCRIPT_SPACE = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]*"
_JOI_NUMBER = re.compile(
    rf"{_JAVASCRIPT_SPACE}([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?){_JAVASCRIPT_SPACE}", re.IGNORECASE
)


def read_plain(text: str) -> Number | None:
    """Read a number of digits, optionally with a minus and a decimal point; None for any other text."""
    if re.fullmatch(r"-?[0-9]{1,100}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?[0-9]{1,18}\.[0-9]{1,18}", text) else None


def read_joi(text: str) -> Number | None:
    """Read a number as joi converts a string ("200.0", "2e2", " +200 "); None for one that it refuses.

    A whole number is returned as an int. joi also refuses numbers that JavaScript cannot represent exactly
    (joi 17, lib/types/number.js): `is_joi_number` distinguishes them from other text.
    """
    matched = _JOI_NUMBER.fullmatch(text)
    if matched is None:
        return None
    written, exponent = matched.group(1, 2)
    value = float(written)
    if abs(value) > LARGEST_SAFE or not _is_exact(written, exponent is not None, value):
        return None
    return int(value) if value.is_integer() else value


def is_joi_number(text: str) -> bool:
    """Return True if joi reads a text as a number, even one that JavaScript cannot represent exactly."""
    return _JOI_NUMBER.fullmatch(text) is not None


def _is_exact(written: str, has_exponent: bool, value: float) -> bool:
    """Return True if JavaScript would write the same digits."""
    if value == 0:
        return not re.search(r"[1-9]", written.lower().partition("e")[0])
    if not has_exponent and not SHORTEST_PLAIN <= abs(value) < LONGEST_PLAIN:
        return True
    return Decimal(written) == Decimal(repr(value))


def read_python(text: str) -> Number | None:
    """Read a whole number as Python's int() does ("+2", " 2 ", "02", "2_0", digits of any script); None for others."""
    try:
        return int(text)
    except ValueError:
        return None


NUMBERS: Mapping[str, Callable[[str], Number | None]] = {"plain": read_plain, "joi": read_joi, "python": read_python}
"""The values of the convention number-parameter."""
