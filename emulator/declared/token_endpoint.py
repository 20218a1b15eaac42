"""The token endpoint of OAuth 2 client credentials (RFC 6749, 4.4): it issues tokens that expire by the clock."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from emulator.contract.openapi import Contract
from emulator.contract.token_endpoint import EXPIRES_IN, OPERATION, flow_of
from emulator.declared.authentication import CLIENT, read_basic
from emulator.declared.expressions import written_time
from emulator.exchange import Call, Record, Reply
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendor import Handlers

LENGTH = 32
"""The number of hexadecimal digits in a token."""


def token_handlers(contract: Contract, credentials: Collection) -> Handlers:
    """Return the handler of the token endpoint, if the contract has one."""
    handlers = Handlers()
    found = flow_of(contract.document)
    if found is not None and OPERATION in contract.operations:
        scheme, flow = found
        seconds = int(scheme.get("x-emulator", {}).get("expiresIn", EXPIRES_IN))
        issue = partial(_issue, credentials, list(flow.get("scopes", {})), seconds)
        handlers.operation(OPERATION)(issue)
    return handlers


def _issue(credentials: Collection, known: list[str], seconds: int, call: Call, world: World) -> Reply:
    form = call.document if isinstance(call.document, dict) else {}
    if form.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "Send grant_type=client_credentials.")
    client = _client(call, form, world, credentials)
    if client is None:
        return _refused("invalid_client", "The client is unknown, or its secret is another one.", 401)
    allowed = client.get("scopes") or known
    scopes = form["scope"].split() if form.get("scope") else list(allowed)
    if not set(scopes) <= set(allowed):
        return _refused("invalid_scope", f"The client may ask for {' '.join(allowed) or 'no scope'}.")
    token = _token(world, credentials, client, scopes, seconds)
    document = {"access_token": token["id"], "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(scopes)}
    return Reply(200, document, {"Cache-Control": "no-store"})


def _client(call: Call, form: Record, world: World, credentials: Collection) -> Record | None:
    """Return the client of a call: by HTTP basic, or by id and secret in the form."""
    scheme, _, value = call.headers.get("Authorization", "").strip().partition(" ")
    id, secret = (
        read_basic(value) if scheme.lower() == "basic" else (form.get("client_id", ""), form.get("client_secret"))
    )
    client = world[credentials].get(world.credential_id(id)) if id else None
    is_right = client is not None and client.get("kind") == CLIENT and client.get("secret") == secret
    return client if is_right else None


def _token(world: World, credentials: Collection, client: Record, scopes: list[str], seconds: int) -> Record:
    token = {
        "id": world.new_id(credentials, lambda: world.secret(LENGTH)),
        "user": client["user"],
        "rights": client["rights"],
        "scopes": scopes,
        "expires_at": written_time(world.now + timedelta(seconds=seconds)),
    }
    world[credentials].insert(token)
    return token


def _refused(error: str, description: str, status: int = 400) -> Reply:
    headers = {"WWW-Authenticate": "Basic"} if status == 401 else {}
    return Reply(status, {"error": error, "error_description": description}, headers)
