"""Undocumented parts of dependencies that the emulator uses, in one place.

Each function names the versions that it was tested with; tests/test_private.py fails when a newer one breaks it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import aiosqlite
    from aiohttp.web_protocol import RequestHandler

T = TypeVar("T")


def make_daemon(connection: aiosqlite.Connection) -> None:
    """Make the process not wait at exit for a connection whose thread has not started yet.

    aiosqlite 0.22.0 and 0.22.1: its thread is `_thread`, and no option makes it a daemon.
    """
    connection._thread.daemon = True


async def run_on_thread(connection: aiosqlite.Connection, work: Callable[[], T]) -> T:
    """Return what `work` returns on a connection's thread. Raises what it raises.

    aiosqlite 0.22.0 and 0.22.1: each public method runs one statement by `_execute`.
    """
    result: T = await connection._execute(work)  # type: ignore[no-untyped-call]
    return result


def wrap_parser(connection: RequestHandler, wrap: Callable[[Any], Any]) -> None:
    """Put what `wrap` makes of a new connection's parser of requests in the parser's place.

    aiohttp 3.14.1 to 3.14.5: the parser is `_parser`; the connection does not tell how many requests wait in it, nor
    when the head of one begins.
    """
    connection._parser = wrap(connection._parser)


def hand_bytes_to(connection: RequestHandler, receiver: Any) -> None:
    """Hand what comes after the head of a request that ends HTTP, such as CONNECT, to `receiver` from now on.

    `receiver` has `feed_data(chunk)`, which returns (False, b""), and `feed_eof()`. aiohttp 3.14.1 to 3.14.5:
    `set_parser` is what its websockets use, and is not documented.
    """
    connection.set_parser(receiver)


def parsed_pattern(pattern: str) -> Any:
    """Return a regular expression as a sequence of operations and arguments. Raises re.error.

    Python 3.11 to 3.13: `re._parser`, which was sre_parse before; operations have a `name`.
    """
    return import_module("re._parser").parse(pattern)
