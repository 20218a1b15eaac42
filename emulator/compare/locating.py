"""Finds out whether a recorded exchange is one of a vendor, and its path below the vendor's root."""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator.compare.archive import RecordedExchange
from emulator.compare.reading import ExchangeReader
from emulator.transport.hosts import Hosts


class Locator:
    """Locates the exchanges of one vendor: at its own hosts, at `upstream`, and those that the emulator recorded."""

    def __init__(self, reader: ExchangeReader, upstream: str = "") -> None:
        self._reader = reader
        self._upstream = upstream
        self._hosts = Hosts(dict.fromkeys(reader.contract.hosts, reader.contract.vendor))

    def locate(self, recorded: RecordedExchange) -> tuple[str, str] | None:
        """Return the URL of the vendor's root, and the path below it; None for another host."""
        url = urlsplit(recorded.url)
        if self._upstream and recorded.url.startswith(self._upstream + "/"):
            return self._upstream, urlsplit(recorded.url.removeprefix(self._upstream)).path
        vendor = self._reader.contract.vendor
        if recorded.vendor == vendor or self._hosts.vendor(url.netloc) == vendor:
            return self._below_root(url.scheme, url.netloc, url.path)
        return None

    def _below_root(self, scheme: str, host: str, path: str) -> tuple[str, str]:
        """Leave out what a proxy has put before the vendor's own path: the longest rest with a route is the path."""
        steps = path.split("/")
        for number in range(1, len(steps)):
            rest = "/" + "/".join(steps[number:])
            if self._reader.has_route(rest):
                return f"{scheme}://{host}{'/'.join(steps[:number])}", rest
        return f"{scheme}://{host}", path
