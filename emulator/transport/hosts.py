"""The vendors' host names, from the contracts and the setting vendor_hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address

from emulator.errors import ConfigurationError, unknown

HTTPS_PORT = 443

LOCAL = ("localhost", "host.docker.internal")
"""The names of the machine on which a client, or its container, runs."""

MOST_HOSTS = 64
"""Of how many hosts the vendor is kept; clients call few."""


def is_local(host: str) -> bool:
    """Return True for an address, and for a name of the caller's own machine."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() in LOCAL
    return True


class Hosts:
    """Vendors by host name; "*.immuta.com" matches every name with one more label.

    Names are compared without case, a final dot and a port.
    """

    def __init__(self, vendors: Mapping[str, str]) -> None:
        """Take the vendors by pattern; an exact name takes precedence over a pattern."""
        self.patterns = tuple(vendors)
        self._exact = {pattern: vendor for pattern, vendor in vendors.items() if "*" not in pattern}
        self._parents = {pattern[2:]: vendor for pattern, vendor in vendors.items() if pattern.startswith("*.")}
        self._vendors = vendors
        self._kept_vendor = lru_cache(MOST_HOSTS)(self._find)

    def vendor(self, authority: str) -> str | None:
        """Return the vendor of a host, with or without a port, or None."""
        return self._kept_vendor(authority)

    def _find(self, authority: str) -> str | None:
        name = authority.partition(":")[0].lower().removesuffix(".")
        found = self._exact.get(name)
        return self._parents.get(name.partition(".")[2]) if found is None else found

    def of(self, vendor: str) -> list[str]:
        """Return the patterns of one vendor."""
        return [pattern for pattern, owner in self._vendors.items() if owner == vendor]

    def __contains__(self, name: object) -> bool:
        if isinstance(name, bytes):
            name = name.decode("ascii", "replace")
        return isinstance(name, str) and self.vendor(name) is not None

    def __str__(self) -> str:
        return ", ".join(self.patterns)


def read_hosts(
    documented: Mapping[str, Sequence[str]],
    vendor_hosts: Sequence[tuple[str, str]],
    vendor_ports: Sequence[tuple[str, int]],
) -> Hosts:
    """Return the vendors' host names from contracts (`documented`, by vendor) and the setting vendor_hosts.

    Raises ConfigurationError if vendor_hosts or vendor_ports name an unknown vendor, or contradict themselves.
    """
    for name, entries in (("vendor_hosts", vendor_hosts), ("vendor_ports", vendor_ports)):
        for vendor, _ in entries:
            if vendor not in documented:
                raise ConfigurationError(f"{name}: {unknown('vendor', vendor, documented)}")
    hosts = [(host, vendor) for vendor, hosts in documented.items() for host in hosts]
    hosts += [(host, vendor) for vendor, host in vendor_hosts]
    _refuse_doubles("vendor_hosts and contracts", "host", hosts)
    _refuse_doubles("vendor_ports", "vendor", [(vendor, str(port)) for vendor, port in vendor_ports])
    # Port 0 is a different port each time.
    _refuse_doubles("vendor_ports", "port", [(str(port), vendor) for vendor, port in vendor_ports if port])
    return Hosts(dict(hosts))


def _refuse_doubles(setting: str, kind: str, entries: Iterable[tuple[str, str]]) -> None:
    """Raise ConfigurationError if a key has several values."""
    first: dict[str, str] = {}
    for key, value in entries:
        if first.setdefault(key, value) != value:
            raise ConfigurationError(f"{setting}: the {kind} {key} has both {first[key]} and {value}; keep one")
