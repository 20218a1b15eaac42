"""Undocumented parts of dependencies that the emulator uses, in one place.

Each function names the versions that it was tested with; tests/test_private.py fails when a newer one breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import aiosqlite
    import pytest
    from aiohttp.web_protocol import RequestHandler

T = TypeVar("T")
Item = TypeVar("Item", bound="pytest.Item")


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


def run_protocol(item: pytest.Item, nextitem: pytest.Item | None, log: bool) -> Sequence[pytest.TestReport]:
    """Set up, call and tear down a test, and return its reports, which are logged if `log`; fixtures are made anew.

    pytest 8.4 to 9.2: `runtestprotocol` is what plugins call that run a test again, and is not documented.
    """
    reports: Sequence[pytest.TestReport] = import_module("_pytest.runner").runtestprotocol(
        item, log=log, nextitem=nextitem
    )
    return reports


def tear_down_to(session: pytest.Session, nextitem: pytest.Item | None) -> None:
    """Tear down what was set up, but for what the next test needs, too. Raises what the teardowns raise.

    pytest 8.4 to 9.2: what is set up is known to `_setupstate` only.
    """
    session._setupstate.teardown_exact(nextitem)


def new_item(item: Item) -> Item:
    """Return a copy of a test that has not run: no reports, no stash, an instance of its class of its own.

    pytest 8.4 to 9.2: an item keeps the output for its reports in `_report_sections`, its instance in `_instance`, its
    bound function in `_obj`.
    """
    made = copy(item)
    made.stash, made.user_properties, made.own_markers = type(item.stash)(), [], list(item.own_markers)
    made._report_sections = []
    for name in ("_instance", "_obj") if hasattr(item, "function") else ():
        vars(made).pop(name, None)
    return made
