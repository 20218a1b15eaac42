"""The layers of the code, and how close each operation is to its handler."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.catalogue import Catalogue
from tests import generated

ROOT = Path(__file__).parent.parent
VENDORS = ROOT / "emulator" / "vendors"


def test_imports_keep_to_the_layers() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_few_files_are_outside_of_the_packages() -> None:
    files = sorted(file.name for file in (ROOT / "emulator").glob("*.py"))
    assert len(files) <= 12, files


def test_each_operation_is_handled_in_the_module_of_its_tag(catalogue: Catalogue) -> None:
    misplaced = [
        f"{name} {operation.name} is not in {operation.tag}.py"
        for name, contract in catalogue.contracts.items()
        for operation in contract.handled.values()
        if catalogue.ways[name][operation.name] == "code"
        and f'operation("{operation.name}")' not in (VENDORS / name / f"{operation.tag}.py").read_text()
    ]
    assert misplaced == []


def test_no_vendor_is_named_outside_its_own_folders() -> None:
    names = [folder.name for folder in VENDORS.iterdir() if (folder / "__init__.py").exists()]
    code = [file for file in (ROOT / "emulator").rglob("*.py") if VENDORS not in file.parents]
    named = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in code
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert named == []


@pytest.mark.parametrize("file", sorted(generated.FILES), ids=lambda file: file.stem)
def test_generated_pages_are_up_to_date(catalogue: Catalogue, file: Path) -> None:
    text = file.read_text("utf-8")
    assert generated.write(text, catalogue, generated.FILES[file]) == text, "run `make format`"
