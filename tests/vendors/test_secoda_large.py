"""Uploads of 100 MB: neither memory nor other calls suffer; beyond the limit nothing is kept."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.exchange import Part
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.vendors.secoda.artifacts import read_manifest
from emulator.vendors.secoda.json_members import BLOCK
from emulator.vendors.secoda.reports import Report
from tests.vendors.test_secoda_errors import UPLOADS, WITH_BODY

ROOT = Path(__file__).parent.parent.parent
KEY = {"Authorization": "Bearer secoda-token"}
CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
DBT = "8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
INTEGRATION = f"/integration/integrations/{CUSTOM}"
MEGABYTE = 1024 * 1024
TEXT = "What this column holds, at length. " * 300


def write(path: Path, size: int, head: str, row: Callable[[int], str], tail: str = "") -> Path:
    """Write different rows until the file has `size` bytes."""
    with path.open("w") as file:
        written, number = file.write(head), 0
        while written < size:
            written += file.write(row(number))
            number += 1
        file.write(tail)
    return path


def csv_row(number: int) -> str:
    return f"c{number},{number} {TEXT},d,s,t{number // 50}\n"


def jsonl_row(number: int) -> str:
    line = {"entity_type": "column", "databuilder_id": f"d.s.t.c{number}", "description": f"{number} {TEXT}"}
    return json.dumps({**line, "parent_databuilder_id": "d.s.t"}) + "\n"


def node(number: int) -> str:
    test = {"attached_node": f"model.toy.m{number}", "depends_on": {"nodes": []}, "raw_code": TEXT}
    model = {"unique_id": f"model.toy.m{number}", "raw_code": TEXT, "compiled_code": TEXT}
    return f'"test.toy.t{number}": {json.dumps(test)}, "model.toy.m{number}": {json.dumps(model)}, '


MANIFEST_HEAD = '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": {'
RESULTS = {
    "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"},
    "results": [{"unique_id": "test.toy.t7", "status": "fail"}],
}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Files of 100 MB, and a manifest of 50."""
    folder = tmp_path_factory.mktemp("large")
    head = "col_name,col_description,database,schema,name\n"
    yield {
        "csv": write(folder / "large.csv", 100 * MEGABYTE, head, csv_row),
        "jsonl": write(folder / "large.jsonl", 100 * MEGABYTE, "", jsonl_row),
        "manifest": write(folder / "manifest.json", 50 * MEGABYTE, MANIFEST_HEAD, node, '"model.toy.last": {}}}'),
    }
    for file in folder.iterdir():
        file.unlink()


@dataclass
class Process:
    """`emulator serve` in its own process."""

    popen: subprocess.Popen[str]
    url: str

    @classmethod
    def start(cls) -> Process:
        # The more calls the other client makes meanwhile, the larger a journal: it is not part of what is measured.
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--journal-size", "1"]
        popen = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert popen.stdout is not None
        banner = takewhile(lambda line: line != "Ready.\n", popen.stdout)
        (line,) = [line for line in banner if line.startswith("Secoda ")]
        return cls(popen, next(word for word in line.split() if word.startswith("http")))

    def stop(self) -> int:
        """Stop it; return its peak memory, in bytes."""
        peak = self._peak()
        self.popen.terminate()
        _, status, usage = os.wait4(self.popen.pid, 0)
        self.popen.returncode = os.waitstatus_to_exitcode(status)
        assert self.popen.stdout is not None
        self.popen.stdout.close()
        return peak or usage.ru_maxrss

    def _peak(self) -> int:
        """Return what Linux says; its rusage counts what the process that started this one had, too."""
        status = Path(f"/proc/{self.popen.pid}/status")
        found = re.search(r"VmHWM:\s+([0-9]+) kB", status.read_text()) if status.exists() else None
        return int(found[1]) * 1024 if found else 0


def upload(url: str, kind: str, file: Path) -> None:
    """Upload a file as `kind`, streaming it."""
    with file.open("rb") as content, httpx.Client(headers=KEY, timeout=300) as client:
        if kind == "manifest":
            files: dict[str, Any] = {"manifest": content, "run_results": json.dumps(RESULTS).encode()}
            reply = client.post(f"{url}/integration/dbt/{DBT}/upload_artifacts/", files=files)
        elif kind == "csv":
            reply = client.post(f"{url}{INTEGRATION}/import_metadata", files={"file": content})
        else:
            reply = client.post(f"{url}{INTEGRATION}/import_jsonl_metadata", files={"resources_file": content})
        assert (reply.status_code, reply.content) == (200, b"")


def answered_amid(url: str, kind: str, file: Path) -> int:
    """Upload a file as `kind`; return how many other calls were answered meanwhile."""
    answered = 0
    with ThreadPoolExecutor() as pool, httpx.Client(headers=KEY, timeout=300) as client:
        uploading = pool.submit(upload, url, kind, file)
        while not uploading.done():
            assert client.get(f"{url}/integration/integrations?page_size=1").status_code == 200
            answered += 1
        uploading.result()
    return answered


@dataclass
class Uploads:
    """What uploads of each kind have done to one process: its peak of memory, the other calls answered by kind."""

    peak: int
    answered: dict[str, int]

    @classmethod
    def of(cls, files: dict[str, Path]) -> Uploads:
        """Upload files by kind."""
        process = Process.start()
        try:
            answered = {kind: answered_amid(process.url, kind, file) for kind, file in files.items()}
        finally:
            peak = process.stop()
        return cls(peak, answered)


@pytest.fixture(scope="module")
def uploaded(large: dict[str, Path]) -> Uploads:
    return Uploads.of(large)


def test_large_uploads_do_not_grow_the_process_by_their_size(uploaded: Uploads, tmp_path: Path) -> None:
    small = {"csv": b"col_name,database,schema,name\nc,d,s,t\n", "jsonl": b"{}\n", "manifest": b"{}"}
    for kind, content in small.items():
        (tmp_path / kind).write_bytes(content)
    # 250 MB came in. SQLite keeps up to 32 of them in memory, the rest on disk.
    assert uploaded.peak - Uploads.of({kind: tmp_path / kind for kind in small}).peak < 64 * MEGABYTE


@pytest.mark.parametrize("kind", ["csv", "jsonl", "manifest"])
def test_other_calls_get_replies_during_a_large_upload(uploaded: Uploads, kind: str) -> None:
    # If one had to wait for the upload's end, there would be hardly more than that one.
    assert uploaded.answered[kind] > 10


async def test_a_large_manifest_is_read_a_block_at_a_time_off_the_loop(large: dict[str, Path]) -> None:
    file = large["manifest"]
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.create_task(take_turns())
    with file.open("rb") as content:
        part = Part("manifest", "manifest.json", "application/json", content, file.stat().st_size)
        report = Report.on(part)
        tests = await read_manifest(part, report, 100)
    other.cancel()
    assert report.errors == []
    assert tests["test.toy.t7"] == ["model.toy.m7"]
    assert len(tests) > 1000
    # The loop turned at least once for each block: nothing blocked it for longer than one takes.
    assert turns > file.stat().st_size / BLOCK


@pytest.fixture(scope="module")
def narrow(catalogue: Catalogue) -> Iterator[ThreadedServer]:
    """A server that takes bodies of up to 100 kB."""
    with ThreadedServer(Emulator(read_settings({"port": 0, "max_body": "100k"}), catalogue)) as server:
        yield server


def bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    content = b"x" * 200_000
    for name in WITH_BODY:
        files = dict.fromkeys(UPLOADS[name].files, content) if name in UPLOADS else {}
        yield name, {"files": files} if files else {"json": {"name": "x" * 200_000}}


def in_pieces(request: httpx.Request) -> httpx.Request:
    """Return the request with its body in chunks: its length is not known in advance."""
    content = request.read()
    headers = {**KEY, "Content-Type": request.headers["Content-Type"]}
    pieces = (content[at : at + 10_000] for at in range(0, len(content), 10_000))
    return httpx.Request(request.method, request.url, headers=headers, content=pieces)


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
@pytest.mark.parametrize(
    ("operation", "options"), list(bodies()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_body_beyond_the_limit_is_rejected_and_nothing_stored(
    narrow: ThreadedServer, operation: str, options: dict[str, Any], chunked: bool
) -> None:
    before = everything(narrow)
    url = f"{narrow.url}/secoda/api/v1{WITH_BODY[operation].path}"
    request = httpx.Request("POST", url, headers=KEY, **options)
    with httpx.Client(timeout=60) as client:
        reply = client.send(in_pieces(request) if chunked else request)
    assert (reply.status_code, reply.json()) == (413, {"detail": "Request body exceeded 102400 bytes."})
    assert everything(narrow) == before


def everything(server: ThreadedServer) -> dict[str, list[Any]]:
    emulator = server.server.emulator
    collections = emulator.catalogue.vendors["secoda"].collections
    sandbox = emulator.sandboxes.default
    return server.run(lambda: sandbox.run("secoda", lambda world: {one.name: world[one].all() for one in collections}))
