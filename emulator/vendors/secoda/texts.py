"""Texts as Django REST framework's CharField accepts them (fields.py, and the validators that it adds)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

BLANK = "This field may not be blank."
NO_NULL_CHARACTERS = "Null characters are not allowed."

_SURROGATE = re.compile("[\ud800-\udfff]")


def read_text(value: str | float) -> str:
    """Return a stripped text; a number becomes a text with all its digits."""
    return str(value).strip()


def is_number(value: Any) -> bool:
    """Return True for a number: CharField converts it to a text, but not true and false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_problems(value: str | float, *, may_be_blank: bool = False) -> Sequence[str]:
    """Return the errors of a text, or of a number instead: none, one or two sentences."""
    text = read_text(value)
    if not text:
        return () if may_be_blank else (BLANK,)
    return character_problems(text)


def character_problems(text: str) -> Sequence[str]:
    """Return errors for the characters of a text that cannot be stored."""
    if text.isascii():
        return (NO_NULL_CHARACTERS,) if "\0" in text else ()
    surrogate = _SURROGATE.search(text)
    return (
        *((NO_NULL_CHARACTERS,) if "\0" in text else ()),
        *((f"Surrogate characters are not allowed: U+{ord(surrogate[0]):X}.",) if surrogate else ()),
    )
