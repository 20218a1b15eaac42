"""Finds the records, and the next page, in a reply of a live vendor; says what else came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from emulator.compare.archive import RecordedExchange
from emulator.compare.steps import values_at
from emulator.contract.client_rules import NEXT_LINK
from emulator.exchange import NOTHING


def records_in(described: Mapping[str, Any], exchange: RecordedExchange) -> list[Any]:
    """Return the records of a reply; if nothing says where they are, its list, or the first one in it."""
    document = exchange.reply.document
    if "records" in described:
        return list(values_at(document, described["records"]))
    return next(_lists(document), [])


def next_url(exchange: RecordedExchange, following: str) -> str:
    """Return the URL of the next page: in the header Link, or at a JSON pointer of the reply; "" if there is none."""
    if following != "link":
        url = next(values_at(exchange.reply.document, following), None)
        return urljoin(exchange.url, url) if isinstance(url, str) else ""
    found = NEXT_LINK.search(", ".join(_headers(exchange, "link")))
    return urljoin(exchange.url, found[1]) if found else ""


def departure(described: Mapping[str, Any], exchange: RecordedExchange, *, is_graphql: bool) -> str:
    """Return what came instead of records ("302 to https://login.example.com"), "" if records came, or none exist."""
    if exchange.status == 204:
        return ""
    document, said = exchange.reply.document, str(exchange.status)
    if 300 <= exchange.status < 400:
        leads = [f" to {_site(urljoin(exchange.url, url))}" for url in _headers(exchange, "location")]
        return said + "".join(leads[:1])
    if is_graphql and isinstance(document, dict) and document.get("errors"):
        return f"{said} with errors"
    if exchange.status != 200:
        return said
    if document is NOTHING:
        return f"{said} with {_kind(exchange)}"
    return "" if _has_records(described, exchange) else f"{said} without {_wanted(described)}"


def _has_records(described: Mapping[str, Any], exchange: RecordedExchange) -> bool:
    document = exchange.reply.document
    found = records_in(described, exchange)
    if "records" not in described:
        return next(_lists(document), None) is not None and _may_be_read(found)
    place, star, _ = described["records"].partition("/*")
    at = next(values_at(document, place), None)
    return (isinstance(at, list) if star else isinstance(at, dict)) and _may_be_read(found)


def _may_be_read(found: list[Any]) -> bool:
    return not found or any(isinstance(one, dict) for one in found)


def _wanted(described: Mapping[str, Any]) -> str:
    place, star, _ = described.get("records", "/*").partition("/*")
    return f"{'a list of objects' if star else 'an object'}{f' at {place}' if place else ''}"


def _lists(document: Any) -> Any:
    inner = document.values() if isinstance(document, dict) else ()
    return (one for one in (document, *inner) if isinstance(one, list))


def _kind(exchange: RecordedExchange) -> str:
    if not exchange.reply.body:
        return "an empty body"
    kind = next((value.partition(";")[0] for value in _headers(exchange, "content-type")), "")
    return "JSON that is cut or broken" if "json" in kind else f"{kind or 'a body'} that is not JSON"


def _headers(exchange: RecordedExchange, name: str) -> list[str]:
    return [value for header, value in exchange.reply.headers if header.lower() == name]


def _site(url: str) -> str:
    """Return a URL without path and query, which may have credentials in them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
