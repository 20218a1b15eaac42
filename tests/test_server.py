"""The emulator as a process: it starts, says what it serves, answers, and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulator import __version__
from emulator.app import Catalogue

COMMAND = [sys.executable, "-m", "emulator"]


def clean_environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    return kept | variables


def run(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the emulator to its end, in a folder without emulator.toml."""
    environment = clean_environment(PYTHONPATH=str(Path(__file__).parent.parent), **variables)
    return subprocess.run(
        [*COMMAND, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [*COMMAND, "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment()
    ) as started:
        yield started
        started.kill()


def banner(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if lines[-1] == "Ready.":
            break
    return lines


def test_serve_prints_a_line_a_vendor_and_ready_once_it_answers(
    process: subprocess.Popen[str], catalogue: Catalogue
) -> None:
    *vendors, ready = banner(process)
    assert ready == "Ready."
    assert [line.split("  ")[0] for line in vendors] == [vendor.title for vendor in catalogue.vendors.values()]
    for line, contract in zip(vendors, catalogue.contracts.values(), strict=True):
        assert f"{len(contract.handled)} operations" in line
    url = re.findall(r"http://[0-9.:]+", vendors[0])[0]
    assert httpx.get(f"{url}/_emulator/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_with_status_0(process: subprocess.Popen[str], name: str) -> None:
    banner(process)
    process.send_signal(signal.Signals[name])
    assert process.wait(timeout=30) == 0


SIGNALLED = """
import itertools, os, signal, sys
from emulator.__main__ import main

count = itertools.count(1)

def hook(event, arguments):
    if event == "import" and next(count) == {imports}:
        os.kill(os.getpid(), signal.{name})

sys.addaudithook(hook)
sys.argv = ["emulator", "serve", "--port", "0"]
main()
"""


@pytest.mark.parametrize(("name", "imports"), [("SIGTERM", 1), ("SIGTERM", 60), ("SIGINT", 150), ("SIGTERM", 300)])
def test_a_signal_that_comes_while_it_is_loaded_ends_it_with_status_0(tmp_path: Path, name: str, imports: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED.format(name=name, imports=imports)],
        cwd=tmp_path,
        env=clean_environment(PYTHONPATH=str(Path(__file__).parent.parent)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_serve_takes_a_signal_for_its_end(tmp_path: Path) -> None:
    code = SIGNALLED.format(name="SIGTERM", imports=1).replace('"serve", "--port", "0"', '"wait"')
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), check=False)
    assert done.returncode == -signal.SIGTERM


def test_a_port_in_use_is_one_sentence_and_status_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == f"emulator: cannot listen on 127.0.0.1 port {port}: address already in use"


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        (["serve"], {"EMULATOR_PROT": "1"}, "emulator: environment: there is no setting EMULATOR_PROT; did you mean"),
        (["serve", "--strict", "on"], {}, "emulator: --strict is 'on': expected true, false, 1 or 0"),
        (["serve", "--fixtures", "nowhere"], {}, "emulator: fixtures: nowhere is not a folder"),
        (["serve", "--flags", "celigo.x=1"], {}, "emulator: flags: there is no flag 'celigo.x'; there are celigo."),
        (["sevre"], {}, "emulator: No such command 'sevre'."),
    ],
)
def test_a_wrong_start_is_one_sentence_and_status_2(
    tmp_path: Path, words: list[str], variables: dict[str, str], sentence: str
) -> None:
    done = run(*words, folder=tmp_path, **variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_emulator_toml_in_the_current_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "emulator.toml").write_text("port = 99999\n")
    done = run("serve", folder=tmp_path)
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "emulator: emulator.toml: port is '99999': expected a whole number from 0 to 65535",
    )


def test_version_and_operations_are_printed(tmp_path: Path, catalogue: Catalogue) -> None:
    assert run("version", folder=tmp_path).stdout.strip() == __version__
    lines = run("operations", folder=tmp_path).stdout.splitlines()
    assert len(lines) == sum(len(contract.handled) for contract in catalogue.contracts.values())
    assert any(line.split()[:2] == ["celigo", "cloneIntegration"] for line in lines)


@pytest.mark.parametrize("command", ["serve", "operations", "version"])
def test_every_help_text_shows_an_example(tmp_path: Path, command: str) -> None:
    assert f"Example: emulator {command}" in run(command, "--help", folder=tmp_path).stdout
