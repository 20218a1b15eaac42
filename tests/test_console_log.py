"""One line for each call: what it shows, what it never shows, and that no call waits for it."""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from emulator.journal.entry import Content, Exchange
from emulator.server import access_log
from emulator.server.access_log import ConsoleLog, coloured_line, format_for, json_line, text_line
from emulator.stubs.check import stub_of
from tests.conftest import EmulatorUnderTest

NOON = datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC)


def test_a_call_is_a_line_of_its_time_sandbox_vendor_operation_status_and_milliseconds(
    emulator: EmulatorUnderTest, lines: list[Exchange]
) -> None:
    emulator.call("secoda", "GET", "/integration/integrations")
    words = text_line(lines[0], NOON).split()
    assert words[:5] == ["12:00:01", "default", "secoda", "listIntegrations", "200"]
    assert float(words[5]) > 0
    assert words[6:] == ["ms"]


def test_a_cached_reply_has_a_line_too(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    for _ in range(3):
        emulator.call("secoda", "GET", "/integration/integrations")
    assert [exchange.number for exchange in lines] == [1, 2, 3]


def test_control_calls_have_no_line(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    assert httpx.get(f"{emulator.root}/_emulator/scenarios").status_code == 200
    assert lines == []


def test_fault_and_violations_follow_it(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    emulator.scenario("secoda/rate-limited")
    emulator.call("secoda", "GET", "/integration/integrations")
    emulator.scenario("secoda/rate-limited", on=False)
    emulator.call("secoda", "GET", "/integration/integrations?page=none")
    limited, violating = (text_line(exchange, NOON) for exchange in lines)
    assert " 429 " in limited
    assert "fault secoda/rate-limited#1" in limited
    assert "1 violation: query /page" in violating


def test_an_unknown_path_is_shown_with_the_nearest_operation(
    emulator: EmulatorUnderTest, lines: list[Exchange]
) -> None:
    emulator.call("secoda", "GET", "/integration/integration")
    line = text_line(lines[0], NOON)
    assert "GET /api/v1/integration/integration " in line
    assert "no operation, nearest is " in line


@pytest.mark.parametrize("show", [text_line, coloured_line, json_line])
def test_secrets_never_appear(
    emulator: EmulatorUnderTest, lines: list[Exchange], show: Callable[[Exchange, datetime], str]
) -> None:
    secret = "s3cr3t" * 8
    headers = {"Authorization": f"Bearer {secret}"}
    for path in ("/integration/integrations", f"/nowhere/{secret}", "/nowhere/token/s3cr3t", "/nowhere?key=s3cr3t"):
        emulator.call("secoda", "GET", path, headers=headers)
    emulator.call("secoda", "POST", "/integration/integrations", json={"api_key": secret, "token": {"a": secret}})
    shown = [show(exchange, NOON) for exchange in lines]
    assert len(shown) == 5
    assert "s3cr3t" not in "".join(shown)


def test_what_could_steer_a_terminal_is_spelled_out(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    emulator.call("secoda", "GET", "/a%1b%5B31mb%0ac")
    line = text_line(lines[0], NOON)
    assert line.isprintable()
    assert "b" in line


def test_json_lines_hold_the_same(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    emulator.scenario("celigo/server-error")
    emulator.call("celigo", "GET", "/integrations")
    document = json.loads(json_line(lines[0], NOON))
    assert document.pop("ms") > 0
    assert document == {
        "time": "2030-01-01T12:00:01.000Z",
        "sandbox": "default",
        "call": 1,
        "vendor": "celigo",
        "operations": ["listIntegrations"],
        "method": "GET",
        "unmatched": None,
        "stub": None,
        "status": 500,
        "faults": ["celigo/server-error#1"],
        "violations": [],
    }


def test_a_line_names_the_stub_that_replied(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    stub = stub_of({"vendor": "celigo", "method": "GET", "path": "/tools"}, "stub-1", emulator.catalogue.contracts)
    emulator.sandbox.stubs.add(stub)
    emulator.call("celigo", "GET", "/tools")
    line, document = text_line(lines[0], NOON), json.loads(json_line(lines[0], NOON))
    assert "  stub GET /tools" in line
    assert "no operation" not in line
    assert (document["stub"], document["unmatched"], document["operations"]) == ("GET /tools", None, [])


def test_a_broken_connection_has_no_status(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    emulator.call("celigo", "GET", "/integrations")
    broken = replace(lines[0], status=0, content=Content(lines[0].call))
    assert " ---  " in text_line(broken, NOON)
    assert json.loads(json_line(broken, NOON))["status"] is None


@pytest.mark.parametrize(
    ("log_format", "terminal", "no_color", "expected"),
    [
        ("auto", True, "", coloured_line),
        ("auto", True, "1", text_line),
        ("auto", False, "", text_line),
        ("text", True, "", text_line),
        ("json", True, "", json_line),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    log_format: str, terminal: bool, no_color: str, expected: Callable[[Exchange, datetime], str]
) -> None:
    assert format_for(log_format, terminal, no_color) is expected


def test_an_unread_pipe_does_not_delay_calls(
    emulator: EmulatorUnderTest, lines: list[Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.call("secoda", "GET", "/integration/integrations")
    monkeypatch.setattr(access_log, "WAITING_LIMIT", 50)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while _fits(writing):
        pass
    os.set_blocking(writing, True)
    log = ConsoleLog(writing, text_line)
    for _ in range(200):
        log(lines[0])
    log.close()
    # Closing the reading end frees the thread that still waits to write.
    os.close(reading)
    log._thread.join(60)
    os.close(writing)
    assert not log._thread.is_alive()


class Told(logging.Handler):
    """Keeps the first message, and lets a test wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.message = ""
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.message = record.getMessage()
        self.came.set()


def test_log_continues_after_a_full_nonblocking_pipe_and_counts_dropped_lines(
    emulator: EmulatorUnderTest, lines: list[Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.call("secoda", "GET", "/integration/integrations")
    monkeypatch.setattr(access_log, "WAITING_LIMIT", 50)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while _fits(writing):
        pass
    log = ConsoleLog(writing, text_line)
    for _ in range(200):
        log(lines[0])
    told, logger = Told(), logging.getLogger("emulator")
    logger.addHandler(told)
    with os.fdopen(reading, "rb") as end, ThreadPoolExecutor() as pool:
        content = pool.submit(end.read)
        assert told.came.wait(60)
        log(lines[0])
        log.close()
        os.close(writing)
        written = content.result().count(b"\n")
    logger.removeHandler(told)
    assert told.message == f"{201 - written} lines of calls were dropped: nobody read them"
    assert 51 <= written <= 101


def test_log_continues_after_a_failed_write(
    emulator: EmulatorUnderTest, lines: list[Exchange], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    emulator.call("secoda", "GET", "/integration/integrations")
    failed, write = threading.Event(), os.write

    def full_at_first(descriptor: int, content: bytes) -> int:
        if descriptor == writing and not failed.is_set():
            failed.set()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", full_at_first)
    with (tmp_path / "log").open("wb") as file:
        writing = file.fileno()
        log = ConsoleLog(writing, text_line)
        log(lines[0])
        assert failed.wait(60)
        log(lines[0])
        log.close()
    assert (tmp_path / "log").read_text("utf-8").count("\n") == 1


def _fits(descriptor: int) -> bool:
    try:
        return os.write(descriptor, b"x" * 4096) > 0
    except BlockingIOError:
        return False


def test_what_waits_is_written_at_the_end(emulator: EmulatorUnderTest, lines: list[Exchange]) -> None:
    emulator.call("secoda", "GET", "/integration/integrations")
    reading, writing = os.pipe()
    log = ConsoleLog(writing, json_line)
    log(lines[0])
    log(lines[0])
    log.close()
    os.close(writing)
    with os.fdopen(reading) as end:
        assert [json.loads(line)["operations"] for line in end] == [["listIntegrations"], ["listIntegrations"]]
