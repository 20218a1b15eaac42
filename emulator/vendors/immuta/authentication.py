"""Exchanges an API key for a token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.exchange import NOTHING, Call, Record, Reply, timestamp
from emulator.store.credentials import expired
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.immuta.auth import presented
from emulator.vendors.immuta.collections import CREDENTIALS
from emulator.vendors.immuta.errors import unauthorized

LIFETIME = timedelta(days=1)
TOKEN_LENGTH = 23

handlers = Handlers()


@handlers.operation("authenticateApiKey")
def authenticate_api_key(call: Call, world: World) -> Reply:
    """Exchange an API key, from the body or the Authorization header, for a token of its user.

    The call is documented (Immuta documentation, HTTP API Authentication), the reply's shape that of
    the password's exchange (Immuta documentation, BIM API). Raises the 401 for an unknown or expired key.
    """
    payload: Any = call.document
    key = presented(call) if payload is NOTHING else payload["apikey"]
    id = world.credential_id(key)
    credential = world[CREDENTIALS].get(id)
    if credential is None or credential["kind"] != "apikey" or expired(credential, world.now):
        raise unauthorized()
    token = _issue_token(world, credential)
    # The sandbox's own key gives the sandbox's own token.
    presented_id = token["id"] + key[len(id) :]
    return Reply(200, {"authenticated": True, "token": presented_id, "tokenExpiration": token["expires_at"]})


def _issue_token(world: World, key: Record) -> Record:
    token = {
        "id": world.new_id(CREDENTIALS, lambda: world.secret(TOKEN_LENGTH)),
        "kind": "token",
        "user": key["user"],
        "rights": key["rights"],
        "expires_at": timestamp(world.now + LIFETIME),
    }
    world[CREDENTIALS].insert(token)
    return token
