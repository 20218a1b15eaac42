"""Finds the target of a request: the sandbox, the vendor, and the path below the vendor's root."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from multidict import istr

from emulator.errors import Problem, sentence, unknown
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.sandboxes import DEFAULT, Sandboxes
from emulator.transport.hosts import Hosts
from emulator.transport.origin import Origin

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

PREFIX = "~"
HEADER = istr("X-Emulator-Sandbox")
PROXY_USER = istr("Proxy-Authorization")
BEARER = istr("Authorization")
CONTROL = "_emulator"
MARKS = (PREFIX, CONTROL[0], "%")
"""How the first segment of a path begins if it may be a sandbox's or the control API's; percent-encoded, perhaps."""


def split_first(path: str) -> tuple[str, str]:
    """Return a path's first segment, decoded, and what follows: "" or a path."""
    first, slash, rest = path[1:].partition("/")
    return unquote(first) if "%" in first else first, slash + rest


def split_control(path: str) -> tuple[str | None, str] | None:
    """Return the sandbox in a path's prefix, None without one, and the path after /_emulator.

    None for a path outside the control API.
    """
    if path[1:2] not in MARKS:
        return None
    first, rest = split_first(path)
    sandbox = first.removeprefix(PREFIX) if first.startswith(PREFIX) else None
    if sandbox is not None:
        first, rest = split_first(rest)
    return (sandbox, rest) if first == CONTROL else None


class Address(NamedTuple):
    """A request's target: `vendor`, the URL's path up to the vendor's root, and what follows."""

    origin: Origin
    sandbox: Sandbox
    vendor: str
    root: str
    path: str

    @property
    def public_root(self) -> str:
        """The root with the sandbox in it, for links that are followed without the caller's headers."""
        if self.sandbox.name == DEFAULT or self.sandbox_root:
            return self.root
        return f"/{PREFIX}{self.sandbox.name}{self.root}"

    @property
    def sandbox_root(self) -> str:
        """The root of the sandbox, "/~alpha", if the called path names it; else ""."""
        first, rest = split_first(self.root)
        return self.root.removesuffix(rest) if first.startswith(PREFIX) else ""


class Addressing:
    """Finds a request's target. `hosts` are the vendors' own host names, `credential_headers` the headers that
    carry their credentials, by vendor; with `hides_names` the error for an unknown sandbox does not list the known
    ones.
    """

    def __init__(
        self,
        sandboxes: Sandboxes,
        hosts: Hosts,
        credential_headers: Mapping[str, Iterable[str]],
        *,
        hides_names: bool = False,
    ) -> None:
        self._sandboxes = sandboxes
        self._hides_names = hides_names
        self._hosts = hosts
        self._credential_headers = {
            vendor: tuple(map(istr, dict.fromkeys((BEARER, *names)))) for vendor, names in credential_headers.items()
        }

    def find(
        self,
        path: str,
        origin: Origin,
        headers: CIMultiDictProxy[str],
        connection: str | None = None,
        port_vendor: str | None = None,
    ) -> Address:
        """Return the target of a request for a percent-encoded path. Raises Problem if there is none.

        `connection` is the sandbox of the whole connection, `port_vendor` the vendor of the port.
        """
        named, prefix, path = self._split_prefix(path)
        vendor, root = self._vendor(path, port_vendor or self._hosts.vendor(origin.authority))
        name = sandbox_named_in(headers, connection)
        if named is None and name is not None:
            named = self._named(name)
        sandbox = named or self._by_credential(vendor, headers) or self._sandboxes.default
        return Address(origin, sandbox, vendor, prefix + root, path[len(root) :])

    def is_root(self, path: str, origin: Origin, port_vendor: str | None = None) -> bool:
        """Return True for the root above all vendors: "/", "/~alpha/". Raises Problem for an unknown sandbox."""
        _, _, below = self._split_prefix(path)
        return below == "/" and (port_vendor or self._hosts.vendor(origin.authority)) is None

    def _split_prefix(self, path: str) -> tuple[Sandbox | None, str, str]:
        if path[1:2] not in MARKS:
            return None, "", path
        first, rest = split_first(path)
        if not first.startswith(PREFIX):
            return None, "", path
        return self._named(first.removeprefix(PREFIX)), path.removesuffix(rest), rest or "/"

    def _vendor(self, path: str, at_root: str | None) -> tuple[str, str]:
        first, rest = split_first(path)
        if at_root is not None:
            return at_root, ""
        if first in self._credential_headers:
            return first, path.removesuffix(rest)
        roots = ", ".join(f"/{vendor}/" for vendor in self._credential_headers)
        lists = f"GET /{CONTROL} lists their base URLs, GET /{CONTROL}/docs describes the control API."
        raise Problem(404, f"Unknown path {path}: the vendors are below {roots}. {lists}")

    def _by_credential(self, vendor: str, headers: CIMultiDictProxy[str]) -> Sandbox | None:
        """A sandbox's own credentials end in "." and its name."""
        for header in self._credential_headers.get(vendor, ()):
            _, dot, name = headers.get(header, "").rpartition(".")
            found = self._sandboxes.get(name) if dot else None
            if found is not None:
                return found
        return None

    def _named(self, name: str) -> Sandbox:
        sandbox = self._sandboxes.get(name)
        if sandbox is None:
            raise unknown_sandbox(name, None if self._hides_names else self._sandboxes.names())
        return sandbox


def unknown_sandbox(name: str, known: Collection[str] | None) -> Problem:
    """Return the 404 for an unknown sandbox; it lists no names if `known` is None."""
    lists = f"GET /{CONTROL}/sandboxes"
    hidden = f"unknown sandbox {name!r}. {lists} lists all sandboxes"
    said = hidden if known is None else unknown("sandbox", name, known, plural="sandboxes", listed_by=lists)
    return Problem(404, f"{sentence(said)} POST /{CONTROL}/sandboxes creates one.")


def sandbox_named_in(headers: CIMultiDictProxy[str], otherwise: str | None = None) -> str | None:
    """Return the sandbox in our header, or the user in a proxy's URL (http://NAME:any@127.0.0.1:4070)."""
    name = headers.get(HEADER)
    if name is None and PROXY_USER in headers:
        name = _proxy_user(headers[PROXY_USER]) or None
    return otherwise if name is None else name


def _proxy_user(authorization: str) -> str:
    kind, _, credentials = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return b64decode(credentials).decode().partition(":")[0]
    except ValueError:  # not base64, not UTF-8, or not even ASCII
        return ""
