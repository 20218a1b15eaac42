"""Texts for regular expressions: each matches, the same for the same random choices."""

from __future__ import annotations

import re
from random import Random

import pytest

from emulator.declared.patterns import matching

PATTERNS = [
    "^A-[0-9]{4}$",
    r"^[a-z]+@example\.(com|org)$",
    r"^(?!foo)\w{3,5}$",
    r"^\+[1-9]\d{1,14}$",
    r"(a|b)\1",
    r"^[^\s]+\D\S$",
    "^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$",
    "^#?[^a-z]é+.*$",
    "^$",
    "x*",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("seed", range(5))
def test_text_matches_its_pattern(pattern: str, seed: int) -> None:
    made = matching(pattern, Random(seed))
    assert made is not None
    assert re.search(pattern, made)
    assert matching(pattern, Random(seed)) == made


def test_text_has_the_wanted_length() -> None:
    made = matching("^[a-z]+-[0-9]*$", Random(1), 20, 60)
    assert made is not None
    assert 20 <= len(made) <= 60
    assert len(matching("^[a-z]+$", Random(1), 7, 7) or "") == 7


@pytest.mark.parametrize("pattern", ["(", r"^\p{L}$", "^a(?<!a)$", "^(?=b)a$"])
def test_pattern_that_python_does_not_know_or_that_nothing_matches_gives_none(pattern: str) -> None:
    assert matching(pattern, Random(1)) is None
