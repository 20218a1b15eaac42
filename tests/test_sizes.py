"""How large files and functions of the emulator are: what is larger does several things, and is hard to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "emulator").rglob("*.py"))

LONGEST_FILE = 400
MEDIAN_FUNCTION, LONG_FUNCTION = 8, 30
"""In lines, with signature and docstring: at the median, and at the 90th percentile."""


def functions() -> Iterator[tuple[int, str]]:
    """Yield how many lines each function has, and where it is."""
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                yield node.end_lineno - node.lineno + 1, f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"


def test_no_file_is_longer_than_400_lines() -> None:
    lines = {str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines()) for file in FILES}
    assert {file: count for file, count in lines.items() if count > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    found = sorted(functions(), reverse=True)
    lengths = [lines for lines, _ in found]
    longest = "\n".join(f"{lines} {where}" for lines, where in found[:20])
    assert median(lengths) <= MEDIAN_FUNCTION, longest
    assert quantiles(lengths, n=10)[-1] <= LONG_FUNCTION, longest
