"""Credentials, switches and records change in one step, whatever is under way, in memory and in a file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.errors import ConfigurationError
from emulator.sandbox.sandbox import Sandbox
from emulator.settings import read_settings
from emulator.store.collection import Collection
from emulator.store.world import World
from tests.control import Control, controlled

INTEGRATIONS = "/secoda/api/v1/integration/integrations"
SECODA = {"Authorization": "Bearer secoda-token"}
CREDENTIALS = Collection("secoda.credentials", schema="credential.schema.json")
SYNCS = Collection("secoda.syncs")
WORLDS = ("memory", "large", "file")


@pytest.fixture(params=WORLDS)
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings of a database in memory, of one that outgrows memory, and of one in a file."""
    if request.param == "large":
        monkeypatch.setattr("emulator.store.sqlite.IN_MEMORY_BYTES", 64 * 1024)
    return {"database": str(tmp_path / "kept.db")} if request.param == "file" else {}


@pytest.fixture
async def sandbox(settings: dict[str, Any], catalogue: Catalogue) -> AsyncIterator[Sandbox]:
    emulator = Emulator(read_settings(settings), catalogue)
    await emulator.start()
    yield emulator.sandboxes.default
    await emulator.close()


def put(rights: str) -> Callable[[World], None]:
    """Return work that gives a credential these rights."""
    record = {"id": "mine", "user": "f71585fa-251c-4102-8d81-c97c57c8d435", "rights": rights}

    def work(world: World) -> None:
        world[CREDENTIALS].delete("mine")
        world[CREDENTIALS].insert(record)

    return work


async def test_an_older_book_of_credentials_never_follows_a_newer_one(sandbox: Sandbox) -> None:
    done = threading.Event()
    await sandbox.run("secoda", lambda world: None, on_thread=True)
    older = asyncio.create_task(sandbox.run("secoda", put("read"), on_thread=True))
    newer = asyncio.create_task(sandbox.run("secoda", put("full"), on_thread=True))
    last = asyncio.create_task(sandbox.run("secoda", lambda world: done.set(), on_thread=True))
    await asyncio.sleep(0)
    # Both are written, and the event loop has heard of neither.
    done.wait()
    assert sandbox.credentials["secoda"]["mine"]["rights"] == "full"
    await asyncio.gather(newer, older, last)
    assert sandbox.credentials["secoda"]["mine"]["rights"] == "full"


async def test_the_credentials_are_updated_before_the_write_is_confirmed(sandbox: Sandbox) -> None:
    seen: list[bool] = []
    loop = asyncio.get_running_loop()
    # The transaction that follows runs on the thread at once, before the event loop hears of the first.
    second = sandbox.run("secoda", lambda world: seen.append("mine" in sandbox.credentials["secoda"]), on_thread=True)
    await asyncio.gather(sandbox.run("secoda", put("full"), on_thread=True), second)
    assert (seen, loop.is_running()) == ([True], True)


async def test_a_write_that_leaves_an_unusable_credential_is_rolled_back(sandbox: Sandbox) -> None:
    def spoil(world: World) -> None:
        world[SYNCS].insert({"id": "made beside it"})
        world[CREDENTIALS].insert({"id": "mine", "rights": "full"})

    with pytest.raises(ConfigurationError, match=r"the record 'mine…' of secoda\.credentials, /user: 'user' is"):
        await sandbox.run("secoda", spoil)
    assert "mine" not in sandbox.credentials["secoda"]
    assert await sandbox.run("secoda", lambda world: world[SYNCS].get("made beside it")) is None


async def test_a_restore_takes_all_or_nothing(sandbox: Sandbox) -> None:
    before = dict(sandbox.credentials["secoda"])
    good = await sandbox.store.dump()
    await sandbox.store.run(
        lambda db: db.execute('UPDATE "secoda.credentials" SET record = \'{"id": ""}\' WHERE id = \'secoda-token\'')
    )
    bad = await sandbox.store.dump()
    await sandbox.restore(good)
    await sandbox.run("secoda", lambda world: world[SYNCS].insert({"id": "kept"}))
    with pytest.raises(ConfigurationError, match=r"of secoda\.credentials"):
        await sandbox.restore(bad)
    assert sandbox.credentials["secoda"] == before
    assert await sandbox.run("secoda", lambda world: world[SYNCS].get("kept")) == {"id": "kept"}


async def test_a_call_keeps_the_switches_that_it_began_with(sandbox: Sandbox) -> None:
    begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def look(world: World) -> tuple[Any, Any]:
        first = world.switches["bad_rows"]
        loop.call_soon_threadsafe(begun.set)
        may_end.wait()
        return first, world.switches["bad_rows"]

    looking = asyncio.create_task(sandbox.run("secoda", look, on_thread=True))
    await begun.wait()
    first = sandbox.switches["secoda"]["bad_rows"]
    sandbox.set_switches("secoda", {"bad_rows": "refused"})
    may_end.set()
    assert await looking == (first, first)
    assert sandbox.switches["secoda"]["bad_rows"] == "refused" != first


# Races: reads run all the time, and once a change is acknowledged none shows what was before


RESTORE, DELETE = ("POST", "/snapshots/with/restore", None), ("DELETE", "/state/secoda.credentials/secoda-token", None)
CHANGES = {
    "a credential is deleted": (RESTORE, DELETE, (200, 50), (401, 0)),
    "a world without it is restored": (RESTORE, ("POST", "/snapshots/without/restore", None), (200, 50), (401, 0)),
    "a switch is set": (
        ("PATCH", "/switches", {"secoda.default_page_size": 50}),
        ("PATCH", "/switches", {"secoda.default_page_size": 45}),
        (200, 50),
        (200, 45),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_read_after_an_acknowledged_change_shows_what_was_before(
    settings: dict[str, Any], catalogue: Catalogue, change: str
) -> None:
    there, back, shown_there, shown_back = CHANGES[change]
    with controlled(catalogue, **settings) as (_, control):
        control.done("POST", "/state/populate", json={"collection": "secoda.integrations", "count": 300})
        control.done("POST", "/snapshots", json={"name": "with"})
        control.done("DELETE", "/state/secoda.credentials/secoda-token")
        control.done("POST", "/snapshots", json={"name": "without"})
        control.done("POST", "/snapshots/with/restore")
        stop, reading = threading.Event(), threading.Barrier(3)

        def read() -> None:
            with httpx.Client(timeout=60) as client:
                shown(client, control)
                reading.wait()
                while not stop.is_set():
                    shown(client, control)

        with ThreadPoolExecutor(2) as threads:
            readers = [threads.submit(read) for _ in range(2)]
            reading.wait()
            try:
                for _ in range(8):
                    for (method, path, document), expected in ((there, shown_there), (back, shown_back)):
                        control.done(method, path, json=document)
                        assert [shown(control.client, control) for _ in range(2)] == [expected, expected]
            finally:
                stop.set()
            for reader in readers:
                reader.result()


def shown(client: httpx.Client, control: Control) -> tuple[int, int]:
    """Return the status of a read, and how many integrations it shows."""
    response = client.get(control.url + INTEGRATIONS, headers=SECODA)
    return response.status_code, len(response.json()["results"]) if response.is_success else 0
