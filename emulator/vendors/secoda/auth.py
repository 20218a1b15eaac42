"""Authentication by an API key as bearer token, with the rights of the user who created it.

Secoda documentation, Authentication.
"""

from __future__ import annotations

from datetime import datetime

from emulator.exchange import Call
from emulator.store.credentials import Credentials, Identity, expired
from emulator.vendors.secoda.errors import no_permission, not_authenticated, wrong_key


def authenticate(call: Call, credentials: Credentials, now: datetime) -> Identity:
    """Return the caller. Raises Refusal (401) for a missing, unknown or expired key."""
    scheme, _, key = call.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise not_authenticated()
    credential = credentials.get(key.strip())
    if credential is None or expired(credential, now):
        raise wrong_key()
    return Identity(credential["user"], credential["rights"], credential)


def authorize(call: Call, identity: Identity, operation: str, safe: bool) -> None:
    """Allow everyone to read, and users with full rights to write. Raises Refusal (403)."""
    if not safe and identity.rights != "full":
        raise no_permission()
