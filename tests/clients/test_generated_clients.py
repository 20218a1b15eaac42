"""Clients that openapi-generator makes of /_emulator/openapi.json in four languages: compiled, but for the C# one.

The TypeScript one is run. PyPI and Debian have no compiler for the C# that is generated.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest

from tests.clients.conftest import HERE, Client
from tests.conftest import EmulatorUnderTest

TYPESCRIPT = HERE / "typescript"
JAVA = (
    # The library that needs least: the JDK's own client, and Jackson, which is inside the generator.
    *("--library", "native", "-p", "openApiNullable=false"),
    # For this library the generator writes `List<String>.class`, where a list is one of several alternatives.
    *("--inline-schema-name-mappings", "Fault_operation=FaultOperation,Fault_when_nth=FaultWhenNth"),
    *("--schema-mappings", "FaultOperation=Object,FaultWhenNth=Object"),
)
ANNOTATION = (
    "package javax.annotation; public @interface Generated { String value(); String date(); String comments(); }"
)
"""In place of the annotation that the JDK has no longer."""
VALIDATOR = "package validator\n\nfunc Validate(value interface{}) error { return nil }\n"
"""In place of gopkg.in/validator.v2, which the generated Go imports: modules are not downloaded here."""

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


Generate: TypeAlias = Callable[..., list[str]]


@pytest.fixture
def generate(client: Callable[[str], Client], emulator: EmulatorUnderTest, tmp_path: Path) -> Generate:
    """Return a function that generates a client into a folder and returns what the generator complains about."""
    document = tmp_path / "openapi.json"
    document.write_bytes(httpx.get(f"{emulator.root}/_emulator/openapi.json").content)

    def run(language: str, folder: Path, *options: str) -> list[str]:
        words = ["generate", "-i", str(document), "-g", language, "-o", str(folder), *options]
        said = client("generators").run("openapi-generator-cli", *words).splitlines()
        complaints = [line for line in said if " WARN " in line or " ERROR " in line]
        return [line for line in complaints if not any(note in line for note in NOTES)]

    return run


@pytest.mark.parametrize("language", ["java", "go", "csharp"])
def test_a_client_is_generated_without_a_complaint(generate: Generate, tmp_path: Path, language: str) -> None:
    assert generate(language, tmp_path / language) == []
    made = [file.stem.replace("_", "").lower() for file in (tmp_path / language).rglob("*") if file.is_file()]
    assert {"armedfault", "exchange", "sandbox"} <= {name.removeprefix("model") for name in made}


@pytest.mark.skipif(not shutil.which("javac"), reason="javac is not installed")
def test_a_java_client_compiles(client: Callable[[str], Client], generate: Generate, tmp_path: Path) -> None:
    assert generate("java", tmp_path / "java", *JAVA) == []
    (annotation := tmp_path / "Generated.java").write_text(ANNOTATION)
    sources = [*map(str, (tmp_path / "java" / "src" / "main").rglob("*.java")), str(annotation)]
    jackson = client("generators").bin.parent.glob("lib/*/site-packages/openapi_generator_cli/*.jar")
    command = ["javac", "-proc:none", "-d", str(tmp_path / "classes"), "-cp", *map(str, jackson), *sources]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr


def test_a_go_client_compiles(client: Callable[[str], Client], generate: Generate, tmp_path: Path) -> None:
    assert generate("go", tmp_path / "go") == []
    (stand_in := tmp_path / "validator").mkdir()
    (stand_in / "go.mod").write_text("module gopkg.in/validator.v2\n")
    (stand_in / "validator.go").write_text(VALIDATOR)
    go = partial(client("generators").run, "go", GOPROXY="off", GOTOOLCHAIN="local", GOFLAGS="-mod=mod")
    go("-C", str(tmp_path / "go"), "mod", "edit", f"-replace=gopkg.in/validator.v2={stand_in}")
    go("-C", str(tmp_path / "go"), "build", "./...")


@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="node and npm are not installed")
def test_a_typescript_client_steers_the_emulator(
    client: Callable[[str], Client], generate: Generate, tmp_path: Path
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
