"""The processor time of a declared vendor's start and calls as a multiple of a built-in one's: `make bench-ratios`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

import pytest
import yaml

from tests.benchmarks import emulator, works, wrk
from tests.benchmarks.connection import Connection, Request
from tests.benchmarks.large_document import large_document
from tests.benchmarks.processes import REPOSITORY, Process, free_port

ROUNDS = 5
SECONDS = 1
MOST = 2.0
"""What a declared vendor may take, as a multiple of the built-in one (issue 14)."""

TWIN = Path(__file__).parent / "twin"
START = """
import asyncio, gc, sys
from importlib import import_module
from pathlib import Path
from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.settings import read_settings

async def start(name, *folders):
    vendors = {} if folders else {name: import_module(f"emulator.vendors.{name}").vendor}
    homes = {name: Path(folder) / name for folder in folders}
    emulator = Emulator(read_settings({}), read_catalogue(vendors, homes=homes))
    await emulator.start()
    await emulator.close()

gc.disable()
asyncio.run(start(*sys.argv[1:]))
"""
"""Starts the emulator with one vendor: a built-in one, or the one of that name in a folder."""

START_ALL = """
import asyncio, gc, sys
from emulator.app import Emulator
from emulator.settings import read_settings

async def start(documents):
    emulator = Emulator(read_settings({"openapi": documents}))
    await emulator.start()
    await emulator.close()

gc.disable()
asyncio.run(start(sys.argv[1:]))
"""
"""Starts the emulator with the built-in vendors, and those of OpenAPI documents."""

READY = Request("GET", "/_emulator/ready")

pytestmark = pytest.mark.skipif(not wrk.is_there() or not Path("/proc/self/stat").exists(), reason="needs wrk on Linux")


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the twin, which has the built-in vendor's schemas and as many records."""
    home = tmp_path_factory.mktemp("declared") / "vendors" / "twin"
    shutil.copytree(TWIN, home)
    shutil.copytree(REPOSITORY / "contracts" / "secoda" / "schemas", home / "schemas")
    (home / "fixtures").mkdir()
    many = emulator.many_integrations(home.parent.parent / "many") / "secoda" / "integrations.yaml"
    fixture = yaml.safe_load(many.read_text())
    # The built-in vendor shows no credentials either: those in replies would have to be masked in the journal.
    records = [{**record, "credentials": {}} for record in fixture["records"]]
    (home / "fixtures" / "integrations.yaml").write_text(yaml.safe_dump({**fixture, "records": records}))
    return home.parent


@pytest.fixture(scope="module")
def process(vendors: Path) -> Iterator[Process]:
    port, many = free_port(), vendors.parent / "many"
    words = ["serve", "--port", str(port), "--access-log", "false", "--fixtures", str(many), "--vendors", str(vendors)]
    with Process([sys.executable, "-m", "emulator", *words], port, vendors.parent / "served") as process:
        process.wait_for(READY)
        yield process


def of_twin(request: Request) -> Request:
    """Return the same call to the twin."""
    headers = {**request.headers, "Authorization": "Bearer twin-token"}
    return replace(request, path=request.path.replace("/secoda/", "/twin/"), headers=headers)


@pytest.fixture(scope="module")
def ids(process: Process) -> dict[str, list[str]]:
    everything = Request("GET", f"{works.INTEGRATIONS}?page_size=100", works.SECODA)
    with closing(Connection(process.port)) as connection:
        return {
            vendor: [one["id"] for one in json.loads(connection.send(request))["results"]]
            for vendor, request in (("secoda", everything), ("twin", of_twin(everything)))
        }


@pytest.mark.parametrize("work", ["list", "get", "create", "mixed"])
def test_call_of_a_declared_vendor(work: str, process: Process, ids: dict[str, list[str]], tmp_path: Path) -> None:
    built_in = works.works(ids["secoda"], ())[work]
    declared = [of_twin(request) for request in works.works(ids["twin"], ())[work]]
    pairs = [(cost(process, declared, tmp_path), cost(process, built_in, tmp_path)) for _ in range(ROUNDS)]
    told(work, pairs)


def cost(process: Process, requests: Sequence[Request], folder: Path) -> float:
    before = process.processor_seconds()
    load = wrk.run(process.url, requests, SECONDS, folder)
    return (process.processor_seconds() - before) / load.requests


def told(what: str, pairs: Sequence[tuple[float, float]]) -> None:
    declared, built_in = (median(costs) for costs in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    print(f"{what}: declared {declared * 1e6:.0f} µs, built in {built_in * 1e6:.0f} µs, {ratio:.2f}")  # noqa: T201
    assert ratio <= MOST


@pytest.mark.parametrize("vendor", ["secoda", "celigo"])
def test_start_with_a_declared_vendor(vendor: str, vendors: Path) -> None:
    pairs = [(started(START, "twin", str(vendors)), started(START, vendor)) for _ in range(ROUNDS)]
    told(f"start, {vendor}", pairs)


def test_start_with_a_large_document(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_text(yaml.safe_dump(large_document(), sort_keys=False))
    pairs = [(started(START_ALL, f"large={file}"), started(START_ALL)) for _ in range(ROUNDS)]
    told("start, large document", pairs)


def started(script: str, *words: str) -> float:
    """Return the processor time of a process that starts an emulator."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", script, *words], cwd=REPOSITORY, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
