"""Guesses the parameters in the paths of recorded calls: "/pets/12" is "/pets/{petId}"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from emulator.declared.guessing import KEYS, singular
from emulator.exchange import Document
from emulator.journal.masking import is_masked

_VERSION = re.compile(r"api|rest|v\d+(?:\.\d+)*", re.IGNORECASE)
_WORDS = re.compile(r"[A-Za-z0-9]+")
_LONG = 8
"""A segment of so many characters with a digit in it is a value."""


def base_of(paths: Iterable[str]) -> str:
    """Return the segments with which all paths begin that name an API or its version: "/api/v1"."""
    base: list[str] = []
    for segments in zip(*(path.split("/")[1:-1] for path in paths), strict=False):
        if len(set(segments)) > 1 or not _VERSION.fullmatch(segments[0]):
            break
        base.append(f"/{segments[0]}")
    return "".join(base)


def keys_in(document: Document) -> set[str]:
    """Return the values of keys in a document, at any depth: they are values in paths, too."""
    found: set[str] = set()
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            found |= {str(value[name]) for name in KEYS if isinstance(value.get(name), str | int)}
    return found


def template(path: str, keys: set[str]) -> str:
    """Return a path with parameters in the places of values."""
    segments: list[str] = []
    for segment in path.split("/")[1:]:
        is_value = _is_value(segment) or (segment in keys and bool(segments) and not segments[-1].startswith("{"))
        segments.append(f"{{{_free_name(segments)}}}" if is_value else segment)
    return "/" + "/".join(segments)


def _is_value(segment: str) -> bool:
    if segment.startswith("{"):
        return False
    has_digit = any(sign.isdigit() for sign in segment)
    is_number = segment.isdigit() or (has_digit and len(segment) >= _LONG)
    return is_number or is_masked(segment) or any(sign in segment for sign in "%{}@")


def _free_name(before: Sequence[str]) -> str:
    """Return the name of a parameter, by the segment before it: "petId"."""
    literal = next((one for one in reversed(before) if not one.startswith("{")), "")
    words = _WORDS.findall(singular(literal))
    name = "".join([words[0][:1].lower() + words[0][1:], *map(str.capitalize, words[1:])]) + "Id" if words else "id"
    taken = sum(one.strip("{}").rstrip("0123456789") == name for one in before)
    return f"{name}{taken + 1}" if taken else name
