"""What is imported when: inside functions only what a decision lists, and what users import is public."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import emulator

ROOT = Path(__file__).parents[1]
PACKAGE = Path(emulator.__file__).parent
DECISION = ROOT / "docs/decisions/imports-inside-functions.md"
ROW = re.compile(r"^\| `(emulator/[a-z_/]+\.py)` \| `([a-z_.]+)` \|", re.MULTILINE)
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef

PUBLIC = (
    "emulator",
    "emulator.client",
    "emulator.client.patch_dns",
    "emulator.errors",
    "emulator.exchange",
    "emulator.store.collection",
    "emulator.store.credentials",
    "emulator.store.records",
    "emulator.store.world",
    "emulator.testing",
    "emulator.testing.containers",
    "emulator.vendor",
)
"""What users and authors of vendors import from."""


def imports_inside_functions() -> Iterator[tuple[str, str]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        functions = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, FUNCTIONS)]
        for node in (node for function in functions for node in ast.walk(function)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in [node.module or ""] if isinstance(node, ast.ImportFrom) else names:
                yield file.relative_to(PACKAGE.parent).as_posix(), name


def test_each_import_inside_a_function_is_listed_with_its_gain() -> None:
    assert ROW.findall(DECISION.read_text("utf-8")) == sorted(set(imports_inside_functions()))


@pytest.mark.parametrize("module", PUBLIC)
def test_what_a_public_module_says_is_public_is_there(module: str) -> None:
    names = import_module(module).__all__
    assert names
    assert [name for name in names if not hasattr(import_module(module), name)] == []


def documented() -> Iterator[tuple[str, str]]:
    """Yield module and name of each import of the emulator in the pages and in the examples that they include."""
    # Not in CONTRIBUTING.md: who works on the emulator itself imports what is inside.
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    files = [*pages, *(ROOT / "tests/examples").rglob("*.py")]
    for text in (file.read_text("utf-8") for file in files if file.is_file()):
        for module, names in re.findall(r"^ *from (emulator[a-z_.]*) import ([A-Za-z_, ]+)$", text, re.MULTILINE):
            for name in names.split(","):
                yield module, name.strip()


def test_what_pages_import_is_public() -> None:
    found = sorted(set(documented()))
    assert ("emulator.testing.containers", "EmulatorContainer") in found
    assert [one for one in found if one[0] not in PUBLIC or one[1] not in import_module(one[0]).__all__] == []
