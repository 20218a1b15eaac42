"""The work of `emulator record`. Imported only for it."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from datetime import datetime
from pathlib import Path

import click
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from emulator import __version__
from emulator.catalogue import contract_overlay, read_catalogue, read_switches, vendor_homes
from emulator.cli.streams import say
from emulator.compare.archive import ArchiveWriter
from emulator.compare.proxy import RecordingProxy
from emulator.compare.reading import ExchangeReader
from emulator.compare.upstream import upstream_of
from emulator.errors import ConfigurationError, unknown
from emulator.journal.entry import Exchange
from emulator.server.access_log import format_for
from emulator.settings import Settings

LOOPBACK = "127.0.0.1"


def reader_of(settings: Settings, vendor: str) -> ExchangeReader:
    """Return what reads a vendor's exchanges. Raises ConfigurationError for an unknown vendor, switch or value."""
    catalogue = read_catalogue(overlay=contract_overlay(settings), homes=vendor_homes(settings))
    if vendor not in catalogue.vendors:
        raise ConfigurationError(unknown("vendor", vendor, catalogue.vendors))
    switches = read_switches(settings.switches, catalogue.contracts)[vendor]
    return ExchangeReader(catalogue.vendors[vendor], catalogue.contracts[vendor], settings, switches)


def record_until_signalled(
    settings: Settings, vendor: str, upstream: str, out: Path, port: int, allows_writes: bool
) -> None:
    """Record exchanges with a live vendor in a file until SIGTERM or SIGINT. Raises ConfigurationError."""
    reader = reader_of(settings, vendor)
    target = upstream_of(upstream, reader.contract).root
    with ArchiveWriter(out, __version__) as archive:
        recorded = _Recorded(archive)
        proxy = RecordingProxy(
            reader, target, recorded.add, recorded.refuse, recorded.pause, allows_writes=allows_writes
        )
        asyncio.run(_serve(proxy, port, f"{reader.contract.base_path} passes to {target}"))
    calls = f"{recorded.calls} call{'' if recorded.calls == 1 else 's'}"
    refused = f" {recorded.refused} refused: may write." if recorded.refused else ""
    say(f"{calls} recorded in {out}; {recorded.departures} with violations of the contract.{refused}")


class _Recorded:
    """Writes exchanges to the archive, and a line for each."""

    def __init__(self, archive: ArchiveWriter) -> None:
        self.calls = self.departures = self.refused = 0
        self._archive = archive
        self._line = format_for("auto", sys.stdout.isatty())

    def add(self, exchange: Exchange) -> None:
        self._archive.add(exchange)
        self.calls += 1
        self.departures += bool(exchange.violations)
        click.echo(self._line(exchange, datetime.now().astimezone()))

    def refuse(self, exchange: Exchange) -> None:
        """Write the line of a call that did not reach the vendor."""
        self.refused += 1
        click.echo(f"{self._line(exchange, datetime.now().astimezone())}  refused: --allow-writes passes it on")

    def pause(self, sentence: str) -> None:
        """Write why calls wait."""
        click.echo(f"{datetime.now().astimezone():%H:%M:%S}  {sentence}")


def _logger() -> logging.Logger:
    """Return what logs failures, but no request that is not HTTP: its traceback may quote a credential."""
    logger = logging.getLogger(__name__)
    logger.addFilter(lambda line: not (line.exc_info and isinstance(line.exc_info[1], HttpProcessingError)))
    return logger


async def _serve(proxy: RecordingProxy, port: int, what: str) -> None:
    runner = web.ServerRunner(web.Server(proxy.serve, logger=_logger()))
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    try:
        await runner.setup()
        try:
            site = web.TCPSite(runner, LOOPBACK, port)
            await site.start()
        except OSError as problem:
            raise ConfigurationError(f"port: {LOOPBACK}:{port} cannot be opened: {problem.strerror}") from None
        say(f"http://{LOOPBACK}:{runner.addresses[0][1]}{what}")
        await stopping.wait()
        proxy.stop()
    finally:
        await runner.cleanup()
        await proxy.close()
