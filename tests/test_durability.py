"""The default sandbox in a file: intact however the process ends, and locked for other processes meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.errors import ConfigurationError
from emulator.sandbox.sandbox import Sandbox
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.store.database import Store
from emulator.vendors.secoda import metadata
from emulator.vendors.secoda.staging import Stage
from tests.control import Control, controlled, process
from tests.ports import reserved_port

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
CSV = "col_name,database,schema,name\n" + "".join(f"c{number},d,s,t\n" for number in range(600))


def records(control: Control, collection: str, sandbox: str = "default") -> list[dict[str, Any]]:
    page = control.done("GET", f"/sandboxes/{sandbox}/state/{collection}?limit=10000")
    found: list[dict[str, Any]] = page["records"]
    return found


def serve(*options: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run `emulator serve` until it exits; `limit` is the largest file size in bytes."""

    def prepare() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=kept, check=False, preexec_fn=prepare
    )


# One process at a time


def test_a_second_process_on_one_file_exits_with_a_sentence_whatever_path_leads_to_it(tmp_path: Path) -> None:
    file, link, folder = tmp_path / "kept.db", tmp_path / "link.db", tmp_path / "folder"
    store = Store(str(file))
    try:
        link.symlink_to(file)
        folder.symlink_to(tmp_path)
        second = serve("--database", str(link))
        assert (second.returncode, second.stdout) == (2, "")
        assert f"database: {link} is in use by another process, perhaps another emulator" in second.stderr
        assert "Traceback" not in second.stderr
        for path in (file, folder / "kept.db"):
            with pytest.raises(ConfigurationError, match="is in use by another process"):
                Store(str(path))
    finally:
        asyncio.run(store.close())
    asyncio.run(Store(str(link)).close())


@pytest.mark.parametrize("path", [":memory:", "file:x?mode=memory", "file::memory:"])
def test_an_invalid_path_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="expected the path of a file; without this setting"):
        Store(path)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_part_that_is_not_a_file_is_rejected(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "kept.db")
    with pytest.raises(ConfigurationError, match="is not a file; name a file that exists or can be created"):
        Store(str(tmp_path / "kept.db"))


# What is in the file


DAMAGES = [
    ("UPDATE \"secoda.credentials\" SET record = '{'", "secoda.credentials contains a record that is not JSON"),
    (
        "UPDATE \"secoda.credentials\" SET record = json_remove(record, '$.rights') WHERE id = 'secoda-token'",
        "the record 'seco…' of secoda.credentials, /rights: 'rights' is a required property",
    ),
    (
        "UPDATE \"secoda.credentials\" SET record = json_set(record, '$.expires_at', 'soon') WHERE id = 'secoda-token'",
        "the record 'seco…' of secoda.credentials, /expires_at: 'soon' is not a 'date-time'",
    ),
    ("UPDATE \"secoda.credentials\" SET record = CAST(x'7b22ff227d' AS TEXT)", "Could not decode to UTF-8"),
    ("UPDATE \"secoda.integrations\" SET record = '{}'", "the record '.*' of secoda.integrations is not a JSON object"),
    (
        "UPDATE \"celigo.scripts\" SET record = '{'",
        "the record '.*' of celigo.scripts is not a JSON object with the key _id",
    ),
    (
        "UPDATE \"secoda.syncs\" SET record = '[]'",
        "the record '.*' of secoda.syncs is not a JSON object with the key id",
    ),
    ("CREATE TABLE mine (x)", "was not created by this version of the emulator"),
]


@pytest.mark.parametrize(("statement", "sentence"), DAMAGES)
def test_a_damaged_file_is_refused_with_a_sentence(
    tmp_path: Path, catalogue: Catalogue, statement: str, sentence: str
) -> None:
    file = tmp_path / "kept.db"
    with controlled(catalogue, database=str(file)):
        pass
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute(statement)
    with (
        pytest.raises(ConfigurationError, match=f"^database: {file} .*{sentence}"),
        controlled(catalogue, database=str(file)),
    ):
        pass


async def test_a_file_of_records_that_have_gone_is_as_small_again_at_the_next_start(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.store.sqlite.IN_MEMORY_BYTES", 256 * 1024)
    file = tmp_path / "kept.db"
    (syncs,) = (one for one in catalogue.vendors["secoda"].collections if one.name == "secoda.syncs")
    many = [{"id": f"{number}", "integration_id": "", "rows": "none", "text": "x" * 1000} for number in range(1000)]
    sizes = []
    for added in (many, []):
        emulator = Emulator(read_settings({"database": str(file)}), catalogue)
        await emulator.start()
        default = emulator.sandboxes.default
        await default.run("secoda", lambda world, added=added: world[syncs].insert_many(added))  # type: ignore[misc]
        await default.run("secoda", lambda world: world[syncs].delete_all({"integration_id": ""}))
        await emulator.close()
        sizes.append(file.stat().st_size)
    assert sizes[0] > 1_000_000 > 2 * sizes[1]


# A full disk


def test_a_full_disk_at_the_start_is_a_sentence(tmp_path: Path) -> None:
    ended = serve("--database", str(tmp_path / "kept.db"), limit=64 * 1024)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"database: {tmp_path / 'kept.db'} cannot be" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("in_file", [False, True])
def test_a_full_disk_is_the_vendors_503_and_reads_continue(
    tmp_path: Path, catalogue: Catalogue, caplog: pytest.LogCaptureFixture, in_file: bool
) -> None:
    settings = {"database": str(tmp_path / "kept.db")} if in_file else {}
    with controlled(catalogue, **settings) as (emulator, control):
        sandbox = emulator.sandboxes.default
        before = records(control, "secoda.integrations")
        let_grow_little(sandbox)
        url, statuses = control.url + INTEGRATIONS, []
        for number in range(200):
            response = control.client.post(url, headers=SECODA, json={"name": f"{number}" * 500})
            statuses.append(response.status_code)
            if response.status_code != 201:
                break
        assert statuses[-1] == 503
        assert control.client.get(url, headers=SECODA).status_code == 200
        assert len(records(control, "secoda.integrations")) == len(before) + len(statuses) - 1
        query = 'mutation {addCustomIntegration(name: "%s", nodeTypes: []) {ok}}' % ("x" * 5000)
        graphql = control.client.post(
            f"{control.url}/paradime/graphql",
            headers={"X-API-KEY": "paradime-key", "X-API-SECRET": "paradime-secret"},
            json={"query": query},
        )
        assert graphql.status_code == 503
        status, detail = control.refused(
            "POST", "/state/populate", json={"collection": "secoda.integrations", "count": 99}
        )
        assert (status, detail) == (507, "Nothing was changed: database or disk is full.")
    told = next(message for message in caplog.messages if "database or disk is full" in message)
    assert told.startswith("no storage for POST ")


def let_grow_little(sandbox: Sandbox) -> None:
    """Let the database grow by a few pages only."""
    db = sandbox.store._db
    count = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {count + 8}")


# Reset


def hold_calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Delay every call until what is returned is awaited."""
    over = asyncio.Event()

    async def nap(seconds: float) -> None:
        await over.wait()

    async def end() -> None:
        over.set()

    monkeypatch.setattr("emulator.faults.effect.asyncio.sleep", nap)
    return end


PostLate: TypeAlias = Callable[..., "Future[httpx.Response]"]


@contextmanager
def served_with_late_calls(emulator: Emulator) -> Iterator[tuple[ThreadedServer, Control, PostLate]]:
    """Serve an emulator; `post_late(url, …)` makes a call to Secoda on a thread."""
    with (
        ThreadedServer(emulator) as server,
        httpx.Client(timeout=60) as client,
        httpx.Client(timeout=60) as other,
        ThreadPoolExecutor(1) as threads,
    ):
        post = partial(other.post, headers=SECODA)
        yield server, Control(server.url, client), lambda url, **sent: threads.submit(post, url, **sent)


@pytest.mark.parametrize("upload", [False, True])
def test_a_call_during_a_reset_writes_nothing_into_the_new_sandbox(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, upload: bool
) -> None:
    end_delay = hold_calls(monkeypatch)
    emulator = Emulator(
        read_settings({"port": 0, "access_log": False, "database": str(tmp_path / "kept.db")}), catalogue
    )
    with served_with_late_calls(emulator) as (server, control, post_late):
        before = {name: records(control, name) for name in ("secoda.integrations", "secoda.syncs", "secoda.resources")}
        control.done("POST", "/faults", json={"vendor": "secoda", "delay": {"fixed": 0.1}})
        former = emulator.sandboxes.default
        url = server.url + INTEGRATIONS
        late = (
            post_late(f"{url}/{CUSTOM}/import_metadata", files={"file": ("a.csv", CSV)})
            if upload
            else post_late(url, json={"name": "Late"})
        )
        while former.idle:
            pass
        control.done("POST", "/reset")
        server.run(end_delay)
        assert late.result().status_code == (200 if upload else 201)
        assert {name: records(control, name) for name in before} == before
        assert control.client.post(url, headers=SECODA, json={"name": "New"}).status_code == 201
        while not former.store.closed:
            pass
    with controlled(catalogue, database=str(tmp_path / "kept.db")) as (_, control):
        names = [record["name"] for record in records(control, "secoda.integrations")]
        assert ("New" in names, "Late" in names) == (True, False)


@pytest.mark.parametrize("in_file", [False, True])
@pytest.mark.parametrize("step", ["while it stores", "while it sweeps"])
def test_an_upload_that_a_restore_overtakes_ends_and_leaves_the_restored_records_alone(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, in_file: bool, step: str
) -> None:
    over, held = asyncio.Event(), threading.Event()
    holder, name = (Stage, "store") if step == "while it stores" else (metadata, "sweep")
    real = getattr(holder, name)

    async def hold(*arguments: Any) -> Any:
        held.set()
        await over.wait()
        return await real(*arguments)

    async def go_on() -> None:
        over.set()

    monkeypatch.setattr(holder, name, hold)
    settings = {"database": str(tmp_path / "kept.db")} if in_file else {}
    emulator = Emulator(read_settings({"port": 0, "access_log": False, **settings}), catalogue)
    with served_with_late_calls(emulator) as (server, control, post_late):
        control.done("POST", "/snapshots", json={"name": "before"})
        before = {name: records(control, name) for name in ("secoda.syncs", "secoda.resources", "secoda.lineage")}
        url, files = f"{server.url}{INTEGRATIONS}/{CUSTOM}/import_metadata", {"file": ("a.csv", CSV)}
        upload = post_late(url, files=files)
        held.wait()
        control.done("POST", "/snapshots/before/restore")
        server.run(go_on)
        assert upload.result().status_code == 503
        assert {name: records(control, name) for name in before} == before


def test_a_copy_has_nothing_of_an_upload_that_is_under_way(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, held = asyncio.Event(), threading.Event()
    real = Stage.store

    async def hold(*arguments: Any) -> Any:
        stored = await real(*arguments)
        held.set()
        await over.wait()
        return stored

    async def go_on() -> None:
        over.set()

    monkeypatch.setattr(Stage, "store", hold)
    emulator = Emulator(read_settings({"port": 0, "access_log": False}), catalogue)
    with served_with_late_calls(emulator) as (server, control, post_late):
        before = {name: records(control, name) for name in ("secoda.syncs", "secoda.resources", "secoda.lineage")}
        url, files = f"{server.url}{INTEGRATIONS}/{CUSTOM}/import_metadata", {"file": ("a.csv", CSV)}
        upload = post_late(url, files=files)
        held.wait()
        assert {name: records(control, name) for name in before} != before
        control.sandbox(name="beta", **{"from": "default"})
        server.run(go_on)
        assert upload.result().status_code == 200
        assert {name: records(control, name, "beta") for name in before} == before


async def test_concurrent_resets_leave_one_complete_sandbox(tmp_path: Path, catalogue: Catalogue) -> None:
    settings = read_settings({"database": str(tmp_path / "kept.db"), "scenarios": ["secoda/empty-world"]})
    emulator = Emulator(settings, catalogue)
    await emulator.start()
    try:
        found = await asyncio.gather(*(emulator.reset() for _ in range(5)))
        default = emulator.sandboxes.default
        assert found[-1] is default
        vendor = catalogue.vendors["secoda"].collections[0]
        assert await default.run("secoda", lambda world: world[vendor].count()) == 0
        assert sum(not sandbox.store.closed for sandbox in found) == 1
    finally:
        await emulator.close()


# The end


def huge(folder: Path) -> Path:
    """Write fixtures whose scenario celigo/huge, and whose populate, take many minutes."""
    (folder / "celigo").mkdir(parents=True)
    scenario = {"description": "Many.", "records": {"populate": {"integrations": 1_000_000}}}
    (folder / "celigo" / "scenarios.yaml").write_text(json.dumps({"scenarios": {"huge": scenario}}))
    return folder


@pytest.mark.parametrize("in_file", [False, True])
def test_sigterm_amid_long_work_ends_it_and_leaves_nothing_of_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], in_file: bool
) -> None:
    database = ["--database", str(tmp_path / "kept.db")] if in_file else []
    options = ["--fixtures", str(huge(tmp_path / "f")), *database]
    with process(*options) as (started, control), ThreadPoolExecutor(1) as threads:
        before = len(records(control, "celigo.integrations"))
        # Many minutes of work, if it were not interrupted.
        long = threads.submit(control.ask, "PUT", "/scenarios/celigo/huge")
        with httpx.Client(timeout=60) as client:
            while client.get(f"{control.url}/_emulator/metrics").status_code != 200 or not long.running():
                pass
        started.send_signal(signal.SIGTERM)
        assert started.wait(60) == 0
        with suppress(httpx.TransportError):
            assert long.result().json()["detail"] == "Nothing was changed: the emulator is stopping."
            assert long.result().status_code == 503
    assert "ERROR" not in capfd.readouterr().err
    if in_file:
        with process(*options) as (_, control):
            assert len(records(control, "celigo.integrations")) == before


def test_sigterm_amid_the_seeding_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--fixtures", str(huge(tmp_path / "f"))]
    command += ["--scenario", "celigo/huge"]
    with (
        reserved_port() as port,
        subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started,
    ):
        try:
            while not answers(port):
                assert started.poll() is None
            started.send_signal(signal.SIGTERM)
            out, err = started.communicate(timeout=60)
        finally:
            started.kill()
    assert (started.returncode, out, err) == (0, b"", b"")


def answers(port: int) -> bool:
    """Return True if an emulator answers there; it does before it is seeded."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_emulator/ready", timeout=60).status_code == 503
    except httpx.TransportError:
        return False
