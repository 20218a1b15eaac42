"""The work of `emulator compare`. Imported only for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from emulator.cli.recording import reader_of
from emulator.cli.streams import say
from emulator.compare.archive import read_archive
from emulator.compare.asking import Interview
from emulator.compare.comparison import Comparer, Comparison, new_comparison
from emulator.compare.live import LiveVendor
from emulator.compare.own_records import OwnRecords
from emulator.compare.report import FORMATS
from emulator.compare.upstream import read_credentials, upstream_of
from emulator.settings import Settings


def compare_recordings(settings: Settings, vendor: str, files: Sequence[Path], upstream: str, form: str) -> None:
    """Compare recorded exchanges with a contract, and print the report; exit with 1 if anything differs.

    `upstream` is where the vendor was, "" for its own hosts. Raises ConfigurationError.
    """
    reader = reader_of(settings, vendor)
    target = upstream_of(upstream, reader.contract).root if upstream else ""
    comparison = new_comparison(reader.contract)
    comparer = Comparer(reader, comparison, reader.vendor.dialect.refuses, target)

    async def add_all() -> None:
        for file in files:
            for recorded in read_archive(file):
                await comparer.add(recorded)

    asyncio.run(add_all())
    finish(comparison, form)


def compare_live(
    settings: Settings, vendor: str, upstream: str, credentials: Path, allows_writes: bool, form: str
) -> None:
    """Ask a live vendor what its contract promises, and print the report; exit with 1 if anything differs.

    Raises ConfigurationError, also if the vendor cannot be reached.
    """
    reader = reader_of(settings, vendor)
    target, headers = upstream_of(upstream, reader.contract), read_credentials(credentials)
    comparison = new_comparison(reader.contract)
    comparer = Comparer(reader, comparison, reader.vendor.dialect.refuses, target.root)

    own = OwnRecords()

    async def ask_all() -> None:
        async with LiveVendor(target, headers) as live:
            async for exchange in Interview(reader.contract, live, allows_writes, own).exchanges():
                await comparer.add(exchange)

    try:
        asyncio.run(ask_all())
    finally:
        for sentence in own.left:
            click.echo(f"emulator: {sentence}", err=True)
    finish(comparison, form)


def finish(comparison: Comparison, form: str) -> None:
    """Print a report; exit with 1 if anything differs."""
    say(FORMATS[form](comparison))
    if comparison.differs:
        sys.exit(1)
