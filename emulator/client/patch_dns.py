"""Resolves the vendors' names to an emulator, in this process only, for clients with hard-coded URLs."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import logging
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from importlib.util import find_spec
from types import TracebackType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from emulator.errors import ConfigurationError
from emulator.transport.hosts import HTTPS_PORT, Hosts
from emulator.transport.splice import splice

__tracebackhide__ = True

__all__ = ["patch_dns"]

TIMEOUT = 10.0

logger = logging.getLogger("emulator")

_patched = threading.Lock()


@contextmanager
def patch_dns(
    url: str, hosts: Iterable[str], *, sandbox: str = "default", authority: bytes | None = None
) -> Iterator[None]:
    """Inside the `with` block, serve https://<one of hosts> from a sandbox of the emulator at `url`.

    `hosts` are names or patterns ("*.immuta.com"), `authority` is the certificate authority to trust, as PEM (None:
    the one that the emulator generated at its start). Works for all clients that use Python's usual DNS and TLS
    functions: urllib, requests, httpx and aiohttp, including clients created before the block. Other names and other
    processes are not affected, and nothing is after the block.

    Raises ConfigurationError if the emulator cannot be reached or has no certificates, and inside
    another such block.
    """
    if not _patched.acquire(blocking=False):
        raise ConfigurationError("patch_dns applies to the whole process: leave its block before you enter another")
    try:
        names = Hosts(dict.fromkeys(hosts, ""))
        trusting = ssl.create_default_context(cadata=(authority or fetch_authority(url)).decode())
        with _Relay(url, names, sandbox) as relay, ExitStack() as undo:
            _patch_names(undo, names, relay.address)
            _patch_trust(undo, names, trusting)
            _patch_proxies(undo, names)
            yield
    finally:
        _patched.release()


def fetch_authority(url: str) -> bytes:
    """Return, as PEM, the authority of the emulator at `url`. Raises ConfigurationError if it has none."""
    try:
        with build_opener(ProxyHandler({})).open(f"{url.rstrip('/')}/_emulator/ca.crt", timeout=TIMEOUT) as response:
            return bytes(response.read())
    except HTTPError as refusal:
        with refusal:
            raise ConfigurationError(str(json.load(refusal)["detail"])) from None
    except URLError as problem:
        raise ConfigurationError(f"no reply from an emulator at {url}: {problem.reason}") from None


class _Relay:
    """A port on this machine whose connections go through the emulator's proxy into one sandbox.

    A proxy's tunnel passes on what the client sends unchanged, including TLS. A context manager.
    """

    address: tuple[str, int]

    def __init__(self, url: str, hosts: Hosts, sandbox: str) -> None:
        self._emulator = urlsplit(url)
        name = hosts.patterns[0].replace("*", "any")
        self._request = (
            f"CONNECT {name}:{HTTPS_PORT} HTTP/1.1\r\nHost: {name}:{HTTPS_PORT}\r\n"
            f"X-Emulator-Sandbox: {sandbox}\r\n\r\n"
        ).encode()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulator-relay", daemon=True)
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def __enter__(self) -> _Relay:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.address = self._server.sockets[0].getsockname()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not a coroutine: its task would be unknown until it has begun.
        task = self._loop.create_task(self._pass_on(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._connections.pop)

    async def _close(self) -> None:
        self._server.close()
        # A connection that is being accepted becomes another task.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for connection, writer in list(self._connections.items()):
                connection.cancel()
                writer.transport.abort()
            await asyncio.gather(*others, return_exceptions=True)
        # Closed transports are released in the next round of the loop.
        await asyncio.sleep(0)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError, EOFError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection(self._emulator.hostname, self._emulator.port or 80)
            with closing(far_writer):
                far_writer.write(self._request)
                answer = (await far_reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()[0]
                if " 200 " in answer:
                    await _splice_resets(reader, writer, far_reader, far_writer)
                else:
                    logger.warning("patch_dns: the emulator has refused the tunnel: %s", answer)


async def _splice_resets(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on both ways, and also a reset by the far side."""

    async def write(chunk: bytes) -> None:
        writer.write(chunk)
        await writer.drain()

    try:
        await splice(reader, write, far_reader, far_writer)
    except ConnectionResetError:
        # Closing with a linger time of zero makes the system send a reset instead of an end.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


def _patch_names(undo: ExitStack, hosts: Hosts, address: tuple[str, int]) -> None:
    """Make every way of resolving a name return `address`."""

    def pointed(host: Any, port: Any) -> tuple[Any, Any]:
        if host not in hosts:
            return host, port
        if port not in (HTTPS_PORT, str(HTTPS_PORT), "https"):
            raise socket.gaierror(socket.EAI_SERVICE, f"the emulator serves {host} on port {HTTPS_PORT}, not {port}")
        return address

    def pointing(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            return original(*pointed(host, port), *args, **options)

        return look_up

    _replace(undo, socket, "getaddrinfo", pointing(socket.getaddrinfo))
    if find_spec("uvloop"):
        _patch_uvloop(undo, pointed)
    if find_spec("anyio"):
        _patch_anyio(undo, pointed)
    if find_spec("aiohttp") and find_spec("aiodns"):
        _patch_aiodns(undo, hosts)


def _patch_uvloop(undo: ExitStack, pointed: Callable[[Any, Any], tuple[Any, Any]]) -> None:
    """Make uvloop resolve names as asyncio's own loop does: it calls the system directly."""
    from uvloop import Loop  # noqa: PLC0415

    create_connection = Loop.create_connection

    async def getaddrinfo(loop: Loop, host: Any, port: Any, **options: Any) -> Any:
        return await loop.run_in_executor(None, functools.partial(socket.getaddrinfo, host, port, **options))

    async def connect(loop: Loop, factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        if options.get("ssl") and options.get("server_hostname") is None and host:
            options["server_hostname"] = host
        return await create_connection(loop, factory, *pointed(host, port), **options)

    _replace(undo, Loop, "getaddrinfo", getaddrinfo)
    _replace(undo, Loop, "create_connection", connect)


def _patch_anyio(undo: ExitStack, pointed: Callable[[Any, Any], tuple[Any, Any]]) -> None:
    """Redirect anyio's connections (those of asynchronous httpx): it drops the port of a resolved address."""
    import anyio  # noqa: PLC0415

    connect_tcp = anyio.connect_tcp

    @functools.wraps(connect_tcp)
    async def connect(remote_host: Any, remote_port: Any, **options: Any) -> Any:
        host, port = pointed(remote_host, remote_port)
        if options.get("tls") or options.get("ssl_context"):
            options.setdefault("tls_hostname", str(remote_host))
        return await connect_tcp(host, port, **options)

    _replace(undo, anyio, "connect_tcp", connect)


def _patch_aiodns(undo: ExitStack, hosts: Hosts) -> None:
    """Make aiohttp resolve the names by the loop: with aiodns it asks the name servers directly."""
    from aiohttp.resolver import AsyncResolver, ThreadedResolver  # noqa: PLC0415

    resolve = AsyncResolver.resolve

    @functools.wraps(resolve)
    async def look_up(resolver: AsyncResolver, host: str, *args: Any, **options: Any) -> Any:
        if host in hosts:
            return await ThreadedResolver().resolve(host, *args, **options)
        return await resolve(resolver, host, *args, **options)

    _replace(undo, AsyncResolver, "resolve", look_up)


def _patch_trust(undo: ExitStack, hosts: Hosts, trusting: ssl.SSLContext) -> None:
    """Use `trusting` for TLS to the names, whichever context the client has created, and whenever."""
    for name in ("wrap_socket", "wrap_bio"):
        _replace(undo, ssl.SSLContext, name, _trusting(getattr(ssl.SSLContext, name), hosts, trusting))


def _trusting(original: Callable[..., Any], hosts: Hosts, trusting: ssl.SSLContext) -> Callable[..., Any]:
    parameters = inspect.signature(original)

    @functools.wraps(original)
    def wrap(context: ssl.SSLContext, *args: Any, **options: Any) -> Any:
        name = parameters.bind(context, *args, **options).arguments.get("server_hostname")
        return original(trusting if name in hosts else context, *args, **options)

    return wrap


def _patch_proxies(undo: ExitStack, hosts: Hosts) -> None:
    """Keep clients from using a proxy from the environment for the hosts."""
    former = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if former.strip() == "*":
        return
    names = ",".join([*filter(None, [former]), *(pattern.removeprefix("*") for pattern in hosts.patterns)])
    for variable in ("no_proxy", "NO_PROXY"):
        undo.callback(_set_variable, variable, os.environ.get(variable))
        os.environ[variable] = names


def _set_variable(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value


def _replace(undo: ExitStack, owner: Any, name: str, value: Any) -> None:
    """Set an attribute, and restore its owner's own value with `undo`."""
    own = vars(owner)
    if name in own:
        undo.callback(setattr, owner, name, own[name])
    else:
        undo.callback(delattr, owner, name)
    setattr(owner, name, value)
