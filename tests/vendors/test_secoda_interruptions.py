"""An upload that does not end leaves nothing behind, and keeps what was there before."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.errors import Refusal
from emulator.exchange import Call, Part
from emulator.sandbox.sandbox import Sandbox
from emulator.settings import read_settings
from emulator.store.world import World
from emulator.vendors.secoda.collections import INTEGRATIONS, LINEAGE, RESOURCES, SYNCS
from emulator.vendors.secoda.integrations import delete_integration
from emulator.vendors.secoda.metadata import import_jsonl_metadata, import_metadata
from emulator.vendors.secoda.syncs import sweep_interrupted

T = TypeVar("T")
CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
FORMER = "b7d1f0a4-3e5c-4d92-8f61-0c7a9b2e4d13"
CSV = "col_name,database,schema,name\n" + "".join(f"c{number},d,s,t\n" for number in range(2000))
JSONL = "".join(f'{{"entity_type": "dashboard", "databuilder_id": "d{number}"}}\n' for number in range(2000))


class Plain:
    """The transactions of one call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def run(self, work: Callable[[World], T]) -> T:
        return await self._sandbox.run("secoda", work, randomness=self._sandbox.randomness("uploads"))


class Interrupted(Plain):
    """Transactions of which the one with the number `whole` is followed by an unexpected error."""

    def __init__(self, sandbox: Sandbox, whole: int, interruption: Callable[[], Any]) -> None:
        super().__init__(sandbox)
        self._left = whole
        self._interruption = interruption

    async def run(self, work: Callable[[World], T]) -> T:
        result = await super().run(work)
        self._left -= 1
        if self._left == 0:
            await self._interruption()
        return result


@pytest.fixture
async def sandbox(catalogue: Catalogue) -> AsyncIterator[Sandbox]:
    emulator = Emulator(read_settings(), catalogue)
    await emulator.start()
    yield emulator.sandboxes.default
    await emulator.close()


async def state(sandbox: Sandbox) -> dict[str, Any]:
    collections = (INTEGRATIONS, SYNCS, RESOURCES, LINEAGE)
    return await sandbox.run("secoda", lambda world: {one.name: world[one].all() for one in collections})


def part(name: str, text: str) -> Part:
    return Part(name, f"{name}.txt", "text/plain", io.BytesIO(text.encode()), len(text))


UPLOADS: dict[Any, Any] = {
    import_metadata: {"file": part("file", CSV)},
    import_jsonl_metadata: {
        "resources_file": part("resources_file", JSONL),
        "lineages_file": part("lineages_file", ""),
    },
}


def call(handler: Any) -> Call:
    return Call("POST", "", params={"integration_id": CUSTOM}, parts=UPLOADS.get(handler, {}))


async def fail() -> None:
    raise OSError("no space left on device")


async def cancel() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("handler", UPLOADS)
@pytest.mark.parametrize("whole", [1, 2, 5])
@pytest.mark.parametrize(("interruption", "kind"), [(fail, OSError), (cancel, asyncio.CancelledError)])
async def test_an_upload_that_fails_or_is_cancelled_leaves_all_as_it_was(
    sandbox: Sandbox, handler: Any, whole: int, interruption: Any, kind: type[BaseException]
) -> None:
    before = await state(sandbox)
    with pytest.raises(kind):
        await handler(call(handler), Interrupted(sandbox, whole, interruption))
    assert await state(sandbox) == before


class CancelledOnceInForce(Plain):
    """Transactions; just after the one that puts an upload in force, the call is cancelled."""

    cancelled = False

    async def run(self, work: Callable[[World], T]) -> T:
        result = await super().run(work)
        former = await self._sandbox.run("secoda", lambda world: (world[SYNCS].get(FORMER) or {})["current"])
        if not former and not self.cancelled:
            self.cancelled = True
            raise asyncio.CancelledError
        return result


@pytest.mark.parametrize("handler", UPLOADS)
async def test_cancelling_an_upload_in_force_changes_nothing(sandbox: Sandbox, handler: Any) -> None:
    with pytest.raises(asyncio.CancelledError):
        await handler(call(handler), CancelledOnceInForce(sandbox))
    left = await state(sandbox)
    (current,) = [sync for sync in left["secoda.syncs"] if sync["current"]]
    in_force = [record for record in left["secoda.resources"] if record["key"].startswith(f"{current['tag']}:")]
    assert len(in_force) == current["resources"] >= 2000
    # The next upload removes what it replaced.
    await handler(call(handler), Plain(sandbox))
    assert len((await state(sandbox))["secoda.resources"]) == current["resources"]


@pytest.mark.parametrize("handler", UPLOADS)
@pytest.mark.parametrize("whole", [1, 2, 5])
async def test_an_upload_whose_integration_is_deleted_meanwhile_leaves_nothing(
    sandbox: Sandbox, handler: Any, whole: int
) -> None:
    async def delete() -> None:
        await delete_integration(call(handler), Plain(sandbox))

    with pytest.raises(Refusal) as refusal:
        await handler(call(handler), Interrupted(sandbox, whole, delete))
    assert (refusal.value.reply.status, refusal.value.reply.document) == (404, {"detail": "Not found."})
    left = await state(sandbox)
    assert (left["secoda.resources"], left["secoda.lineage"]) == ([], [])
    assert [sync for sync in left["secoda.syncs"] if sync["integration_id"] == CUSTOM] == []


class Killed(Exception):
    """The process has been killed: no more transactions."""


class Mortal(Plain):
    """Transactions that end after a number of them."""

    def __init__(self, sandbox: Sandbox, lives: int) -> None:
        super().__init__(sandbox)
        self._left = lives

    async def run(self, work: Callable[[World], T]) -> T:
        if self._left == 0:
            raise Killed
        self._left -= 1
        return await super().run(work)


async def sweep(sandbox: Sandbox) -> None:
    """Do what a start does with an existing database, and a restore with a snapshot."""
    await sandbox.run("secoda", sweep_interrupted)


async def run_to_the_end(handler: Any, sandbox: Sandbox, lives: int) -> bool:
    """Run a handler with so many transactions; return whether they were enough."""
    try:
        await handler(call(handler), Mortal(sandbox, lives))
    except Killed:
        return False
    return True


@pytest.mark.parametrize("handler", UPLOADS)
async def test_an_upload_killed_at_any_moment_is_whole_or_absent_after_a_sweep(sandbox: Sandbox, handler: Any) -> None:
    before = await state(sandbox)
    for lives in range(100):
        if await run_to_the_end(handler, sandbox, lives):
            break
        await sweep(sandbox)
        after = await state(sandbox)
        if after != before:
            assert is_whole(after), f"killed after {lives} transactions"
    else:
        pytest.fail("the upload never came to its end")
    assert is_whole(await state(sandbox))


def is_whole(found: dict[str, Any]) -> bool:
    """Return True if an upload is in force with all its rows, and none is in progress."""
    (current,) = [sync for sync in found["secoda.syncs"] if sync["current"]]
    keys = [record["key"] for record in found["secoda.resources"]]
    return (
        all(key.startswith(f"{current['tag']}:") for key in keys)
        and len(keys) == current["resources"] >= 2000
        and {sync["rows"] for sync in found["secoda.syncs"]} <= {"in force", "none"}
        and all(sync["status"] == "succeeded" for sync in found["secoda.syncs"])
    )


async def test_a_deletion_killed_at_any_moment_is_whole_after_a_sweep(sandbox: Sandbox) -> None:
    await import_metadata(call(import_metadata), Plain(sandbox))
    file = await sandbox.store.dump()
    for lives in range(1, 100):
        await sandbox.store.load(file, lambda db: None)
        if await run_to_the_end(delete_integration_of, sandbox, lives):
            break
        await sweep(sandbox)
        left = await state(sandbox)
        assert (left["secoda.resources"], left["secoda.lineage"]) == ([], [])
        assert [sync for sync in left["secoda.syncs"] if sync["integration_id"] == CUSTOM] == []
    assert lives > 5


async def delete_integration_of(call: Call, transactions: Plain) -> None:
    await delete_integration(call, transactions)


@pytest.mark.parametrize("handler", UPLOADS)
async def test_an_upload_without_progress_leaves_its_sync_running_and_no_rows(sandbox: Sandbox, handler: Any) -> None:
    before = await state(sandbox)
    sandbox.switches["secoda"]["sync_progress"] = "stuck"
    await handler(call(handler), Plain(sandbox))
    await sweep(sandbox)
    after = await state(sandbox)
    assert (after["secoda.resources"], after["secoda.lineage"]) == (
        before["secoda.resources"],
        before["secoda.lineage"],
    )
    assert [(sync["status"], sync["rows"]) for sync in after["secoda.syncs"]][-1] == ("running", "none")


async def test_the_rows_of_a_csv_take_about_ten_times_its_size(sandbox: Sandbox) -> None:
    """A file of 100 MB makes 1 GB: it made 2 GB when each row bore the ids of its integration, sync and batch."""
    rows = "".join(f"column_{number},snow,sales,table_{number // 50},varchar\n" for number in range(10_000))
    file = part("file", f"col_name,database,schema,name,col_type\n{rows}")
    before = len(await sandbox.store.dump())
    upload = Call("POST", "", params={"integration_id": CUSTOM}, parts={"file": file})
    await import_metadata(upload, Plain(sandbox))
    assert len(await sandbox.store.dump()) - before < 10.5 * file.size


@pytest.mark.parametrize("handler", UPLOADS)
async def test_of_two_uploads_at_once_the_one_that_ends_last_is_in_force(sandbox: Sandbox, handler: Any) -> None:
    async def upload_another() -> None:
        parts = {"file": part("file", "col_name,database,schema,name\nother,d,s,t\n")}
        other = Call("POST", "", params={"integration_id": CUSTOM}, parts=parts)
        await import_metadata(other, Plain(sandbox))

    await handler(call(handler), Interrupted(sandbox, 3, upload_another))
    left = await state(sandbox)
    (current,) = [sync for sync in left["secoda.syncs"] if sync["current"]]
    assert {record["key"].partition(":")[0] for record in left["secoda.resources"]} == {current["tag"]}
    assert len(left["secoda.resources"]) == current["resources"] >= 2000
