"""Files of recorded calls for tests: HAR, and Postman collections."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

API = "https://api.shop.example/v1"
ORDER = {"id": "ord_1234abcd", "name": "A", "total": 12.5, "createdAt": "2026-01-02T03:04:05Z"}
OTHER = {**ORDER, "id": "ord_9876fedc", "name": "B"}
NEW = {**ORDER, "id": "ord_5555aaaa", "name": "C"}


def entry(method: str, url: str, status: int, replied: Any = None, sent: Any = None, **headers: str) -> dict[str, Any]:
    """Return an entry of an archive; `replied` and `sent` are JSON documents."""
    query = [one.partition("=") for one in url.partition("?")[2].split("&") if one]
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "headers": [{"name": name.replace("_", "-"), "value": value} for name, value in headers.items()],
        "queryString": [{"name": name, "value": value} for name, _, value in query],
    }
    if sent is not None:
        request["postData"] = {"mimeType": "application/json", "text": json.dumps(sent)}
    content = {"mimeType": "application/json; charset=utf-8", "text": json.dumps(replied)}
    return {"request": request, "response": {"status": status, "content": {} if replied is None else content}}


def har(*entries: Any) -> dict[str, Any]:
    return {"log": {"version": "1.2", "creator": {"name": "a browser"}, "entries": list(entries)}}


def saved(folder: Path, document: Any, name: str = "shop.har") -> Path:
    file = folder / name
    file.write_text(json.dumps(document), "utf-8")
    return file


SHOP = har(
    entry(
        "GET", f"{API}/orders?page=1", 200, {"items": [ORDER, OTHER], "total": 2}, Authorization="Bearer Secret-Token1"
    ),
    entry("GET", f"{API}/orders/{ORDER['id']}", 200, {**ORDER, "note": "n"}),
    entry("POST", f"{API}/orders", 201, NEW, {"name": "C", "total": 3}),
    entry("PATCH", f"{API}/orders/{NEW['id']}", 200, {**NEW, "name": "D"}, {"name": "D"}),
    entry("DELETE", f"{API}/orders/{NEW['id']}", 204),
    entry("POST", f"{API}/orders/{ORDER['id']}/refund", 200, {"ok": True}),
    entry("GET", f"{API}/orders/none1234", 404, {"error": "no such order"}),
    entry("OPTIONS", f"{API}/orders", 204),
    entry("GET", "https://cdn.example/app.js", 200),
)


def postman(*items: Any, **more: Any) -> dict[str, Any]:
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    return {"info": {"name": "The shop", "schema": schema}, "item": list(items), **more}


def request(name: str, method: str, raw: str, *responses: Any, **more: Any) -> dict[str, Any]:
    asked = {"method": method, "url": {"raw": raw}, **more}
    return {"name": name, "request": asked, "response": [{**one, "originalRequest": asked} for one in responses]}


def response(name: str, code: int, document: Any = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    listed = [{"key": key, "value": value} for key, value in (headers or {}).items()]
    text = "" if document is None else json.dumps(document)
    return {"name": name, "code": code, "header": listed, "body": text, "_postman_previewlanguage": "json"}
