"""Calls in progress are in the journal, and become done in their place."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from emulator.client import Client, SandboxClient
from tests.conftest import EmulatorUnderTest

INTEGRATIONS = "/integration/integrations"


class Held:
    """Calls that the emulator delays until the test lets them continue."""

    def __init__(self, emulator: EmulatorUnderTest, gate: threading.Event, threads: ThreadPoolExecutor) -> None:
        self.emulator = emulator
        self._gate = gate
        self._threads = threads
        emulator.fault({"vendor": "secoda", "operation": "createIntegration", "delay": {"fixed": 3600}})

    def create(self, name: str) -> Future[httpx.Response]:
        """Start to create an integration, and return once the journal has the call."""
        body, journal = {"name": name, "type": "postgres"}, self.emulator.sandbox.journal
        before = journal.changes
        call = self._threads.submit(self.emulator.call, "secoda", "POST", INTEGRATIONS, json=body)
        wait_until(lambda: journal.changes > before)
        return call

    def let_go(self) -> None:
        self._gate.set()


def wait_until(reached: Callable[[], bool]) -> None:
    """Return once another thread has reached a state."""
    while not reached():
        time.sleep(0.001)


@pytest.fixture
def held(emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    gate = threading.Event()

    async def hold(request: Any, seconds: float, stopping: asyncio.Event) -> None:
        if seconds:
            await asyncio.to_thread(gate.wait)

    monkeypatch.setattr("emulator.pipeline.pipeline.hold_back", hold)
    with ThreadPoolExecutor() as threads:
        yield Held(emulator, gate, threads)
        gate.set()


@pytest.fixture
def sandbox(emulator: EmulatorUnderTest) -> Iterator[SandboxClient]:
    with Client(emulator.root) as client:
        yield client.sandbox()


def test_a_call_in_progress_is_shown_and_completed_in_its_place(held: Held, sandbox: SandboxClient) -> None:
    call = held.create("Mine")
    held.emulator.call("secoda", "GET", INTEGRATIONS)
    [first, second] = sandbox.journal.select()
    assert (first.state, first.operations, first.status, first.document["reply"]) == (
        "open",
        ("createIntegration",),
        0,
        None,
    )
    assert first.json == {"name": "Mine", "type": "postgres"}
    assert (first.faults, first.seconds, second.state) == (("fault-1",), 0, "done")
    held.let_go()
    assert call.result().status_code == 201
    [first, second] = sandbox.journal.select()
    assert (first.id, first.state, first.status, first.reply_json["name"]) == (1, "done", 201, "Mine")
    assert first.seconds > 0


def test_a_call_in_progress_has_no_outcome(held: Held, sandbox: SandboxClient) -> None:
    def counted() -> float:
        metrics = httpx.get(f"{held.emulator.root}/_emulator/metrics").text
        return sum(float(line.split()[-1]) for line in metrics.splitlines() if 'operation="createIntegration"' in line)

    before, call = counted(), held.create("Mine")
    assert counted() == before
    assert sandbox.journal.select(status=0) == []
    assert [one.id for one in sandbox.journal.select(where={"status": {"absent": True}})] == [1]
    assert [one.id for one in sandbox.journal.select(state="open")] == [1]
    assert sandbox.request("GET", "/journal.har")["log"]["entries"] == []
    held.let_go()
    call.result()
    assert counted() > before
    assert len(sandbox.request("GET", "/journal.har")["log"]["entries"]) == 1
    assert sandbox.journal.select(state="open") == []


def test_clearing_the_journal_leaves_calls_in_progress(held: Held, sandbox: SandboxClient) -> None:
    call = held.create("Mine")
    sandbox.journal.clear()
    held.let_go()
    call.result()
    assert [(one.id, one.status) for one in sandbox.journal] == [(1, 201)]


def test_a_call_in_progress_at_a_reset_ends_in_its_own_sandbox(held: Held, sandbox: SandboxClient) -> None:
    call = held.create("Mine")
    sandbox.reset()
    held.emulator.call("secoda", "GET", INTEGRATIONS)
    held.let_go()
    assert call.result().status_code == 201
    assert [(one.id, one.operations) for one in sandbox.journal] == [(1, ("listIntegrations",))]


def test_a_call_in_progress_gets_its_reply_although_its_sandbox_is_dropped(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client(held.emulator.root) as client, client.create_sandbox() as own:
        journal = held.emulator.sandboxes.get(own.name).journal  # type: ignore[union-attr]
        own.fault(vendor="secoda", delay=1)
        url, headers = own.secoda.url + INTEGRATIONS, dict(own.secoda.headers)
        with ThreadPoolExecutor() as threads:
            call = threads.submit(httpx.get, url, headers=headers, timeout=60)
            wait_until(lambda: len(journal) == 1)
            own.drop()
            held.let_go()
            assert call.result().status_code == 200
    assert [(one.status, one.is_open) for one in journal] == [(200, False)]


def test_events_show_completed_calls_and_resume_before_open_ones(held: Held, sandbox: SandboxClient) -> None:
    def events(since: int) -> Iterator[tuple[str, int]]:
        with httpx.stream("GET", f"{held.emulator.root}/_emulator/events?since={since}", timeout=60) as reply:
            id = ""
            for line in reply.iter_lines():
                id = line.removeprefix("id: ") if line.startswith("id: ") else id
                if line.startswith("data: "):
                    yield id, json.loads(line.removeprefix("data: "))["id"]

    call = held.create("Mine")
    held.emulator.call("secoda", "GET", INTEGRATIONS)
    told = events(0)
    # The first call is in progress: a reader that resumes after the event of the second gets both.
    assert next(told) == ("0", 2)
    held.let_go()
    call.result()
    assert next(told) == ("1", 1)
    held.emulator.call("secoda", "GET", INTEGRATIONS)
    assert next(told) == ("3", 3)
    told.close()  # type: ignore[attr-defined]
    resumed = events(0)
    assert [next(resumed) for _ in range(3)] == [("1", 1), ("2", 2), ("3", 3)]
    resumed.close()  # type: ignore[attr-defined]


def test_a_client_that_leaves_ends_its_call(emulator: EmulatorUnderTest, sandbox: SandboxClient) -> None:
    emulator.fault({"vendor": "secoda", "delay": {"fixed": 3600}})
    address = urlsplit(emulator.url("secoda") + INTEGRATIONS)
    with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
        head = f"GET {address.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secoda-token\r\n\r\n"
        connection.sendall(head.encode())
        wait_until(lambda: [one.state for one in sandbox.journal] == ["open"])
    wait_until(lambda: [one.state for one in sandbox.journal] == ["done"])
    [left] = sandbox.journal
    assert (left.status, left.document["reply"]) == (0, None)
