"""Authentication by bearer tokens."""

from __future__ import annotations

from datetime import datetime

from emulator.exchange import Call
from emulator.store.credentials import Credentials, Identity, bearer_token, expired
from emulator.vendors.celigo.errors import forbidden, unauthorized


def authenticate(call: Call, credentials: Credentials, now: datetime) -> Identity:
    """Return the user of "Authorization: Bearer <token>". Raises Refusal (401).

    Celigo documentation, Integration API endpoints, Integration API examples.
    """
    credential = credentials.get(bearer_token(call))
    if credential is None or expired(credential, now):
        raise unauthorized(call.switches)
    return Identity(credential["user"], credential["rights"], credential)


def authorize(call: Call, identity: Identity, operation: str, safe: bool) -> None:
    """Refuse writes by a user who may only monitor. Raises Refusal (403)."""
    if not safe and identity.rights == "read":
        raise forbidden(call.switches)
