"""Verifying with `within`: the request waits for calls that are still to come."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.client import Client, EmulatorError, SandboxClient
from emulator.journal.expectation import expectation_of
from emulator.journal.journal import Journal
from emulator.journal.verification import Verification, Verifier
from emulator.journal.waiting import Waiting
from emulator.runtime.off_loop import Worker
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.conftest import EmulatorUnderTest
from tests.test_journal import exchange

LONG = 300
"""The longest possible wait: a test that waited for it would never end."""


def wait_until(reached: Callable[[], bool]) -> None:
    """Return once another thread has reached a state."""
    while not reached():
        time.sleep(0.001)


@pytest.fixture
def sandbox(emulator: EmulatorUnderTest) -> Iterator[SandboxClient]:
    with Client(emulator.root) as client:
        yield client.sandbox()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def create(emulator: EmulatorUnderTest, name: str) -> None:
    emulator.call("celigo", "POST", "/integrations", json={"name": name})


def waiting(emulator: EmulatorUnderTest, verify: Callable[[], Any], threads: ThreadPoolExecutor) -> Future[Any]:
    """Start to verify, and return once the request waits for the journal."""
    listeners = emulator.sandbox.journal._listeners
    before = len(listeners)
    future = threads.submit(verify)
    wait_until(lambda: len(listeners) > before)
    return future


# Over HTTP, and in Python


def test_what_is_there_already_needs_no_wait(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    create(emulator, "a")
    [found] = sandbox.verify("createIntegration", body={"name": "a"}, within=LONG)
    assert found.status == 201


def test_waits_for_a_later_call(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, threads: ThreadPoolExecutor
) -> None:
    verdict = waiting(
        emulator, lambda: sandbox.verify("createIntegration", body={"name": "b"}, count=1, within=LONG), threads
    )
    create(emulator, "a")
    assert not verdict.done()
    create(emulator, "b")
    [found] = verdict.result()
    assert (found.json, found.status) == ({"name": "b"}, 201)


def test_several_wait_for_what_each_expects(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, threads: ThreadPoolExecutor
) -> None:
    names = ("a", "b", "c")
    verdicts = {
        name: waiting(
            emulator,
            lambda name=name: sandbox.verify("createIntegration", body={"name": name}, within=LONG),  # type: ignore[misc]
            threads,
        )
        for name in names
    }
    for name in reversed(names):
        create(emulator, name)
    assert [verdicts[name].result()[0].json["name"] for name in names] == list(names)


def test_an_order_is_waited_for(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, threads: ThreadPoolExecutor
) -> None:
    step = {"operation": "createIntegration", "vendor": "celigo", "where": {"body": {"name": "a"}}}
    order = ["listIntegrations", step, {"operation": "listIntegrations", "vendor": "secoda"}]
    create(emulator, "a")
    verdict = waiting(emulator, lambda: sandbox.verify(in_order=order, within=LONG), threads)  # type: ignore[arg-type]
    emulator.call("celigo", "GET", "/integrations")
    emulator.call("secoda", "GET", "/integration/integrations")
    create(emulator, "a")
    emulator.call("secoda", "GET", "/integration/integrations")
    assert [found.id for found in verdict.result()] == [2, 4, 5]


def test_a_missing_call_fails_when_the_time_is_up(sandbox: SandboxClient) -> None:
    with pytest.raises(AssertionError) as caught:
        sandbox.verify("createIntegration", within=0.01)
    assert str(caught.value) == "expected createIntegration at least once within 0.01 s, found 0"


def test_a_forbidden_call_is_awaited_for_the_whole_time(sandbox: SandboxClient) -> None:
    began = time.monotonic()
    assert sandbox.verify("createIntegration", count=0, within=0.3) == []
    # The event loop counts in whole milliseconds; what does not wait is back after a few.
    assert time.monotonic() - began > 0.29


def test_a_forbidden_call_fails_as_soon_as_it_arrives(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, threads: ThreadPoolExecutor
) -> None:
    verdict = waiting(emulator, lambda: sandbox.verify("createIntegration", count=0, within=LONG), threads)
    emulator.fault({"vendor": "celigo", "delay": {"fixed": 3600}})
    address = urlsplit(emulator.url("celigo") + "/integrations")
    with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
        token = emulator.headers("celigo")["Authorization"]
        head = f"POST {address.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n"
        body = json.dumps({"name": "a"})
        connection.sendall(
            f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        # It is still in progress.
        with pytest.raises(AssertionError, match="exactly 0 times within 300 s, found 0 and 1 in progress"):
            verdict.result()
    wait_until(lambda: emulator.sandbox.idle)


@pytest.mark.parametrize("count", [0, 1])
def test_a_reset_ends_a_wait(
    emulator: EmulatorUnderTest, sandbox: SandboxClient, threads: ThreadPoolExecutor, count: int
) -> None:
    verdict = waiting(emulator, lambda: sandbox.verify("createIntegration", count=count, within=LONG), threads)
    sandbox.reset()
    with pytest.raises(
        AssertionError, match="; the wait was cut short: the sandbox was reset or dropped, or the emulator stopped"
    ):
        verdict.result()


def test_a_client_that_leaves_ends_its_wait(emulator: EmulatorUnderTest) -> None:
    address = urlsplit(emulator.root)
    body = json.dumps({"operation": "createIntegration", "within": LONG})
    head = "POST /_emulator/journal/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        wait_until(lambda: bool(emulator.sandbox.journal._listeners))
    wait_until(lambda: not emulator.sandbox.journal._listeners)


@pytest.mark.parametrize(
    ("within", "sentence"),
    [
        (301, "within: 301 is greater than the maximum of 300."),
        (-1, "within: -1 is less than the minimum of 0."),
        ("1", "within: '1' is not of type 'number'."),
    ],
)
def test_how_long_a_wait_may_be(sandbox: SandboxClient, within: Any, sentence: str) -> None:
    with pytest.raises(EmulatorError) as caught:
        sandbox.request("POST", "/journal/verify", {"operation": "createIntegration", "within": within})
    assert str(caught.value) == sentence


def test_an_unknown_operation_in_an_order_is_refused_at_once(sandbox: SandboxClient) -> None:
    with pytest.raises(EmulatorError, match="Unknown operation 'createIntegratoin'"):
        sandbox.verify(in_order=["listIntegrations", "createIntegratoin"], within=LONG)


def test_a_wait_does_not_keep_a_sandbox_open(emulator: EmulatorUnderTest, threads: ThreadPoolExecutor) -> None:
    with Client(emulator.root) as client:
        with client.create_sandbox() as own:
            journal = emulator.sandboxes.get(own.name).journal  # type: ignore[union-attr]
            verdict = threads.submit(lambda: own.verify("createTag", within=LONG))
            wait_until(lambda: bool(journal._listeners))
        with pytest.raises(AssertionError, match="reset or dropped"):
            verdict.result()


# Races: calls come and go while a verdict is awaited


async def verdict_of(kept: Journal, worker: Worker, **expected: Any) -> Verification:
    verifier = Verifier(expectation_of({"operation": "listThings", **expected}))
    return await Waiting(verifier, kept, worker).final_verdict(LONG, lambda: False)


def all_wait(kept: Journal, waits: Sequence[asyncio.Task[Verification]]) -> bool:
    """Return True if each of those that have no verdict yet waits for the next exchange."""
    return sum(not one.done() for one in kept._listeners) >= sum(not one.done() for one in waits)


@pytest.mark.parametrize("quick", [0, 4 * 1024**2])
async def test_no_call_is_missed_or_counted_twice(quick: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.journal.waiting.QUICK_BYTES", quick)
    kept, worker = Journal(50, 10_000_000), Worker()
    waits = [asyncio.create_task(verdict_of(kept, worker, count=count)) for count in range(1, 100, 7)]
    waits.append(asyncio.create_task(verdict_of(kept, worker, at_least=100)))
    in_progress = []
    for number in range(1, 101):
        if number % 3:
            kept.record(exchange(number))
        else:
            kept.open(one := exchange(number))
            in_progress.append(one)
        await asyncio.sleep(0)
        if number % 10 == 0:
            for one in in_progress:
                kept.record(one)
            in_progress.clear()
            # A thread may be late: what the journal evicts before it was seen is lost to those who wait.
            while not all_wait(kept, waits):  # noqa: ASYNC110
                await asyncio.sleep(0)
    for one in in_progress:
        kept.record(one)
    found = [await wait for wait in waits]
    # A journal of 50 has evicted some of them after they were seen.
    assert (found[-1].passed, len(set(found[-1].exchanges))) == (True, 100)
    # Several may come between two looks, so a count may be exceeded, which is always reported.
    assert all(one.passed or "found" in one.sentence for one in found)


async def test_what_makes_room_after_it_was_seen_is_not_lost() -> None:
    kept = Journal(2, 10_000_000)
    wait = asyncio.create_task(verdict_of(kept, Worker(), count=5))
    for number in range(1, 6):
        while not kept._listeners or any(listener.done() for listener in kept._listeners):  # noqa: ASYNC110
            await asyncio.sleep(0)
        kept.record(exchange(number))
    assert (await wait).exchanges == (1, 2, 3, 4, 5)


async def test_what_makes_room_unseen_leaves_an_upper_bound_undecided() -> None:
    kept = Journal(2, 10_000_000)
    wait = asyncio.create_task(verdict_of(kept, Worker(), count=2))
    await asyncio.sleep(0)
    for number in range(1, 6):
        kept.record(exchange(number))
    assert "found 2; the journal holds only the newest 2 exchanges, and dropped 3" in (await wait).sentence


def test_a_wait_ends_at_once_when_the_server_stops(catalogue: Catalogue) -> None:
    emulator = Emulator(read_settings({"port": 0, "access_log": False}), catalogue)
    with ThreadPoolExecutor() as pool, ThreadedServer(emulator) as server, Client(server.url) as client:
        sandbox, listeners = client.sandbox(), emulator.sandboxes.default.journal._listeners
        verdict = pool.submit(lambda: sandbox.verify("createTag", within=LONG))
        wait_until(lambda: bool(listeners))
        server.run(lambda: asyncio.wait_for(server.server.stop(), 60))
        with pytest.raises(AssertionError, match="or the emulator stopped"):
            verdict.result()


async def test_a_wait_ends_at_once_in_a_closed_journal() -> None:
    kept = Journal(10, 1000)
    kept.close()
    found = await verdict_of(kept, Worker())
    assert (found.passed, found.sentence) == (
        False,
        "expected listThings at least once, found 0;"
        " the wait was cut short: the sandbox was reset or dropped, or the emulator stopped",
    )


def test_waits_do_not_hold_the_server_up(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    with ThreadPoolExecutor(20) as pool:
        waits = [waiting(emulator, lambda: sandbox.verify("createIntegration", within=LONG), pool) for _ in range(20)]
        emulator.call("celigo", "GET", "/integrations")
        assert not any(wait.done() for wait in waits)
        create(emulator, "a")
        assert {wait.result()[0].id for wait in waits} == {2}
