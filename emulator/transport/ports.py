"""The ports that the emulator listens on: one with all vendors, and those of single vendors."""

from __future__ import annotations

from aiohttp import web

from emulator.exchange import Entrance
from emulator.transport.hosts import Hosts
from emulator.transport.origin import Origin, authority_of, host_of


class Ports:
    """`main` is the port with all vendors (0: unknown), `vendors` are the vendors of the other ports."""

    def __init__(self, hosts: Hosts) -> None:
        self.main = 0
        self.vendors: dict[int, str] = {}
        self._hosts = hosts

    def vendor(self, request: web.BaseRequest) -> str | None:
        """Return the vendor of the port that received a request; None for the port with all vendors."""
        return self.vendors.get(_local_address(request)[1]) if self.vendors else None

    def entrance(self, request: web.BaseRequest, origin: Origin) -> Entrance:
        """Return the URLs of the vendors for the caller of a request, as far as known: a port may be mapped."""
        host, port = _local_address(request)
        called = authority_of(request)
        vendor = self.vendors.get(port) or self._hosts.vendor(origin.authority)
        if vendor is None:
            return Entrance(origin.url, None, origin.url)
        if self._hosts.vendor(called) is None:
            host = host_of(called)
        return Entrance(origin.url, vendor, f"http://{host}:{self.main or port}")


def _local_address(request: web.BaseRequest) -> tuple[str, int]:
    """Return the host and port that received a request; port 0 inside a tunnel."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    if not isinstance(name, tuple):
        return "127.0.0.1", 0
    return f"[{name[0]}]" if ":" in name[0] else str(name[0]), int(name[1])
