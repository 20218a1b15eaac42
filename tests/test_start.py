"""A start leaves only Python's own .pyc files behind, and with the default seed it imports no faker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from emulator.catalogue import Catalogue
from emulator.sandbox import fixtures
from tests.test_fixtures import dump

ROOT = Path(__file__).parent.parent

START = """
import asyncio, json, sys
from pathlib import Path

home = str(Path(sys.argv[1]).resolve())
refused = []

def read_only(event, arguments):
    # As where the file system is read-only: root may write where the mode forbids it.
    paths = [str(one) for one in arguments if isinstance(one, (str, Path))]
    writes = event in ("os.mkdir", "os.rename", "os.remove") or (event == "open" and arguments[2] & 3)
    if writes and any(path.startswith(home) for path in paths):
        refused.append(paths[0])
        raise PermissionError(13, "Permission denied", paths[0])

if "read-only" in sys.argv:
    sys.addaudithook(read_only)

from emulator.app import Emulator
from emulator.settings import read_settings

async def records():
    emulator = Emulator(read_settings(dict(one.split("=") for one in sys.argv[2:] if "=" in one)))
    await emulator.start()
    count = await emulator.sandboxes.default.store.run(
        lambda db: db.execute('SELECT count(*) FROM "secoda.integrations"').fetchone()[0]
    )
    await emulator.close()
    return count

count = asyncio.run(records())
slow = ("faker", "yaml", "ariadne", "jsonschema", "emulator.declared.reading")
imported = [name for name in slow if name in sys.modules]
print(json.dumps({"records": count, "imported": imported, "refused": refused}))
"""
"""Starts the emulator of the folder in the first argument, with the settings after it."""


def started(folder: Path, *arguments: str) -> dict[str, Any]:
    """Start an emulator in its own process and return what it prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-c", START, str(folder), *arguments],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, in which nothing has been started yet."""
    for folder in ("emulator", "contracts", "fixtures"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"}


def test_a_start_writes_nothing_but_pyc_files(checkout: Path) -> None:
    before = files(checkout)
    assert started(checkout)["records"] > 0
    assert list(checkout.rglob("*.pyc"))
    assert files(checkout) == before


def test_a_package_folder_may_be_read_only(checkout: Path) -> None:
    told = started(checkout, "read-only")
    assert told["records"] > 0
    assert told["refused"], "nothing was refused: not even a .pyc file was to be written"
    assert [path for path in told["refused"] if not re.search(r"__pycache__(/[^/]*\.pyc\.\d+)?$", path)] == []


@pytest.mark.parametrize(("seed", "imported"), [("1", ["yaml"]), ("2", ["faker", "yaml"])])
def test_only_a_start_with_another_seed_than_the_default_one_imports_faker(seed: str, imported: list[str]) -> None:
    assert started(ROOT, f"seed={seed}")["imported"] == imported


async def test_made_up_records_in_files_are_those_that_faker_makes(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_files = await dump(catalogue)
    monkeypatch.setattr(fixtures, "MADE_UP", "no such file")
    assert await dump(catalogue) == from_files


async def test_made_up_records_are_made_anew_where_another_file_of_the_vendor_is_a_users(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "paradime").mkdir()
    (tmp_path / "paradime" / "integrations.yaml").write_text("records: []\n")
    laid_over = await dump(catalogue, fixtures=str(tmp_path))
    monkeypatch.setattr(fixtures, "MADE_UP", "no such file")
    assert await dump(catalogue, fixtures=str(tmp_path)) == laid_over


def test_what_the_first_graphql_call_needs_is_imported_once_the_emulator_is_ready() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTHON"))}
    command = [sys.executable, "-X", "importtime", "-m", "emulator", "serve", "--port", "0", "--access-log", "false"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        given_up = Timer(60, process.kill)
        given_up.start()
        imported = any(line.endswith("| emulator.contract.execution\n") for line in process.stderr)
        given_up.cancel()
        process.kill()
    assert imported
