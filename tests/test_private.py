"""What the emulator uses of its dependencies that they do not document: each test says what a new version changed."""

from __future__ import annotations

import ast
import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import aiosqlite
import pytest
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

import emulator
from emulator.runtime import private

PACKAGE = Path(emulator.__file__).parent


def changed(library: str, what: str) -> str:
    return f"{library} {version(library)} {what}: emulator/runtime/private.py has to follow"


async def test_work_runs_on_the_thread_of_an_aiosqlite_connection_which_is_a_daemon() -> None:
    connection = aiosqlite.Connection(lambda: sqlite3.connect(":memory:"), iter_chunk_size=64)
    try:
        private.make_daemon(connection)
    except AttributeError:
        pytest.fail(changed("aiosqlite", "keeps its thread elsewhere"))
    await connection
    try:
        thread = await private.run_on_thread(connection, threading.current_thread)
        with pytest.raises(ZeroDivisionError):
            await private.run_on_thread(connection, lambda: 1 // 0)
    except AttributeError:
        pytest.fail(changed("aiosqlite", "has no _execute"))
    finally:
        await connection.close()
    assert thread is not threading.current_thread(), changed("aiosqlite", "runs work on the thread that asks")
    assert thread.daemon, changed("aiosqlite", "starts another thread than make_daemon knows")


class Parser:
    """Counts what it gets, and passes it on."""

    def __init__(self, parser: object) -> None:
        self._parser = parser
        self.given = b""

    def feed_data(self, data: bytes) -> object:
        self.given += data
        return self._parser.feed_data(data)  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._parser, name)


class Receiver:
    def __init__(self) -> None:
        self.received = b""
        self.has_received = asyncio.Event()

    def feed_data(self, chunk: bytes) -> tuple[bool, bytes]:
        self.received += chunk
        self.has_received.set()
        return False, b""

    def feed_eof(self) -> None:
        """Ignore it."""


async def test_a_parser_that_is_wrapped_gets_the_bytes_of_requests_and_a_receiver_those_after_connect() -> None:
    parsers: list[Parser] = []
    receiver = Receiver()

    def wrap(parser: object) -> Parser:
        parsers.append(Parser(parser))
        return parsers[-1]

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        private.hand_bytes_to(request.protocol, receiver)
        await receiver.has_received.wait()
        request.protocol.force_close()
        return response

    def connection() -> RequestHandler:
        made = web.Server(answer)()
        private.wrap_parser(made, wrap)
        return made

    head = b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(head)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.write(b"not HTTP")
        await reader.read()
        writer.close()
    assert parsers[0].given == head, changed("aiohttp", "parses requests elsewhere than in _parser")
    assert receiver.received == b"not HTTP", changed("aiohttp", "hands bytes on otherwise than by set_parser")


def test_a_new_item_has_an_instance_and_an_output_of_its_own(request: pytest.FixtureRequest) -> None:
    made = private.new_item(request.node)
    try:
        assert made.get_closest_marker("skipif") is None
        made.add_marker(pytest.mark.skipif(False, reason=""))
        assert (made._report_sections, made.stash == request.node.stash) == ([], False)
        assert (made.function, request.node.get_closest_marker("skipif")) == (request.node.function, None)
        assert callable(request.session._setupstate.teardown_exact)
        assert callable(import_module("_pytest.runner").runtestprotocol)
    except AttributeError as missing:
        pytest.fail(changed("pytest", f"has another way to run a test again ({missing})"))


def private_attributes() -> Iterator[str]:
    """Yield "file:line: name" for each attribute with an underscore that no code of the emulator itself defines."""
    trees = {file: ast.parse(file.read_text("utf-8")) for file in sorted(PACKAGE.rglob("*.py"))}
    here = {file: {name for node in ast.walk(tree) for name in defined(node)} for file, tree in trees.items()}
    anywhere = set().union(*here.values())
    for file, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or not is_private(node):
                continue
            own = anywhere if is_self(node.value) else here[file]
            if node.attr not in own | PUBLIC:
                yield f"{file.relative_to(PACKAGE)}:{node.lineno}: {node.attr}"


PUBLIC = {"_exit", "_replace"}
"""Documented in spite of their names: os._exit, and the method of named tuples."""


def is_private(node: ast.Attribute) -> bool:
    return node.attr.startswith("_") and not node.attr.startswith("__")


def is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def defined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        if is_self(node.value):
            yield node.attr
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id


def test_no_other_module_uses_a_private_attribute_of_a_dependency() -> None:
    assert [found for found in private_attributes() if not found.startswith("runtime/private.py")] == []


def test_a_regular_expression_is_parsed_into_named_operations() -> None:
    try:
        parsed = list(private.parsed_pattern("a[0-9]+(x|y)"))
        names = [operation.name for operation, _ in parsed]
    except (AttributeError, ImportError):
        pytest.fail("Python parses regular expressions elsewhere: emulator/runtime/private.py has to follow")
    assert names == ["LITERAL", "MAX_REPEAT", "SUBPATTERN"]
