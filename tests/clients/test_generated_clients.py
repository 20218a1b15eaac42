"""Clients that openapi-generator makes of /_emulator/openapi.json in four languages; the TypeScript one is run."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.clients.conftest import HERE, Client
from tests.conftest import EmulatorUnderTest

TYPESCRIPT = HERE / "typescript"
NOTES = (
    "OpenAPI 3.1 support is still in beta",
    # Of each component that is an array or a map.
    "Failed to get the schema name: null",
    # Of each body with examples.
    "Ignoring complex example on request body",
    # Of Go's own `string` among alternatives.
    "(reserved word) cannot be used as model name",
)
"""What the generator says of itself, whatever the document."""


@pytest.fixture
def generate(
    client: Callable[[str], Client], emulator: EmulatorUnderTest, tmp_path: Path
) -> Callable[[str, Path], list[str]]:
    """Return a function that generates a client into a folder and returns what the generator complains about."""
    document = tmp_path / "openapi.json"
    document.write_bytes(httpx.get(f"{emulator.root}/_emulator/openapi.json").content)

    def run(language: str, folder: Path) -> list[str]:
        words = ["generate", "-i", str(document), "-g", language, "-o", str(folder)]
        said = client("generators").run("openapi-generator-cli", *words).splitlines()
        complaints = [line for line in said if " WARN " in line or " ERROR " in line]
        return [line for line in complaints if not any(note in line for note in NOTES)]

    return run


@pytest.mark.parametrize("language", ["java", "go", "csharp"])
def test_a_client_is_generated_without_a_complaint(
    generate: Callable[[str, Path], list[str]], tmp_path: Path, language: str
) -> None:
    assert generate(language, tmp_path / language) == []
    made = [file.stem.replace("_", "").lower() for file in (tmp_path / language).rglob("*") if file.is_file()]
    assert {"armedfault", "exchange", "sandbox"} <= {name.removeprefix("model") for name in made}


@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="node and npm are not installed")
def test_a_typescript_client_steers_the_emulator(
    client: Callable[[str], Client], generate: Callable[[str, Path], list[str]], tmp_path: Path
) -> None:
    folder = shutil.copytree(TYPESCRIPT, tmp_path / "typescript")
    assert generate("typescript-fetch", folder / "control") == []
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
    compiled = subprocess.run(["npx", "tsc"], cwd=folder, capture_output=True, text=True, check=False)
    assert compiled.stdout == ""
    driven = subprocess.run(
        ["node", "built/drive.js"],
        cwd=folder,
        env={"PATH": str(Path(shutil.which("node") or "").parent), "EMULATOR": client("generators").url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert driven.stderr == ""
    assert json.loads(driven.stdout) == {
        "statuses": [429, 200, 429],
        "delay": 0.01,
        "hits": 2,
        "passed": True,
        "replies": [429, 429],
        "listed": 2,
        "same": True,
        "records": 1,
        "clock": "2030-01-01T00:00:00.000Z",
        "refused": "Unknown scenario 'secoda/outrage'. Did you mean 'secoda/outage', 'secoda/timeout' or"
        " 'secoda/unauthorized'? `emulator scenarios` lists all scenarios.",
        "dropped": True,
    }
