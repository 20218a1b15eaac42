"""What pip installs, from a wheel or a git address, works in an environment that has nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from itertools import takewhile
from pathlib import Path

import httpx
import pytest

from tests.conftest import EmulatorUnderTest
from tests.test_start import START, files

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements" / "run.txt"
EXAMPLES = ROOT / "tests" / "examples" / "readme"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_wheel_carries_every_contract_and_fixture(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for name in ("contracts", "fixtures"):
        found = [file for file in (ROOT / name).rglob("*") if file.is_file()]
        assert {f"emulator/data/{file.relative_to(ROOT)}" for file in found} <= held
    assert "emulator/py.typed" in held
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in held)


@pytest.fixture(scope="module")
def bin(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with only the wheel and its dependencies."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment)
    install(environment, "--require-hashes", "-r", str(REQUIREMENTS))
    install(environment, "--no-deps", str(wheel))
    return environment / "bin"


def install(environment: Path, *what: str) -> None:
    """Install with our own pip: installing another one takes longer than all the rest."""
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", *what], check=True)


def install_into(folder: Path, wheel: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTHON"))}


def test_wheel_serves_from_an_empty_environment_and_writes_nothing_there(bin: Path, tmp_path: Path) -> None:
    before = files(bin.parent)
    command = [str(bin / "emulator"), "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(takewhile(lambda line: line != "Ready.\n", process.stdout))
        url = next(word for word in lines[0].split() if word.startswith("http")).split("/celigo")[0]
        assert httpx.get(f"{url}/_emulator/ready").status_code == 200
        assert httpx.get(f"{url}/_emulator/contracts/secoda/openapi.yaml").status_code == 200
        process.terminate()
    assert files(bin.parent) == before


def test_a_start_from_the_wheel_neither_parses_yaml_nor_imports_faker(bin: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(bin / "python"), "-c", START, "."],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["imported"] == []


def test_check_finds_no_problem_in_what_the_wheel_carries(bin: Path, tmp_path: Path) -> None:
    subprocess.run([str(bin / "emulator"), "check"], cwd=tmp_path, env=clean_environment(), check=True)


@pytest.mark.parametrize(
    ("file", "written", "instead", "sentence"),
    [
        ("contracts/celigo/openapi.yaml", "operationId: getTokenInfo", "operationIdd: x", "operationId is missing"),
        ("contracts/secoda/openapi.yaml", "action: list}", "action: lost}", "unknown action 'lost'"),
        ("contracts/immuta/schemas/access-payload.schema.json", '"type": "object"', '"type": "x"', '"x" is not one of'),
        ("contracts/paradime/schema.graphql", "type Query", "typo Query", "Unexpected Name 'typo'"),
        ("fixtures/celigo/integrations.yaml", "    name: ", "    nane: ", "'name' is a required property"),
    ],
)
def test_a_mistake_in_an_installed_document_stops_the_start_with_its_line(
    wheel: Path, tmp_path: Path, file: str, written: str, instead: str, sentence: str
) -> None:
    install_into(tmp_path, wheel)
    edited = tmp_path / "emulator" / "data" / file
    before, found, after = edited.read_text("utf-8").partition(written)
    assert found
    edited.write_text(f"{before}{instead}{after}", "utf-8")
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0"]
    environ = {**clean_environment(), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.match(rf"emulator: {re.escape(file)} line \d+", done.stderr), done.stderr
    assert sentence in done.stderr


REMOTE = """
def test_it(emulator):
    with emulator.fault(vendor="celigo", operation="getTokenInfo", status=500):
        pass
    assert len(emulator.state("secoda.integrations")) > 10
    emulator.verify("getTokenInfo", count=0)

def test_running():
    import sys
    from emulator.testing import running
    with running(seed=7) as other:
        assert other.seed == 7
    foreign = {"aiohttp", "multidict", "yaml", "jsonschema", "faker", "sqlite3", "orjson"} & set(sys.modules)
    assert not foreign
"""


def test_tests_against_a_running_emulator_need_no_dependency(
    wheel: Path, tmp_path: Path, emulator: EmulatorUnderTest
) -> None:
    environment = tmp_path / "environment"
    venv.create(environment)
    install(environment, "--no-deps", str(wheel))
    install(environment, "pytest")
    (tmp_path / "test_it.py").write_text(REMOTE, "utf-8")
    command = [str(environment / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    environ = {**clean_environment(), "EMULATOR_URL": emulator.root}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("source", ["wheel", "git address"])
def test_readmes_example_runs_where_only_pip_installed(source: str, wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment)
    # From a git address, pip installs what is committed.
    install(environment, "pytest", "requests", str(wheel) if source == "wheel" else f"git+{ROOT.as_uri()}")
    (tmp_path / "test_client.py").write_text((EXAMPLES / "client.py").read_text("utf-8"), "utf-8")
    command = [str(environment / "bin" / "python"), "-m", "pytest", "-q", "test_client.py"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)
    # The third of its tests fails: the README shows what it finds.
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert (EXAMPLES / "report.txt").read_text("utf-8").splitlines()[-1].strip() in done.stdout


def test_docs_tell_how_many_packages_are_installed() -> None:
    pinned = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if "==" in line and line[0].isalpha()]
    pinned = [line for line in pinned if not line.startswith("uvloop==")]  # the image's extra
    page = (ROOT / "docs" / "reference" / "pytest.md").read_text("utf-8")
    assert f"needs {len(pinned)} others" in page
