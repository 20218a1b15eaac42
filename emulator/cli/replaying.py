"""The work of `emulator replay`. Imported only for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from aiohttp import ClientSession

from emulator.cli.comparing import finish, require_exchanges
from emulator.cli.recording import reader_of
from emulator.client import SandboxClient
from emulator.compare.archive import read_archive
from emulator.compare.comparison import Comparison
from emulator.compare.replaying import Replayer
from emulator.compare.upstream import upstream_of
from emulator.settings import Settings


def replay_recordings(
    settings: Settings, vendor: str, files: Sequence[Path], upstream: str, form: str, sandbox: SandboxClient
) -> None:
    """Replay recorded exchanges in a sandbox, and print the report; exit with 1 if anything differs.

    Raises ConfigurationError, EmulatorError.
    """
    reader = reader_of(settings, vendor)
    target = upstream_of(upstream, reader.contract).root if upstream else ""
    comparison = Comparison(vendor)
    its = sandbox.vendors[vendor]
    root = upstream_of(its.url, reader.contract).root
    replayer = Replayer(reader, comparison, root, its.headers, target)

    async def replay_all() -> None:
        async with ClientSession() as session:
            for file in files:
                for recorded in read_archive(file):
                    await replayer.replay(recorded, session)

    asyncio.run(replay_all())
    require_exchanges(comparison, files)
    finish(comparison, form)
