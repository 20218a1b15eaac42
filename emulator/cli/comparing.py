"""The work of `emulator compare`. Imported only for it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from emulator.cli.recording import reader_of
from emulator.cli.streams import say, warn
from emulator.compare.archive import read_archive
from emulator.compare.asking import Interview
from emulator.compare.comparison import Comparer, Comparison, new_comparison
from emulator.compare.evidence import refuse_existing, write_overlay
from emulator.compare.live import Interrupted, LiveVendor
from emulator.compare.own_records import OwnRecords
from emulator.compare.probes import read_probes
from emulator.compare.probing import Prober
from emulator.compare.reading import ExchangeReader
from emulator.compare.report import FORMATS
from emulator.compare.settling import new_findings
from emulator.compare.upstream import read_credentials, upstream_of
from emulator.errors import ConfigurationError
from emulator.settings import Settings

TERMINATED = 128 + signal.SIGTERM
"""The exit code of shells for a command that SIGTERM has ended."""


class Compared:
    """A comparison of a vendor, to which exchanges are added, and where what it settles is written."""

    def __init__(self, settings: Settings, vendor: str, form: str, evidence: Path | None) -> None:
        if evidence is not None:
            refuse_existing(evidence)
        self.reader = reader_of(settings, vendor)
        self.comparison = _new_comparison(self.reader)
        self._form = form
        self._evidence = evidence

    def comparer(self, upstream: str) -> Comparer:
        """Return what adds exchanges with a vendor at `upstream`."""
        return Comparer(self.reader, self.comparison, self.reader.vendor.dialect.refuses, upstream)

    def finish(self, source: str) -> None:
        """Print the report, and write what was observed at `source`; exit with 1 if anything differs."""
        self.report(source)
        exit_with(self.comparison)

    def report(self, source: str) -> None:
        """Print the report, and write what was observed at `source`."""
        say(FORMATS[self._form](self.comparison))
        if self._evidence is not None:
            today = datetime.now(UTC).date()
            written = write_overlay(self._evidence, self.reader.contract, self.comparison, source, today)
            warn(f"{written} in {self._evidence}" if written else f"{self._evidence} is not written: nothing is new")


def compare_recordings(compared: Compared, files: Sequence[Path], upstream: str) -> None:
    """Compare recorded exchanges with a contract, and print the report; exit with 1 if anything differs.

    `upstream` is where the vendor was, "" for its own hosts. Raises ConfigurationError.
    """
    comparer = compared.comparer(upstream_of(upstream, compared.reader.contract).root if upstream else "")

    async def add_all() -> None:
        for file in files:
            for recorded in read_archive(file):
                await comparer.add(recorded)

    asyncio.run(add_all())
    require_exchanges(compared.comparison, files)
    compared.finish(", ".join(file.name for file in files))


def compare_live(compared: Compared, upstream: str, credentials: Path, allows_writes: bool) -> None:
    """Ask a live vendor what its contract promises, and print the report; exit with 1 if anything differs.

    Raises ConfigurationError, also if the vendor cannot be reached; if it stops answering, after the report. What was
    made is removed, however it ends.
    """
    target, headers, own = upstream_of(upstream, compared.reader.contract), read_credentials(credentials), OwnRecords()
    try:
        asyncio.run(_ask(compared, LiveVendor(target, headers, warn), target.root, own, allows_writes=allows_writes))
    except asyncio.CancelledError:
        sys.exit(TERMINATED)
    except Interrupted:
        compared.report(target.root)
        raise
    finally:
        for sentence in own.left:
            warn(sentence)
    compared.finish(target.root)


async def _ask(compared: Compared, vendor: LiveVendor, root: str, own: OwnRecords, *, allows_writes: bool) -> None:
    """Ask for all that a contract promises, then for what settles switches; remove what was made, however it ends."""
    _end_at_sigterm()
    contract, comparer = compared.reader.contract, compared.comparer(root)
    async with vendor as live:
        interview = Interview(contract, live, allows_writes, own)
        prober = Prober(contract, live, comparer.add, own, allows_writes=allows_writes)
        try:
            async for exchange in interview.exchanges():
                await comparer.add(exchange)
            for finding in compared.comparison.switches.values():
                await prober.settle(finding)
            if allows_writes and interview.untried:
                warn(f"not tried, as what they make has no name to recognise it by: {', '.join(interview.untried)}")
        finally:
            live.resume()
            await own.remove_all(live, interview.removals)


def _end_at_sigterm() -> None:
    """Let SIGTERM end the task as Ctrl-C does, so that what was made is removed."""
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError, RuntimeError):  # on Windows, and in a thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _new_comparison(reader: ExchangeReader) -> Comparison:
    """Return an empty comparison; the switches of the settings are what is expected of the vendor."""
    contract, probes = reader.contract, read_probes(reader.contract)
    findings = new_findings(contract.vendor, contract.switches.values(), probes, reader.switches)
    return new_comparison(contract, findings)


def require_exchanges(comparison: Comparison, files: Sequence[Path]) -> None:
    """Raise ConfigurationError if no exchange with the vendor is in recordings: nothing would be compared."""
    if comparison.unmatched or any(row.calls for row in comparison.rows.values()):
        return
    named = ", ".join(map(str, files))
    others = f"; {comparison.left_out} to other hosts, or without a reply: --upstream says where the vendor was"
    raise ConfigurationError(
        f"no exchange with {comparison.vendor} is in {named}{others if comparison.left_out else ''}"
    )


def finish(comparison: Comparison, form: str) -> None:
    """Print a report; exit with 1 if anything differs."""
    say(FORMATS[form](comparison))
    exit_with(comparison)


def exit_with(comparison: Comparison) -> None:
    """Exit with 1 if anything differs."""
    if comparison.differs:
        sys.exit(1)
