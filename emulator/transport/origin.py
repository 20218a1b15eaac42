"""The URL that a client called: the request's own scheme and host, or those that a trusted proxy reports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from aiohttp import hdrs, web

from emulator.errors import RefusedHeader

HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
"""A valid Host: a host as in RFC 3986, with or without a port."""

AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
PATH_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")

MOST_ORIGINS = 64
"""How many origins are kept; clients call few hosts."""


@dataclass(frozen=True)
class Origin:
    """Scheme, host (perhaps with a port) and the path before our own ("" unless a proxy cuts one off)."""

    scheme: str
    authority: str
    prefix: str = ""

    @cached_property
    def url(self) -> str:
        """The part of a request's URL before its path."""
        return f"{self.scheme}://{self.authority}{self.prefix}"

    @cached_property
    def is_valid(self) -> bool:
        """Whether the host is valid in a URL: links need it (RFC 9112, 3.2)."""
        return HOST.fullmatch(self.authority) is not None

    def check(self) -> None:
        """Raise RefusedHeader (400) for an invalid host."""
        if not self.is_valid:
            detail = f"The host {self.authority!r} is not a host name with or without a port."
            raise RefusedHeader(400, detail, hdrs.HOST, "format", self.authority)


origin_at = lru_cache(MOST_ORIGINS)(Origin)


def authority_of(request: web.BaseRequest) -> str:
    """Return the called host, with or without a port.

    The host of an absolute-form target ("GET http://api.secoda.co/… HTTP/1.1", which clients send to a proxy)
    overrides Host: connection.new_request puts it there.
    """
    return request.headers.get(hdrs.HOST, "")


def host_of(authority: str) -> str:
    """Return an authority's host without its port: "[::1]" of "[::1]:4070"."""
    host, _, port = authority.rpartition(":")
    return host if port.isdigit() else authority


def path_of(request: web.BaseRequest) -> str:
    """Return a request's percent-encoded path, which begins with a slash, even for "OPTIONS *" and "http://host"."""
    return "/" + request.rel_url.raw_path.removeprefix("/")


def origin_of(request: web.BaseRequest, trust_forwarded: bool = False) -> Origin:
    """Return the origin that the client called.

    If proxies are trusted: X-Forwarded-Proto, -Host and -Prefix, or else Forwarded (RFC 7239); of several values, the
    first.
    """
    called = authority_of(request)
    if not trust_forwarded:
        return origin_at(request.scheme, called)
    forwarded = request.forwarded[0] if request.forwarded else {}
    scheme = _first(request, hdrs.X_FORWARDED_PROTO) or forwarded.get("proto", "")
    authority = _first(request, hdrs.X_FORWARDED_HOST) or forwarded.get("host", "")
    prefix = _first(request, "X-Forwarded-Prefix").rstrip("/")
    return origin_at(
        scheme.lower() if scheme.lower() in ("http", "https") else request.scheme,
        authority if AUTHORITY.fullmatch(authority) else called,
        prefix if PATH_PREFIX.fullmatch(prefix) else "",
    )


def _first(request: web.BaseRequest, name: str) -> str:
    return request.headers.get(name, "").partition(",")[0].strip()
