"""Passes bytes on between two connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

CHUNK = 64 * 1024


async def splice(
    reader: asyncio.StreamReader,
    write: Callable[[bytes], Awaitable[None]],
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on both ways until the far side ends, and close it. Raises ConnectionError if a side resets.

    The end of the near side's data is passed on, too; the far side may still respond.
    """
    there = asyncio.create_task(_send(reader, far_writer))
    try:
        while chunk := await far_reader.read(CHUNK):
            await write(chunk)
    finally:
        there.cancel()
        far_writer.close()
        await asyncio.gather(there, return_exceptions=True)


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
