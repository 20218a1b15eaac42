"""The emulators that a test run starts itself. A run against a remote one does not import this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.testing.stray_calls import StrayCalls


class LocalEmulators:
    """Creates emulators in this process, with the folder `fixtures` if given; reads the contracts once."""

    def __init__(self, fixtures: str | None) -> None:
        given = {"host": "127.0.0.1", "port": 0, "tls": "auto", "tls_port": 0, "access_log": False}
        # A folder without an emulator.toml: the one for `emulator serve` is not for tests.
        self._settings = read_settings({**given, "fixtures": fixtures}, folder=Path(__file__).parent)
        self._catalogue = read_catalogue()

    def emulator(self, strays: StrayCalls) -> Emulator:
        """Return an unstarted emulator on a free port; `strays` records calls outside the test's sandbox."""
        return Emulator(self._settings, self._catalogue, strays.record, strays.record_unaddressed)

    @contextmanager
    def served(self, strays: StrayCalls) -> Iterator[str]:
        """Run an emulator in a thread inside the `with` block, and return its URL."""
        with ThreadedServer(self.emulator(strays)) as server:
            yield server.url
