"""The emulator as a process: it starts, prints what it serves, responds, and stops."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulator import __version__
from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client import Client
from emulator.errors import ConfigurationError
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.ports import reserved_port

COMMAND = [sys.executable, "-m", "emulator"]


def clean_environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTHONUNBUFFERED"))}
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


def test_serve_prints_a_line_per_vendor_and_ready_once_it_accepts_calls(
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
    assert process.wait(timeout=60) == 0


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
def test_a_signal_during_loading_ends_it_with_status_0(tmp_path: Path, name: str, imports: int) -> None:
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
    assert done.stderr == (
        f"emulator: cannot listen on 127.0.0.1 port {port}: address already in use; "
        "set port to another, or to 0 for any free one\n"
    )


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        (["serve"], {"EMULATOR_PROT": "1"}, "emulator: environment: unknown setting 'EMULATOR_PROT'. Did you mean"),
        (["serve"], {"EMULATOR_HOST": ""}, "emulator: EMULATOR_HOST is '': expected an address such as 127.0.0.1"),
        (["serve", "--strict", "on"], {}, "emulator: --strict is 'on': expected true, false, 1 or 0"),
        (["serve", "--fixtures", "nowhere"], {}, "emulator: fixtures: nowhere is not a folder"),
        (
            ["serve", "--switches", "celigo.x=1"],
            {},
            "emulator: switches: unknown switch 'celigo.x'. ",
        ),
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


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full"])
def test_it_serves_without_standard_streams(tmp_path: Path, redirection: str) -> None:
    environment = clean_environment(PYTHONPATH=str(Path(__file__).parent.parent))
    with (
        reserved_port() as port,
        subprocess.Popen(
            ["bash", "-c", f"exec {shlex.join([*COMMAND, 'serve', '--port', str(port)])} {redirection}"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as started,
        Client(f"http://127.0.0.1:{port}") as client,
    ):
        try:
            client.wait(60)
            url = f"{client.url}/secoda/api/v1/integration/integrations"
            assert [httpx.get(url).status_code for _ in range(3)] == [401, 401, 401]
        finally:
            started.terminate()
        assert started.wait(60) == 0


@pytest.mark.parametrize("words", [["version"], ["serve", "--help"], ["snapshot", "save", "--help"]])
def test_output_that_cannot_be_written_is_a_sentence(tmp_path: Path, words: list[str]) -> None:
    environment = clean_environment(PYTHONPATH=str(Path(__file__).parent.parent))
    shell = f"exec {shlex.join([*COMMAND, *words])} >/dev/full"
    ended = subprocess.run(["bash", "-c", shell], cwd=tmp_path, env=environment, capture_output=True, text=True)
    sentence = "emulator: the standard output cannot be written: no space left on device\n"
    assert (ended.returncode, ended.stderr) == (2, sentence)


def test_files_and_output_are_utf_8_in_any_locale(tmp_path: Path) -> None:
    (tmp_path / "secoda").mkdir()
    (tmp_path / "secoda" / "scenarios.yaml").write_text("scenarios: {größe: {description: Groß.}}\n", "utf-8")
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    warnings = {"PYTHONWARNDEFAULTENCODING": "1", "PYTHONWARNINGS": "error::EncodingWarning"}
    environment = clean_environment(PYTHONPATH=str(Path(__file__).parent.parent), **locale, **warnings)
    ended = subprocess.run([*COMMAND, "check", "."], cwd=tmp_path, env=environment, capture_output=True)
    assert ended.returncode == 1, ended.stderr
    assert "secoda/scenarios.yaml line 1, /scenarios: 'größe' does not match" in ended.stdout.decode("utf-8")


@pytest.mark.parametrize("setting", ["port", "database"])
def test_a_start_that_fails_leaves_no_thread(tmp_path: Path, catalogue: Catalogue, setting: str) -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = {"port": 0} | {setting: {"port": taken.getsockname()[1], "database": tmp_path}[setting]}
        server = ThreadedServer(Emulator(read_settings(settings), catalogue))
        with pytest.raises(ConfigurationError), server:
            pytest.fail("it started")
    # Those of earlier tests may end meanwhile.
    assert set(threading.enumerate()) <= before
    assert server._loop.is_closed()


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
