"""Texts that match a regular expression, such as a schema's `pattern`."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any

from emulator.runtime.private import parsed_pattern

CHARACTERS = string.ascii_letters + string.digits + string.punctuation + " "
_CLASSES: Mapping[str, Callable[[str], bool]] = {
    "DIGIT": str.isdecimal,
    "SPACE": str.isspace,
    "WORD": lambda one: one.isalnum() or one == "_",
}
_LENGTHS = (1, 2, 4, 8, 16, 32, 64, 128)
"""How many more repetitions than necessary are tried, for a text that must be longer."""

_ATTEMPTS = 3
LONGEST = 1000
"""The most repetitions of a part."""


def matching(pattern: str, random: Random, least: int = 0, most: int | None = None) -> str | None:
    """Return a text of `least` to `most` characters that matches; None if none was found."""
    try:
        parsed, compiled = parsed_pattern(pattern), re.compile(pattern)
    except re.error:
        return None
    for more in (0, max(least - 1, 0), *_LENGTHS):
        for _ in range(_ATTEMPTS):
            made = _Maker(random, more).text(parsed)
            if least <= len(made) <= (len(made) if most is None else most) and compiled.search(made):
                return made
    return None


def fits(pattern: object, text: str) -> bool:
    """Return True if a text matches a schema's pattern; also if there is none that Python knows."""
    try:
        return not isinstance(pattern, str) or re.search(pattern, text) is not None
    except re.error:
        return True


class _Maker:
    def __init__(self, random: Random, more: int) -> None:
        self._random = random
        self._more = more
        self._groups: dict[int, str] = {}

    def text(self, parsed: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self._part(operation.name, argument) for operation, argument in parsed)

    def _part(self, name: str, argument: Any) -> str:
        if name == "LITERAL":
            return chr(argument)
        if name == "NOT_LITERAL":
            return self._one_of([one for one in CHARACTERS if one != chr(argument)])
        if name == "ANY":
            return self._one_of(string.ascii_lowercase)
        if name == "IN":
            return self._one_of(_members(argument))
        if name == "BRANCH":
            return self.text(self._random.choice(argument[1]))
        if name == "GROUPREF":
            return self._groups.get(argument, "")
        return self._nested(name, argument)

    def _nested(self, name: str, argument: Any) -> str:
        if name.endswith("_REPEAT"):
            least, most, part = argument
            return "".join(self.text(part) for _ in range(min(most, least + self._more, LONGEST)))
        if name == "SUBPATTERN":
            made = self._groups[argument[0]] = self.text(argument[-1])
            return made
        # Positions and what is ahead add nothing: whether they fit is seen afterwards.
        return self.text(argument) if name == "ATOMIC_GROUP" else ""

    def _one_of(self, characters: Sequence[str]) -> str:
        return self._random.choice(characters) if characters else ""


def _members(items: Sequence[tuple[Any, Any]]) -> list[str]:
    """Return the characters of a class: `[a-z_]`, `[^0-9]`."""
    is_negated = items[0][0].name == "NEGATE"
    found = [one for one in CHARACTERS if any(_is_in(one, kind.name, of) for kind, of in items) is not is_negated]
    ranges = (of for kind, of in items if kind.name == "RANGE")
    return found or [chr(first) for first, _ in ranges] or [chr(of) for kind, of in items if kind.name == "LITERAL"]


def _is_in(one: str, kind: str, of: Any) -> bool:
    if kind == "LITERAL":
        return bool(ord(one) == of)
    if kind == "RANGE":
        return bool(of[0] <= ord(one) <= of[1])
    if kind != "CATEGORY":
        return False
    name = of.name.removeprefix("CATEGORY_")
    return _CLASSES[name.removeprefix("NOT_")](one) is not name.startswith("NOT_")
