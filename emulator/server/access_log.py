"""Writes a line for each call, for people or as JSON. Its data comes from the journal, where secrets are masked."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from queue import SimpleQueue
from selectors import EVENT_WRITE, DefaultSelector

import click
import orjson

from emulator.exchange import Violation, timestamp
from emulator.journal.entry import Exchange, plain
from emulator.runtime.terminal import printable

WAITING_LIMIT = 10_000
"""How many lines wait for a reader that does not read; further ones are only counted."""

GATHER_SECONDS = 0.03
"""How long a line waits for others, so that they are written together."""

WRITABLE_SECONDS = 0.05
"""How long it waits for a full pipe before it checks whether it should stop."""

CLOSE_SECONDS = 0.2

Format = Callable[[Exchange, datetime], str]


def format_for(log_format: str, terminal: bool, no_color: str = "") -> Format:
    """Return the function that formats an exchange and its time (aware) as a line.

    `log_format` is the setting, `no_color` the variable NO_COLOR: anything but "" turns colours off.
    """
    if log_format == "json":
        return json_line
    return coloured_line if log_format == "auto" and terminal and not no_color else text_line


def text_line(exchange: Exchange, now: datetime) -> str:
    """Return "12:00:01  default  secoda  createIntegration  201  1.3 ms", followed by remarks."""
    return _text_line(exchange, now, _plain_style)


def coloured_line(exchange: Exchange, now: datetime) -> str:
    """Return the same with colours for a terminal."""
    return _text_line(exchange, now, _style)


def json_line(exchange: Exchange, now: datetime) -> str:
    """Return the line as a JSON object; its `call` is the number in the journal."""
    document = {
        "time": timestamp(now),
        "sandbox": exchange.sandbox,
        "call": exchange.number,
        "vendor": exchange.vendor,
        "operations": list(exchange.operations),
        "method": exchange.method,
        "unmatched": _target(exchange) if exchange.is_unmatched else None,
        "stub": plain(exchange.stub) or None,
        "status": exchange.status or None,
        "faults": [plain(fault) for fault in exchange.faults],
        "violations": [_sentence(found) for found in exchange.violations],
        "ms": round(exchange.seconds * 1000, 2),
    }
    return orjson.dumps(document).decode()


def _text_line(exchange: Exchange, now: datetime, style: Callable[[str, str], str]) -> str:
    status = exchange.status
    columns = [
        f"{now:%H:%M:%S}",
        f"{exchange.sandbox:10}",
        f"{exchange.vendor:9}",
        f"{', '.join(exchange.operations) or _target(exchange):26}",
        style(str(status) if status else "---", _colour(status)),
        f"{exchange.seconds * 1000:7.1f} ms",
    ]
    if exchange.stub:
        columns.append(style(f"stub {printable(exchange.stub)}", "magenta"))
    if exchange.is_unmatched:
        nearest = f", nearest is {exchange.near_misses[0].operation}" if exchange.near_misses else ""
        columns.append(style(f"no operation{nearest}", "yellow"))
    if exchange.faults:
        columns.append(style(f"fault {printable(', '.join(exchange.faults))}", "magenta"))
    if exchange.violations:
        columns.append(style(_violations(exchange.violations), "yellow"))
    return "  ".join(columns)


def _violations(violations: Sequence[Violation]) -> str:
    count = f"{len(violations)} violation{'s' if len(violations) > 1 else ''}"
    return f"{count}: {_sentence(violations[0])}"


def _sentence(found: Violation) -> str:
    return printable(f"{found.place} {found.pointer or '/'}: {found.sentence}")


def _target(exchange: Exchange) -> str:
    return printable(f"{exchange.method} {exchange.call.path}")


def _colour(status: int) -> str:
    return {2: "green", 3: "cyan", 4: "yellow"}.get(status // 100, "red")


def _style(text: str, colour: str) -> str:
    return click.style(text, fg=colour)


def _plain_style(text: str, colour: str) -> str:
    return text


class JsonFormatter(logging.Formatter):
    """Formats log records other than calls as JSON lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object on one line."""
        message = record.getMessage()
        if record.exc_info:
            message = f"{message}\n{self.formatException(record.exc_info)}"
        return message_line(message, record.levelname.lower(), datetime.fromtimestamp(record.created, UTC))


def message_line(message: str, level: str, now: datetime) -> str:
    """Return a message as a JSON object on one line."""
    return orjson.dumps({"time": timestamp(now), "level": level, "message": plain(message)}).decode()


class ConsoleLog:
    """Writes a line for each exchange to a file descriptor, on its own thread.

    A reader that is slow, or that has stopped reading a pipe, does not delay calls: lines wait, then are dropped. The
    number of dropped lines is logged once lines can be written again. docs/decisions/access-log-thread.md says why this
    is not logging's QueueListener.
    """

    def __init__(self, descriptor: int, line: Format) -> None:
        self._descriptor = descriptor
        self._line = line
        self._waiting: SimpleQueue[str | None] = SimpleQueue()
        self._left_out = 0
        self._reader_gone = False
        self._ended = threading.Event()
        # Not through sys.stdout: it could not be flushed at exit while this thread has its lock.
        self._thread = threading.Thread(target=self._run, name="console log", daemon=True)
        self._thread.start()

    def __call__(self, exchange: Exchange) -> None:
        """Queue the line of an exchange; it is written within moments."""
        if self._reader_gone:
            return
        if self._waiting.qsize() >= WAITING_LIMIT:
            self._left_out += 1
            return
        self._waiting.put(self._line(exchange, datetime.now(UTC).astimezone()))

    def close(self) -> None:
        """Write the waiting lines, unless nobody reads them."""
        self._ended.set()
        self._waiting.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        lines: list[str | None] = []
        while None not in lines and not self._reader_gone:
            lines = [self._waiting.get()]
            self._ended.wait(GATHER_SECONDS)
            lines += [self._waiting.get() for _ in range(self._waiting.qsize())]
            text = "".join(f"{line}\n" for line in lines if line is not None)
            if self._write(text.encode("utf-8", "replace")):
                self._tell_left_out()

    def _write(self, content: bytes) -> bool:
        """Write lines; count those that cannot be written, and return whether all were written."""
        rest = memoryview(content)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                # Another process that shares the descriptor made it non-blocking, and the pipe is full.
                if not self._wait_for_reader():
                    break
            except BrokenPipeError:
                # The reader is gone; calls do not depend on it.
                self._reader_gone = True
                break
            except OSError:
                # A full disk, for example, may have space for the next lines.
                break
        self._left_out += rest.tobytes().count(b"\n")
        return not rest

    def _wait_for_reader(self) -> bool:
        """Wait until the descriptor accepts more; return False if the log is closed before."""
        with DefaultSelector() as selector:
            selector.register(self._descriptor, EVENT_WRITE)
            while not selector.select(WRITABLE_SECONDS):
                if self._ended.is_set():
                    return False
        return True

    def _tell_left_out(self) -> None:
        left_out, self._left_out = self._left_out, 0
        if left_out:
            logging.getLogger("emulator").warning("%d lines of calls were dropped: nobody read them", left_out)
