"""The token endpoint of a contract's OAuth 2 client credentials, as one of its operations (RFC 6749, 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

OPERATION = "issueToken"
EXPIRES_IN = 3600
"""How many seconds a token is valid by default (the security scheme's `x-emulator.expiresIn` overrides it)."""

_EVIDENCE = {"level": "documented", "source": "RFC 6749, 4.4 and 5"}
_TEXTS = {name: {"type": "string"} for name in ("grant_type", "client_id", "client_secret", "scope")}
_TOKEN = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in"],
    "properties": {
        "access_token": {"type": "string"},
        "token_type": {"type": "string"},
        "expires_in": {"type": "integer"},
        "scope": {"type": "string"},
    },
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}


def flow_of(document: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the first security scheme with client credentials, and that flow, or None."""
    components = _mapping(_mapping(document).get("components"))
    for scheme in _mapping(components.get("securitySchemes")).values():
        flow = _mapping(_mapping(scheme).get("flows")).get("clientCredentials")
        if isinstance(flow, dict) and isinstance(flow.get("tokenUrl"), str):
            return scheme, flow
    return None


def add_token_endpoint(document: dict[str, Any]) -> None:
    """Add the operation that issues tokens, below the first server, and on its own host if that differs."""
    found = flow_of(document)
    servers, paths = document.get("servers"), document.get("paths")
    if found is None or not isinstance(paths, dict) or not isinstance(servers, list) or not servers:
        return
    url = urlsplit(found[1]["tokenUrl"])
    first = urlsplit(str(_mapping(servers[0]).get("url")))
    mount = first.path.rstrip("/")
    is_below = url.netloc in ("", first.netloc) and url.path.startswith(f"{mount}/")
    path = url.path.removeprefix(mount) if is_below else url.path
    if path and path not in paths:
        paths[path] = {"post": _operation()}
        if not is_below and url.netloc:
            servers.append({"url": f"{url.scheme}://{url.netloc}", "x-evidence": _EVIDENCE})


def _operation() -> dict[str, Any]:
    def response(description: str, schema: Any, example: Any) -> dict[str, Any]:
        content = {"application/json": {"schema": schema, "example": example}}
        return {"description": description, "x-evidence": _EVIDENCE, "content": content}

    token = {"access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "Bearer", "expires_in": EXPIRES_IN}
    return {
        "operationId": OPERATION,
        "tags": ["oauth"],
        "summary": "Issue a token to a client.",
        "security": [],
        "x-evidence": _EVIDENCE,
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": _TEXTS}}},
        },
        "responses": {
            "200": response("The token.", _TOKEN, token),
            "400": response("No token.", _ERROR, {"error": "invalid_request"}),
            "401": response("An unknown client.", _ERROR, {"error": "invalid_client"}),
        },
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
