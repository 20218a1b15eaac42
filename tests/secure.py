"""An emulator with TLS, and the calls that tests make to it by the vendors' own names."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.server.server import ThreadedServer, new_event_loop
from emulator.settings import read_settings

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": new_event_loop,
}

LIST = "/api/v1/integration/integrations"
SECODA = f"https://api.secoda.co{LIST}?page_size=1"
TOKEN = {"Authorization": "Bearer secoda-token"}


class Secure:
    """A running emulator with TLS; `ca` is the file that clients are to trust."""

    def __init__(self, server: ThreadedServer, ca: Path) -> None:
        self.server = server
        self.url = server.url
        self.tls_url = server.server.tls_url or ""
        self.ca = ca

    @property
    def emulator(self) -> Emulator:
        return self.server.server.emulator

    def trusting(self) -> ssl.SSLContext:
        """Return a client's context that trusts the emulator."""
        return ssl.create_default_context(cafile=self.ca)

    def called(self, sandbox: str = "default") -> list[str]:
        """Return the URLs that a sandbox was called by."""
        found = self.emulator.sandboxes.get(sandbox)
        assert found is not None
        return [exchange.call.url for exchange in found.journal]

    def make_sandbox(self, name: str) -> None:
        self.server.run(lambda: self.emulator.sandboxes.create(name))


@contextmanager
def secure(catalogue: Catalogue, folder: Path, loop: str = "uvloop", **settings: Any) -> Iterator[Secure]:
    """Run an emulator with certificates made at the start."""
    chosen = read_settings({"port": 0, "tls": "auto", "tls_port": 0, **settings}, folder=folder)
    with patch("emulator.server.server.new_event_loop", LOOPS[loop]):
        server = ThreadedServer(Emulator(chosen, catalogue))
    tls = server.server.emulator.tls
    assert tls is not None
    (folder / "ca.crt").write_bytes(tls.authority or b"")
    with server:
        yield Secure(server, folder / "ca.crt")
