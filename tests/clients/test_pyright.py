"""pyright, which completes and checks in editors, reads the sample that mypy reads in tests/test_typed.py."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.clients.conftest import Client
from tests.test_typed import SAMPLE


def test_pyright_finds_the_mistakes_and_nothing_else(client: Callable[[str], Client]) -> None:
    mistaken = [number for number, line in enumerate(SAMPLE.read_text("utf-8").splitlines(), 1) if "# mistake" in line]
    assert client("pyright").script("pyright_errors.py", str(SAMPLE), sys.executable) == mistaken
