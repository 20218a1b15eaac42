"""The command `emulator serve`. Imported only for it, because the other commands do not need it."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
import webbrowser
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

import click

from emulator.app import Emulator
from emulator.cli.streams import give_up_output
from emulator.control.handlers import ROOT
from emulator.errors import ConfigurationError, StorageFailure
from emulator.server.access_log import ConsoleLog, JsonFormatter, format_for, message_line
from emulator.server.reload import Reload
from emulator.server.server import Server, new_event_loop
from emulator.settings import Settings

logger = logging.getLogger("emulator")

M_MMAP_THRESHOLD = -3
"""Its number in glibc's malloc.h."""

LARGE_BLOCK_BYTES = 256 * 1024

SWITCH_SECONDS = 0.001
"""How long a busy thread makes the event loop wait at each of its steps; Python's default is five times this."""


GC_THRESHOLDS = (700, 1000, 10)
"""Collect young garbage often, the rest seldom: journals contain thousands of exchanges, none of them garbage.

Python counts what is made less what is freed. Once a journal is full, each call frees as much as it makes, so a larger
first number lets 200,000 young objects gather: scanning them took 120 ms, and p99 was 28 times p50, now twice.
"""


def serve_until_signalled(settings: Settings, opens_page: bool = False) -> None:
    """Serve all vendors until SIGTERM or SIGINT; `opens_page` shows the console in a browser.

    Raises ConfigurationError if the start fails.
    """
    _log(settings)
    with ExitStack() as open_until_ended, asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(settings, _lines(settings, open_until_ended), opens_page))


def _log(settings: Settings) -> None:
    """Send log records other than calls to the standard error."""
    handler = logging.StreamHandler()
    is_json = settings.log_format == "json"
    handler.setFormatter(JsonFormatter() if is_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    # At level debug it would print every piece of work, including records.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)


def _lines(settings: Settings, open_until_ended: ExitStack) -> ConsoleLog | None:
    """Return the log of calls; None if the setting access_log turns it off."""
    if not settings.access_log:
        return None
    line = format_for(settings.log_format, sys.stdout.isatty(), os.environ.get("NO_COLOR", ""))
    log = ConsoleLog(sys.stdout.fileno(), line)
    open_until_ended.callback(log.close)
    return log


async def _serve(settings: Settings, lines: ConsoleLog | None, opens_page: bool) -> None:
    emulator = Emulator(settings, on_record=lines)
    server = Server(emulator)
    stopping = asyncio.Event()
    _set_at_signals(stopping)
    try:
        if not await _started(server, stopping):
            return
        following = _follow(emulator)
        # The objects of the start stay: the collector need not scan them again while a long upload is read.
        gc.freeze()
        gc.enable()
        gc.set_threshold(*GC_THRESHOLDS)
        sys.setswitchinterval(SWITCH_SECONDS)
        _return_large_blocks()
        _announce(server)
        # The start is not to wait for it, and the first calls as little as can be.
        threading.Thread(target=emulator.prepare, name="prepare", daemon=True).start()
        if opens_page:
            # A browser may take long to start, and one for terminals ends only with its user.
            threading.Thread(target=_open_page, args=(_reachable(server.url),), daemon=True).start()
        await stopping.wait()
        if following is not None:
            following.cancel()
    finally:
        await server.stop()


def _set_at_signals(stopping: asyncio.Event) -> None:
    """Set the event at SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(name, stopping.set)
        except NotImplementedError:
            # The loop of Windows does not support this; Python's own handlers run between two steps of the loop.
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stopping.set))


async def _started(server: Server, stopping: asyncio.Event) -> bool:
    """Start the server; return False if it was stopped before that."""
    starting, ending = asyncio.create_task(server.start()), asyncio.create_task(stopping.wait())
    await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not starting.done():
        # Seeding many records is slow.
        server.emulator.interrupt()
        with suppress(StorageFailure, ConfigurationError):
            await starting
        return False
    await starting
    return True


def _return_large_blocks() -> None:
    """Make glibc return large free blocks of memory to the system.

    After freeing a block of 16 MB, such as a body, glibc would keep as much for later (mallopt(3), M_MMAP_THRESHOLD):
    with this setting half as much stays resident after a hundred large bodies.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl has no such switch
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def _follow(emulator: Emulator) -> asyncio.Task[None] | None:
    """Reload the user's folders and documents, if any, whenever they change."""
    settings = emulator.settings
    if not settings.reload or not (settings.fixtures or settings.contracts or settings.vendors or settings.openapi):
        return None
    return asyncio.create_task(Reload(emulator).run())


def _announce(server: Server) -> None:
    is_json = server.emulator.settings.log_format == "json"
    try:
        for line in _banner(server).split("\n"):
            click.echo(message_line(line, "info", datetime.now(UTC)) if is_json else line)
    except OSError as problem:
        # Nobody may read it, or the disk may be full: serve anyway.
        give_up_output()
        logger.warning("The standard output cannot be written: %s", problem.strerror or problem)


def _open_page(url: str) -> None:
    if not webbrowser.open(f"{url}{ROOT}/console/"):
        logger.warning("no browser can be started; the console is at %s%s/console/", url, ROOT)


def _banner(server: Server) -> str:
    return "\n".join([*_vendor_lines(server), *_tls_lines(server), *_everywhere(server), "Ready."])


def _reachable(url: str) -> str:
    """Return a URL that a client on this machine can call, even if the server listens on every address."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//127.0.0.1:")


def _everywhere(server: Server) -> list[str]:
    if _reachable(server.url) == server.url:
        return []
    return [f"{'listening on':24} {server.url}  every address of this machine or container"]


def _tls_lines(server: Server) -> list[str]:
    if server.tls_url is None:
        return []
    url = _reachable(server.url)
    trust = f"trust {url}/_emulator/ca.crt" if server.emulator.settings.tls == "auto" else "your own certificate"
    return [
        f"{'https':24} {_reachable(server.tls_url)}  {trust}",
        f"{'for built-in URLs':24} HTTPS_PROXY={url}",
    ]


def _vendor_lines(server: Server) -> list[str]:
    catalogue = server.emulator.catalogue
    lines = []
    for name, vendor in catalogue.vendors.items():
        contract = catalogue.contracts[name]
        credential = next(iter(server.emulator.sandboxes.default.credentials[name].values()), None)
        presented = vendor.present(credential) if credential else {}
        headers = ", ".join(f"{header}: {value}" for header, value in presented.items()) or "no credentials"
        url = _reachable(server.url) + contract.base_path
        lines.append(f"{vendor.title:24} {url}  {len(contract.handled)} operations  {headers}")
        if own := server.vendor_url(name):
            lines.append(f"{'at its own port':24} {_reachable(own)}")
    return lines
