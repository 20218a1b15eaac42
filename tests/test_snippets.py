"""Every snippet of the documentation is run: here, by another test that is named, or it says why not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from emulator.client import Client
from emulator.files.package_data import CONTRACTS
from emulator.settings import read_settings
from tests.inner_runs import PLAIN
from tests.recorded_calls import SHOP, saved
from tests.test_cli import Run, command
from tests.test_inference import ITEM, LIST, MADE, bare, written
from tests.test_server import COMMAND, clean_environment

__all__ = ["command"]

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
SHOWN = ("text", "json", "mermaid", "")
"""The languages of output, data and pictures, which nobody runs."""

RUN_BY = {
    "how-to/clients-that-cannot-be-reconfigured.md": "test_tls.py",
    "how-to/container.md": "test_container.py",
    "how-to/pytest.md": "test_pytest_plugin.py",
    "tutorial/first-suite.md": "test_tutorial.py",
    "reference/control-api.md": "test_control_api.py",
    "reference/credentials.md": "test_readme.py",
    "reference/probes.md": "test_probes.py",
    "reference/pulls.md": "test_pull.py",
}
"""The pages whose snippets another test runs."""

SNIPPETS_RUN_BY = {
    ("how-to/http.md", "python"): "test_control_api.py",
    ("how-to/scenarios.md", "yaml"): "test_scenarios.py",
    **{("how-to/own-vendor.md", language): "test_own_vendor_page.py" for language in ("yaml", "python", "ini", "toml")},
}

EXCERPTS = {
    "reference/declared.md": "parts of a contract, with … for the rest; tests/test_declared_*.py run whole ones"
}

NOT_RUN = {
    "pip install": "needs a package index; tests/test_wheel.py installs the package",
    "openapi-generator-cli": "needs Java; tests/clients/test_generated_clients.py runs it",
    "docker ": "needs an engine; tests/test_container.py reads the image",
    "kubectl ": "needs a cluster; tests/test_kubernetes.py and tests/clients/test_kubernetes.py read the manifests",
    "python deploy/sharded.py": "needs nginx; tests/benchmarks/test_sharding.py runs it",
    "curl -s localhost:4070/~alpha/secoda": "asks the processes that deploy/sharded.py starts",
    "make bench": "takes half an hour",
    "pytest --emulator-": "needs a suite; tests/test_switch_matrix.py runs some",
    "emulator record": "needs the live vendor; tests/test_record.py runs it in front of an emulator",
    "emulator compare": "needs recordings; tests/test_compare.py makes some",
    "emulator pull": "needs the live vendor; tests/test_pull.py runs it with an emulator",
    "emulator replay": "needs recordings; tests/test_replay.py makes some",
}


ALONE = ("emulator check", "emulator init", "emulator operations", "emulator scenarios")
"""The commands that call no running emulator."""


class Snippet(NamedTuple):
    """A fenced snippet of a page."""

    page: str
    language: str
    text: str


def snippets() -> Iterator[Snippet]:
    for file in sorted(DOCS.rglob("*.md")):
        page = file.relative_to(DOCS).as_posix()
        for found in FENCE.finditer(file.read_text("utf-8")):
            text = re.sub(f"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
            if found["language"] not in SHOWN and page not in RUN_BY:
                yield Snippet(page, found["language"], text)


HERE = [one for one in snippets() if (one.page, one.language) not in SNIPPETS_RUN_BY and one.page not in EXCERPTS]
PAGES = sorted({one.page for one in HERE if one.language == "sh"})


class Shell:
    """A folder with the files that the pages mention, and at most one emulator, which the commands call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        program = folder / "bin" / "emulator"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m emulator "$@"\n')
        program.chmod(0o755)

    def serve(self, words: Sequence[str] = (), **variables: str) -> None:
        """Start an emulator instead of the running one."""
        self.stop()
        command = [*COMMAND, "serve", *words, "--port", "0"]
        self._process = subprocess.Popen(
            command, cwd=self._folder, env=self._environment(**variables), stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        found = re.search(r"http://[0-9.:]+", self._process.stdout.readline())
        assert found, "it did not start"
        self.url = found[0]

    def run(self, line: str) -> None:
        """Run a line of a snippet; it must succeed."""
        if line.startswith("emulator serve"):
            self.serve(line.split()[2:])
            return
        if not self.url and not line.startswith(ALONE):
            self.serve()
        here = line.replace("localhost:4070", self.url.removeprefix("http://")).replace("curl -s", "curl -s --fail")
        done = subprocess.run(
            ["bash", "-c", here], cwd=self._folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()

    def _environment(self, **variables: str) -> dict[str, str]:
        port = {"EMULATOR_PORT": self.url.rpartition(":")[2]} if self.url else {}
        path = f"{self._folder / 'bin'}:{os.environ['PATH']}"
        return clean_environment(PATH=path, PYTHONPATH=str(ROOT), **port, **variables)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "my-fixtures").mkdir()
    shutil.copytree(CONTRACTS / "immuta", tmp_path / "my-contracts" / "immuta")
    written(tmp_path, bare({**LIST, **ITEM, **MADE}), "acme.yaml")
    saved(tmp_path, SHOP, "calls.har")
    shell = Shell(tmp_path)
    try:
        yield shell
    finally:
        shell.stop()


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_succeed_one_after_the_other(shell: Shell, page: str) -> None:
    lines = [line for one in HERE if (one.page, one.language) == (page, "sh") for line in one.text.splitlines()]
    for line in lines:
        if not line.startswith(tuple(NOT_RUN)):
            shell.run(line.partition("    #")[0])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an emulator whose token is `secret`, for all snippets in Python: each has a sandbox of its own."""
    shell = Shell(tmp_path_factory.mktemp("served"))
    try:
        shell.serve(EMULATOR_CONTROL_TOKEN="secret")
        yield shell.url
    finally:
        shell.stop()


@pytest.mark.parametrize("snippet", [one for one in HERE if one.language == "python"], ids=lambda one: one.page)
def test_python_runs(served: str, snippet: Snippet) -> None:
    with Client(served, "secret") as client:
        text = snippet.text.replace("http://emulator.example.com:4070", served)
        exec(compile(text, snippet.page, "exec"), {"CONTROL_TOKEN": "secret", "emulator": client.create_sandbox()})


@pytest.mark.parametrize("snippet", [one for one in HERE if one.language == "yaml"], ids=lambda one: one.text[:20])
def test_fixtures_are_fine(command: Run, tmp_path: Path, snippet: Snippet) -> None:
    folder = tmp_path / "my-fixtures" / ("paradime" if "nodeTypes" in snippet.text else "secoda")
    folder.mkdir(parents=True)
    (folder / "integrations.yaml").write_text(snippet.text)
    assert command("check", "my-fixtures")[0] == 0


@pytest.mark.parametrize("snippet", [one for one in HERE if one.language == "toml"], ids=lambda one: one.page)
def test_settings_are_read(tmp_path: Path, snippet: Snippet) -> None:
    (tmp_path / "emulator.toml").write_text(snippet.text)
    assert read_settings(folder=tmp_path) != read_settings(folder=ROOT / "docs")


@pytest.mark.parametrize("snippet", [one for one in HERE if one.language == "ini"], ids=lambda one: one.page)
def test_options_of_pytest_are_known_to_it(pytester: pytest.Pytester, snippet: Snippet) -> None:
    pytester.makeini(snippet.text)
    pytester.makepyfile("def test_passes(): pass")
    scope = "asyncio_default_fixture_loop_scope=function"
    pytester.runpytest_inprocess(*PLAIN, "-o", scope, "--strict-config").assert_outcomes(passed=1)


def test_no_snippet_is_left_out() -> None:
    assert {one.language for one in HERE} <= {"sh", "python", "yaml", "toml", "ini"}
    assert [line for line in NOT_RUN if not any(line in one.text for one in HERE)] == []
    for page, test in [*RUN_BY.items(), *((page, test) for (page, _), test in SNIPPETS_RUN_BY.items())]:
        assert page.rpartition("/")[2] in (ROOT / "tests" / test).read_text("utf-8") or test == "test_control_api.py"
