"""The vendors' own clients, unmodified, each in an environment of its own, over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.conduct.rules import findings
from tests.conftest import EmulatorUnderTest

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent.parent / ".client-envs"
DOWNLOAD = (
    "download",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--no-binary",
    ":all:",
    "--require-hashes",
)


class Client:
    """A vendor's client: the Python of its environment, and where the emulator answers."""

    def __init__(self, folder: Path, requirements: Path, url: str) -> None:
        self.bin = folder / "bin"
        self.url = url
        self._sources = folder / "sources"
        self._requirements = requirements

    def run(self, *command: str, **environ: str) -> str:
        """Run a command of the environment ("python", "script.py"); return what it prints. Fails if it fails."""
        variables = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "EMULATOR": self.url,
        }
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            env=variables | environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def script(self, name: str, *arguments: str) -> Any:
        """Run one of the scripts beside the tests; return the JSON document that it prints last."""
        return json.loads(self.run("python", str(HERE / "scripts" / name), *arguments).splitlines()[-1])

    def sources(self, package: str) -> Path:
        """Return the folder with the source distribution of one of the environment's packages, of the same version."""
        folder = self._sources / package
        if not folder.exists():
            pinned = re.search(rf"^{package}==.*?(?=^\S|\Z)", self._requirements.read_text(), re.M | re.S)
            assert pinned is not None
            with tempfile.TemporaryDirectory() as downloaded:
                requirement = Path(downloaded, "requirement.txt")
                requirement.write_text(pinned[0])
                self.run("pip", *DOWNLOAD, "--dest", downloaded, "--requirement", str(requirement))
                with tarfile.open(next(Path(downloaded).glob("*.tar.gz"))) as archive:
                    archive.extractall(folder, filter="data")
        return next(folder.iterdir())


def _environment(requirements: Path) -> Path:
    name = requirements.stem
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = ENVIRONMENTS / f"{name}-{digest}"
    done = folder / ".installed"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
        subprocess.run([str(folder / "bin" / "python"), *install, str(requirements)], check=True)
        done.touch()
    return folder


@pytest.fixture
def client(emulator: EmulatorUnderTest) -> Callable[[str], Client]:
    """Return a function that gives the client whose requirements have that name, installed."""

    def of(name: str) -> Client:
        requirements = HERE / "requirements" / f"{name}.txt"
        return Client(_environment(requirements), requirements, emulator.root)

    return of


@pytest.fixture(autouse=True)
def _calls_are_in_the_contract(emulator: EmulatorUnderTest) -> Iterator[None]:
    """Fail a test whose client departed from a contract, or behaved badly: the vendors know better."""
    yield
    calls = [(found.call.method, found.call.path, found.call_violations) for found in emulator.exchanges()]
    unmatched = [found.call.path for found in emulator.exchanges() if not found.operations]
    assert [call for call in calls if call[2]] == []
    assert unmatched == []
    contracts, credentials = emulator.catalogue.contracts, emulator.sandbox.credentials
    assert findings(emulator.exchanges(), contracts, credentials) == []
