"""Several processes behind nginx: deploy/sharded.py and deploy/nginx.conf.template."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.benchmarks.processes import REPOSITORY, free_port

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None, reason="2026-11-21: nginx is not installed; apt-get install nginx-light"
)

LIST = "/secoda/api/v1/integration/integrations"
TOKEN = {"Authorization": "Bearer secoda-token"}
NAMES = [f"world-{number}" for number in range(16)]


class Shards:
    """Two emulators behind nginx."""

    def __init__(self, script: subprocess.Popen[str], url: str) -> None:
        self._script = script
        self.client = httpx.Client(base_url=url, timeout=60)
        self.pids: dict[str, int] = {}

    def create(self, name: str) -> httpx.Response:
        headers = {"X-Emulator-Sandbox": name}
        return self.client.post("/_emulator/sandboxes", json={"name": name}, headers=headers).raise_for_status()

    def printed(self) -> str:
        """Return the script's next line."""
        assert self._script.stdout is not None
        return self._script.stdout.readline()


@contextmanager
def sharded() -> Iterator[Shards]:
    """Run the script until the block ends."""
    port = free_port()
    command = [sys.executable, str(REPOSITORY / "deploy" / "sharded.py"), "--processes", "2", "--port", str(port)]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [*command, "--access-log", "false"], cwd=REPOSITORY / "tests", env=environ, stdout=subprocess.PIPE, text=True
    ) as script:
        shards = Shards(script, f"http://127.0.0.1:{port}")
        try:
            for _ in range(2):
                line = re.fullmatch(r"Process (\S+) has pid (\d+)\.\n", shards.printed())
                assert line is not None
                shards.pids[line[1]] = int(line[2])
            assert shards.printed().startswith("Ready.")
            yield shards
        finally:
            shards.client.close()
            script.terminate()


@pytest.fixture(scope="module")
def shards() -> Iterator[Shards]:
    with sharded() as running:
        for name in NAMES:
            running.create(name)
        yield running


def process_of(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return response.headers["X-Emulator-Process"]


@pytest.mark.parametrize("name", NAMES)
def test_sandbox_gets_the_same_process_however_it_is_named(shards: Shards, name: str) -> None:
    vendors = shards.client.get(f"/_emulator/sandboxes/{name}").json()["vendors"]
    own = {vendor: vendors[vendor]["headers"] for vendor in vendors}
    query = {"query": "{listCustomIntegrations {ok}}"}
    ways = [
        shards.client.get(f"/~{name}{LIST}", headers=TOKEN),
        shards.client.get(LIST, headers={**TOKEN, "X-Emulator-Sandbox": name}),
        shards.client.get(LIST, headers=own["secoda"]),
        shards.client.get("/immuta/dictionary/1", headers=own["immuta"]),
        shards.client.get("/celigo/v1/integrations", headers=own["celigo"]),
        shards.client.post("/paradime/graphql", json=query, headers=own["paradime"]),
        shards.client.post(vendors["paradime"]["base_url"], json=query, headers=own["paradime"]),
        shards.client.get(f"/_emulator/sandboxes/{name}"),
        shards.client.get(f"/~{name}/_emulator/journal"),
        shards.client.get("/_emulator/journal", headers={"X-Emulator-Sandbox": name}),
    ]
    assert len({process_of(response) for response in ways}) == 1


def test_sandboxes_are_spread_over_all_processes(shards: Shards) -> None:
    processes = {process_of(shards.client.get(f"/~{name}{LIST}", headers=TOKEN)) for name in NAMES}
    assert processes == shards.pids.keys()


def test_what_is_written_in_a_sandbox_is_read_there_and_nowhere_else(shards: Shards) -> None:
    shards.client.post(f"/~{NAMES[0]}{LIST}", json={"name": "Mine"}, headers=TOKEN).raise_for_status()
    counts = [shards.client.get(f"/~{name}{LIST}", headers=TOKEN).json()["count"] for name in NAMES]
    assert counts == [counts[1] + 1, *counts[1:]]
    assert len(set(counts[1:])) == 1


def test_calls_without_a_sandbox_share_one_default(shards: Shards) -> None:
    ways = [
        shards.client.get(LIST, headers=TOKEN),
        shards.client.get("/immuta/dictionary/1", headers={"Authorization": "Bearer immuta-token"}),
        shards.client.get("/_emulator/journal"),
        shards.client.get("/_emulator/sandboxes/default"),
        shards.client.get("/_emulator/sandboxes/default/journal"),
    ]
    assert len({process_of(response) for response in ways}) == 1


def test_new_sandbox_is_refused_unless_the_header_names_it(shards: Shards) -> None:
    response = shards.client.post("/_emulator/sandboxes", json={"name": "elsewhere"})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "header X-Emulator-Sandbox" in response.json()["detail"]


@pytest.mark.parametrize("name", ['quote"', "UPPER", "a" * 65, "{}"])
def test_invalid_header_name_gets_the_emulators_reply(shards: Shards, name: str) -> None:
    response = shards.client.get(LIST, headers={**TOKEN, "X-Emulator-Sandbox": name})
    assert response.status_code == 404
    assert "Unknown sandbox" in response.json()["detail"]


def test_lost_process_loses_only_its_sandboxes_and_says_so() -> None:
    with sharded() as shards:
        homes = {name: shards.create(name).headers["X-Emulator-Process"] for name in NAMES}
        lost = homes[NAMES[0]]
        os.kill(shards.pids[lost], signal.SIGKILL)
        assert (
            shards.printed()
            == f"Process {lost} has ended with -9: its sandboxes are gone, those of the others are not.\n"
        )
        responses = {name: shards.client.get(f"/~{name}{LIST}", headers=TOKEN) for name in NAMES}
    assert {name: response.status_code for name, response in responses.items()} == {
        name: 502 if home == lost else 200 for name, home in homes.items()
    }
    problem = responses[NAMES[0]]
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json()["detail"].startswith("The process of the sandbox world-0 did not answer.")
