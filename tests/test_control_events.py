"""The journal as server-sent events."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.control import guide
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.control import Command, Control, controlled

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"


class Events:
    """A stream of events that is being read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def next(self) -> tuple[int, Any]:
        """Return the id and the data of the next event; comments are passed over."""
        fields = dict(line.split(": ", 1) for line in self._block())
        assert fields["event"] == "exchange"
        return int(fields["id"]), json.loads(fields["data"])

    def comment(self) -> str:
        """Return the next line, which is a comment."""
        line = next(self._lines)
        assert line.startswith(": ")
        assert next(self._lines) == ""
        return line

    def ended(self) -> bool:
        """Wait for the end; return True if only comments came before it."""
        return all(line == "" or line.startswith(":") for line in self._lines)

    def _block(self) -> list[str]:
        block: list[str] = []
        for line in self._lines:
            if line.startswith(":"):
                continue
            if line == "" and block:
                return block
            if line:
                block.append(line)
        raise EOFError("the stream has ended")


@contextmanager
def following(control: Control, path: str = "/events", **headers: str) -> Iterator[Events]:
    with control.client.stream("GET", f"{control.url}/_emulator{path}", headers=headers) as response:
        assert (response.status_code, response.headers["Content-Type"]) == (200, "text/event-stream")
        events = Events(response.iter_lines())
        assert events.comment() == ": exchanges follow"
        yield events


@pytest.fixture
def control(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    monkeypatch.setattr("emulator.control.journal.HEARTBEAT_SECONDS", 0.05)
    with controlled(catalogue) as (_, control):
        yield control


def call(control: Control, times: int = 1, prefix: str = "") -> None:
    for _ in range(times):
        assert control.client.get(f"{control.url}{prefix}{INTEGRATIONS}", headers=SECODA).status_code == 200


def test_each_exchange_is_an_event_with_its_number_and_document(control: Control) -> None:
    call(control)
    with following(control, "/events?since=0") as events:
        assert events.next() == (1, control.done("GET", "/journal/1"))
        call(control, 2)
        assert [events.next()[0], events.next()[0]] == [2, 3]


def test_a_stream_begins_with_the_next_exchange_if_nothing_else_is_said(control: Control) -> None:
    call(control, 2)
    with following(control) as events:
        call(control)
        assert events.next()[0] == 3


def test_last_event_id_is_where_to_resume_and_overrides_since(control: Control) -> None:
    call(control, 3)
    with following(control, "/events?since=0", **{"Last-Event-ID": "2"}) as events:
        assert events.next()[0] == 3


def test_a_stream_without_news_shows_that_it_is_alive(control: Control) -> None:
    with following(control) as events:
        assert [events.comment(), events.comment()] == [": nothing new"] * 2


def test_the_documented_command_shows_events(control: Control) -> None:
    route = next(route for route in guide.routes() if route.operation == "streamExchanges")
    command = Command.read(guide.command(route.commands[0], control.url.partition("://")[2]).replace("-sN", "-s"))
    call(control)
    with control.client.stream(command.method, f"http://{command.url}") as response:
        assert Events(response.iter_lines()).next()[0] == 1


def test_a_stream_follows_one_sandbox(control: Control) -> None:
    control.sandbox(name="alpha")
    with following(control, "/sandboxes/alpha/events") as events:
        call(control)
        call(control, prefix="/~alpha")
        assert events.next()[1]["sandbox"] == "alpha"


def test_a_stream_ends_when_its_sandbox_is_dropped(control: Control) -> None:
    control.sandbox(name="alpha")
    with following(control, "/sandboxes/alpha/events") as events:
        control.done("DELETE", "/sandboxes/alpha")
        assert events.ended()


def test_a_stream_continues_after_a_reset(control: Control) -> None:
    call(control, 3)
    with following(control) as events:
        control.done("POST", "/reset")
        call(control)
        number, exchange = events.next()
        assert (number, exchange["id"]) == (1, 1)


def test_a_reader_that_leaves_is_forgotten(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control.journal.HEARTBEAT_SECONDS", 0.05)
    with controlled(catalogue) as (emulator, control):
        listeners = emulator.sandboxes.default.journal._listeners
        with following(control):
            # Between two heartbeats a reader subscribes again, so there may be none for a moment.
            wait_until(lambda: bool(listeners))
        wait_until(lambda: not listeners)


def wait_until(reached: Callable[[], bool]) -> None:
    """Return once another thread has reached a state."""
    while not reached():
        time.sleep(0.001)


def test_streams_end_at_once_when_the_server_stops(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control.journal.HEARTBEAT_SECONDS", 3600.0)
    emulator = Emulator(read_settings({"port": 0, "access_log": False}), catalogue)
    with httpx.Client(timeout=60) as client:
        with ThreadedServer(emulator) as server:
            stream = client.stream("GET", f"{server.url}/_emulator/events")
            response = stream.__enter__()
            lines = response.iter_lines()
            next(lines)
        assert list(lines) == [""]
        stream.__exit__(None, None, None)
