"""The page about vendors of one's own: its files are written, checked, and its tests pass as they are shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emulator.declared import words
from emulator.declared.paging import BUILT_IN, NAMES
from tests.own_vendor import crud, problems, served

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "own-vendor.md"
REFERENCE = ROOT / "docs" / "reference" / "declared.md"
FIXTURES = ("projects", "tasks")
BLOCK = re.compile(r"^```\w+ title=\"(?P<file>[\w./]+)\"\n(?P<text>.*?)^```$", re.M | re.S)


def files() -> dict[str, str]:
    return {block["file"]: block["text"] for block in BLOCK.finditer(PAGE.read_text("utf-8"))}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTEST_"))}
    words = [sys.executable, "-m", *command]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in files().items():
        if "acme" not in name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_whole_vendor_of_the_page_passes_the_check(folder: Path) -> None:
    done = run(folder, "emulator", "check", "--vendors", "vendors")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("declared") == 5


def test_tests_of_the_page_pass(folder: Path) -> None:
    done = run(folder, "pytest", "-q", "-p", "no:cacheprovider", "test_globex.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_python_of_the_page_counts_the_open_tasks_of_the_example(tmp_path: Path) -> None:
    assert run(tmp_path, "emulator", "new-vendor", "acme").returncode == 0
    example = tmp_path / "vendors" / "acme"
    document = yaml.safe_load((example / "openapi.yaml").read_text("utf-8"))
    added = re.search(r"openapi\.yaml, below paths\"\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert added is not None
    document["paths"] |= yaml.safe_load(added[1])
    rest = {f"fixtures/{name}.yaml": (example / f"fixtures/{name}.yaml").read_text("utf-8") for name in FIXTURES}
    with served(tmp_path / "served", document, {"vendor.py": files()["vendors/acme/vendor.py"], **rest}) as client:
        assert client.get("/task-count").json() == {"open": 1}


def test_reference_names_every_word() -> None:
    text = REFERENCE.read_text("utf-8")
    schema = json.loads(Path(words.__file__).with_name("words.schema.json").read_text("utf-8"))
    known = {
        name
        for kind in ("operation", "collection", "strategy", "errors")
        for name in schema["$defs"][kind]["properties"]
    }
    known |= {*schema["$defs"]["strategy"]["properties"]["parameters"]["properties"], *BUILT_IN}
    assert [name for name in sorted(known - {"x-evidence"}) if f"`{name}`" not in text] == []
    assert [name for name in NAMES if f"${name}" not in text] == []


def test_examples_of_the_reference_have_no_mistake(tmp_path: Path) -> None:
    document = crud()
    document["x-emulator"]["errors"] = {
        "body": {"error": {"code": "$code", "message": "$detail"}},
        "status": {"invalid": 400},
    }
    document["x-emulator"]["paging"] = {
        "pages": {
            "parameters": {"page": "page", "size": "page_size", "sort": "order"},
            "size": {"default": 20, "maximum": 100},
            "body": {"count": "$count", "next": "$next", "results": "$items"},
        }
    }
    assert problems(tmp_path, document) == []
