"""What a client has called: the request's own scheme and host, or what a proxy that is trusted says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import hdrs, web

AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
PATH_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (perhaps with a port) and the path before our own ("" unless a proxy cuts one off)."""

    scheme: str
    authority: str
    prefix: str = ""

    @property
    def url(self) -> str:
        """What stands before the path of a request."""
        return f"{self.scheme}://{self.authority}{self.prefix}"


def origin_of(request: web.BaseRequest, trust_forwarded: bool = False) -> Origin:
    """Return what the client has called.

    An absolute-form target ("GET http://api.secoda.co/… HTTP/1.1", what clients send to a proxy) wins over Host. If
    proxies are trusted, X-Forwarded-Proto, -Host and -Prefix do, else Forwarded (RFC 7239): of several, the client's.
    """
    # Of an absolute target, aiohttp's `request.host` has lost the port.
    called = request.host if request.raw_path.startswith("/") else request.url.host_port_subcomponent or request.host
    if not trust_forwarded:
        return Origin(request.scheme, called)
    forwarded = request.forwarded[0] if request.forwarded else {}
    scheme = _first(request, hdrs.X_FORWARDED_PROTO) or forwarded.get("proto", "")
    authority = _first(request, hdrs.X_FORWARDED_HOST) or forwarded.get("host", "")
    prefix = _first(request, "X-Forwarded-Prefix").rstrip("/")
    return Origin(
        scheme.lower() if scheme.lower() in ("http", "https") else request.scheme,
        authority if AUTHORITY.fullmatch(authority) else called,
        prefix if PATH_PREFIX.fullmatch(prefix) else "",
    )


def _first(request: web.BaseRequest, name: str) -> str:
    return request.headers.get(name, "").partition(",")[0].strip()
