"""What a client would rather read: browsers ask for pages, other clients for data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aiohttp import hdrs, web

from emulator.contract.operation import SAFE_METHODS

PAGE = "text/html"


def is_from_browser(request: web.BaseRequest) -> bool:
    """Return True for a request that reads, and would rather read a page."""
    return request.method in SAFE_METHODS and prefers_page(request.headers)


def prefers_page(headers: Mapping[str, str]) -> bool:
    """Return True if `Accept` names text/html, and prefers it to JSON (RFC 9110, 12.5.1)."""
    accept = headers.get(hdrs.ACCEPT, "").lower()
    if PAGE not in accept:
        return False
    accepted = dict(_accepted(accept))
    others = [quality for kind, quality in accepted.items() if "json" in kind]
    return accepted.get(PAGE, 0.0) > max(others, default=accepted.get("*/*", 0.0))


def _accepted(accept: str) -> Iterator[tuple[str, float]]:
    for entry in accept.split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        yield kind, _number(quality)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
