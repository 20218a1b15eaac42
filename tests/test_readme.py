"""Every snippet of the README, held in tests/examples/readme as it is printed, does what the README says."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from emulator.catalogue import Catalogue
from emulator.cli import healthcheck
from emulator.testing.containers import IMAGE
from tests.conftest import EmulatorUnderTest
from tests.control import controlled
from tests.inner_runs import Inner, inner
from tests.ports import reserved_port
from tests.test_container import (
    DEFAULTS,
    VARIABLES,
    check_health,
    docker_run,
    engine,
    last,
)
from tests.test_server import COMMAND, clean_environment

__all__ = ["engine", "inner"]

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
EXAMPLES = ROOT / "tests" / "examples" / "readme"
PORT = DEFAULTS["port"]
pytest_plugins = ["pytester"]


def example(name: str) -> str:
    return (EXAMPLES / name).read_text()


def test_every_snippet_is_one_of_the_examples_and_every_example_is_printed() -> None:
    printed = re.findall(r"^```\w+\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert sorted(printed) == sorted(file.read_text() for file in EXAMPLES.iterdir())


def curl(line: str, root: str) -> subprocess.CompletedProcess[str]:
    """Run a curl command of the README against the emulator at `root`."""
    here = re.sub(rf"(http://)?localhost:{PORT}", root, line)
    return subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True)


def test_first_call_works(emulator: EmulatorUnderTest) -> None:
    make, call = example("start.sh").splitlines()
    assert make.startswith("make serve &")
    assert "created_at" in curl(call, emulator.root).stdout


def test_each_vendor_replies_to_its_documented_call(emulator: EmulatorUnderTest) -> None:
    calls = re.findall("^curl .*$", (DOCS / "reference" / "credentials.md").read_text("utf-8"), re.MULTILINE)
    for call, shown in zip(calls, ("uid", "created_at", "metadata", "lastModified"), strict=True):
        assert shown in curl(call, emulator.root).stdout
    assert [exchange.reply.status if exchange.reply else 0 for exchange in emulator.exchanges()] == [200] * 4


def test_sandboxes_are_made_failed_and_looked_into(catalogue: Catalogue) -> None:
    with controlled(catalogue) as (_, control):
        made, switched, throttled, journal = (
            curl(line, control.url).stdout for line in example("sandboxes.sh").splitlines()
        )
    assert '"name":"ci-1"' in made.replace(" ", "")
    assert "rate-limited" in switched
    assert throttled.startswith("HTTP/1.1 429 ")
    assert "listIntegrations" in journal


def test_own_fixtures_are_laid_over_the_built_in_ones(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "paradime").mkdir()
    printed, *_ = re.findall("```yaml\n(.*?)```", (DOCS / "how-to" / "own-records.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "paradime" / "integrations.yaml").write_text(printed)
    with controlled(catalogue, fixtures=str(tmp_path)) as (_, control):
        records = control.done("GET", "/state/paradime.integrations")["records"]
    assert (len(records), records[0]["name"]) == (21, "Tableau")


def test_make_has_the_targets() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"^make ([\w-]+)", example("start.sh") + example("work.sh"), re.MULTILINE)
    assert len(named) == 6
    assert set(named) <= set(targets)


def test_pip_installs_this_folder_and_an_extra_that_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert shlex.split(example("install.sh"))[-1] == f"./{project['name']}"
    container = (DOCS / "how-to" / "container.md").read_text("utf-8")
    (extra,) = re.findall(rf"`pip install '\./{project['name']}\[(\w+)\]'`", container)
    assert extra in project["optional-dependencies"]


def first_run() -> Sequence[str]:
    """Return the arguments of the command that the README names for its first test."""
    (words,) = re.findall(r"Save this as `test_client\.py`.*run `pytest (.*)`:", README.read_text("utf-8"))
    return shlex.split(words)


def lines(result: pytest.RunResult) -> Sequence[str]:
    return [line.strip() for line in result.outlines]


def stripped(name: str) -> Sequence[str]:
    return [line.strip() for line in example(name).splitlines()]


def test_first_tests_beside_the_clone_find_the_duplicate(inner: Inner) -> None:
    inner.pytester.makepyfile(test_client=example("client.py"))
    tests = inner.pytester.mkdir("integration-emulator") / "tests"
    tests.mkdir()
    (tests / "test_of_the_clone.py").write_text("import nowhere_to_be_found\n", "utf-8")
    result = inner.pytester.runpytest_inprocess(*first_run(), "--emulator-url", inner.url)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_client.py::test_integration_is_created_once*"])
    assert set(stripped("report.txt")) <= set(lines(result))


def test_misspelt_field_fails_the_first_test_with_the_contract(inner: Inner) -> None:
    inner.pytester.makepyfile(test_client=example("client.py").replace('"name": name', '"nam": name'))
    result = inner.pytester.runpytest_inprocess("--emulator-url", inner.url, "-k", "not once")
    assert set(stripped("violation.txt")) <= set(lines(result))


class Container:
    """What runs in a container's place."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.root = f"http://localhost:{port}"
        self._variables = {"EMULATOR_HOST": "0.0.0.0", "EMULATOR_PORT": str(port)}

    def wait(self) -> None:
        """Return once the health check passes, as compose and GitHub Actions do."""
        while check_health(**self._variables).returncode:
            assert self.process.poll() is None

    def list_secoda(self, url: str, host: str) -> int:
        """Call the emulator where a snippet says that it is; return the status."""
        assert url.startswith(f"http://{host}:{PORT}/")
        here = url.replace(f"http://{host}:{PORT}", self.root)
        token = {"Authorization": "Bearer secoda-token"}
        return httpx.get(f"{here}/integration/integrations", headers=token).status_code


@contextmanager
def container(arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> Iterator[Container]:
    """Run what the image runs, as it would run it, on a port that is free."""
    image = dict(re.findall(r"(EMULATOR_\w+)=(\S+)", last("ENV")))
    with reserved_port() as port:
        variables = {**image, **(environment or {}), "EMULATOR_PORT": str(port)}
        with subprocess.Popen(
            [*COMMAND, "serve", *arguments], env=clean_environment(**variables), stdout=subprocess.DEVNULL
        ) as process:
            try:
                yield Container(process, port)
            finally:
                process.kill()


def test_docker_run_starts_waits_and_stops() -> None:
    build, run, wait, stop = (shlex.split(line) for line in example("docker.sh").splitlines())
    assert build == ["docker", "build", "-t", IMAGE, "."]
    asked = docker_run(run)
    assert (asked.image, asked.p, asked.detach) == (IMAGE, [f"{PORT}:{PORT}"], True)
    assert stop == ["docker", "stop", asked.name]
    assert wait[-1].endswith(healthcheck.PATH)
    environment = dict(entry.split("=", 1) for entry in asked.e)
    assert environment.keys() <= VARIABLES
    with container(asked.arguments, environment) as started:
        assert '"ready"' in curl(shlex.join(wait), started.root).stdout
        assert started.list_secoda(f"http://localhost:{PORT}/secoda/api/v1", "localhost") == 429
        started.process.terminate()
        assert started.process.wait(60) == 0
