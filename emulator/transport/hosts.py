"""The vendors' host names, as the contracts and the setting vendor_hosts give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address

from emulator.errors import ConfigurationError, unknown

HTTPS_PORT = 443

LOCAL = ("localhost", "host.docker.internal")
"""The names that lead to the machine on which a client, or its container, runs."""


def is_local(host: str) -> bool:
    """Return True for an address, and for a name that leads to the caller's own machine."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() in LOCAL
    return True


class Hosts:
    """Vendors by host name; "*.immuta.com" stands for every name with one label more.

    A name is the same in any case, with a dot at its end, and with a port behind it.
    """

    def __init__(self, vendors: Mapping[str, str]) -> None:
        """Take the vendors by pattern; an exact name wins over a pattern."""
        self.patterns = tuple(vendors)
        self._exact = {pattern: vendor for pattern, vendor in vendors.items() if "*" not in pattern}
        self._parents = {pattern[2:]: vendor for pattern, vendor in vendors.items() if pattern.startswith("*.")}
        self._vendors = vendors

    def vendor(self, authority: str) -> str | None:
        """Return the vendor that a host, perhaps with a port, belongs to; None if it is nobody's."""
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
    """Return the host names that contracts (`documented`, by vendor) and the setting vendor_hosts give the vendors.

    Raises ConfigurationError where vendor_hosts or vendor_ports are for no vendor, or contradict themselves.
    """
    for name, entries in (("vendor_hosts", vendor_hosts), ("vendor_ports", vendor_ports)):
        for vendor, _ in entries:
            if vendor not in documented:
                raise ConfigurationError(f"{name}: {unknown('vendor', vendor, documented)}")
    hosts = [(host, vendor) for vendor, hosts in documented.items() for host in hosts]
    hosts += [(host, vendor) for vendor, host in vendor_hosts]
    _refuse_doubles("vendor_hosts and contracts", "host", hosts)
    _refuse_doubles("vendor_ports", "vendor", [(vendor, str(port)) for vendor, port in vendor_ports])
    # Port 0 is another one each time.
    _refuse_doubles("vendor_ports", "port", [(str(port), vendor) for vendor, port in vendor_ports if port])
    return Hosts(dict(hosts))


def _refuse_doubles(setting: str, kind: str, entries: Iterable[tuple[str, str]]) -> None:
    """Raise ConfigurationError if the first of two in an entry has several seconds."""
    first: dict[str, str] = {}
    for key, value in entries:
        if first.setdefault(key, value) != value:
            raise ConfigurationError(f"{setting}: the {kind} {key} has both {first[key]} and {value}; keep one")
