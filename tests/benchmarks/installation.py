"""Installs the pinned peers into a folder that git ignores; reports those it cannot install."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import REPOSITORY

PEERS = Path(__file__).parent / "peers"
CACHE = REPOSITORY / ".bench"
"""Everything that the benchmark creates: environments, configurations, logs."""


class Missing(Exception):
    """A peer cannot be measured; the message says what is missing."""


@dataclass(frozen=True)
class NodePeers:
    """The peers from npm, installed in one folder."""

    folder: Path

    def command(self, name: str) -> str:
        """Return the path of a command that a package installs. Raises Missing."""
        return str(_present(self.folder / "node_modules" / ".bin" / name))

    def version(self, package: str) -> str:
        """Return the version of an installed package."""
        file = self.folder / "node_modules" / package / "package.json"
        return str(json.loads(file.read_text())["version"])

    def wiremock_jar(self) -> str:
        """Return the path of the jar in the package. Raises Missing."""
        jars = sorted((self.folder / "node_modules" / "wiremock" / "build").glob("wiremock-standalone-*.jar"))
        return str(_present(jars[-1] if jars else self.folder / "wiremock-standalone.jar"))


def install_node_peers(cache: Path = CACHE) -> NodePeers:
    """Install the packages that peers/package-lock.json pins, unless they are there. Raises Missing."""
    need("node", "npm")
    locked = [PEERS / "package.json", PEERS / "package-lock.json"]
    folder = cache / f"npm-{_digest(*(file.read_bytes() for file in locked))}"
    if not (folder / ".installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for file in locked:
            shutil.copy(file, folder)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        (folder / ".installed").touch()
    return NodePeers(folder)


def install_moto(cache: Path = CACHE) -> Path:
    """Install moto_server into its own environment unless it exists; return its folder. Raises Missing."""
    requirements = PEERS / "moto.txt"
    folder = cache / f"moto-{_digest(requirements.read_bytes(), sys.version.encode())}"
    if not (folder / ".installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", str(requirements)], folder)
        (folder / ".installed").touch()
    return folder


def install_pytest_peers(cache: Path = CACHE) -> Path:
    """Install other test doubles for services unless they are installed; return the folder. Raises Missing."""
    requirements = PEERS / "pytest.txt"
    folder = cache / f"pytest-{_digest(requirements.read_bytes(), sys.version.encode())}"
    if not (folder / ".installed").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        _run([*pip, "--target", str(folder), "-r", str(requirements)], REPOSITORY)
        (folder / ".installed").touch()
    return folder


def install_emulator(cache: Path = CACHE) -> Path:
    """Build the wheel of this repository and install it; return the folder. Raises Missing."""
    folder = cache / "emulator"
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), "."], REPOSITORY)
    (wheel,) = folder.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run([*pip, "--target", str(folder / "installed"), str(wheel)], REPOSITORY)
    return folder / "installed"


def need(*programs: str) -> None:
    """Raise Missing unless these programs are installed."""
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        raise Missing(f"{' and '.join(absent)} {'are' if len(absent) > 1 else 'is'} not installed")


def _present(file: Path) -> Path:
    if not file.exists():
        raise Missing(f"{file.name} was not installed")
    return file


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()[:12]


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise Missing(f"{command[0].rpartition('/')[2]} could not install it: {words[-1]}")
