"""Authentication by a token or an API key in Authorization, with the scheme Bearer or without a scheme."""

from __future__ import annotations

from datetime import datetime

from emulator.exchange import Call
from emulator.store.credentials import Credentials, Identity, expired
from emulator.store.world import World
from emulator.vendors.immuta.errors import insufficient_scope, unauthorized


def authenticate(call: Call, credentials: Credentials, now: datetime) -> Identity:
    """Return the caller. Raises the documented 401 for a missing, unknown or expired credential.

    Clients send tokens as Bearer (Immuta documentation, Data Dictionary HTTP API) and raw, API keys raw
    (Immuta documentation, Authentication) and as Bearer (immuta/terraform-provider-immuta).
    """
    credential = credentials.get(presented(call))
    if credential is None or expired(credential, now):
        raise unauthorized()
    return Identity(credential["user"], credential["rights"], credential)


def presented(call: Call) -> str:
    """Return the token or key in the call's Authorization header, or ""."""
    header = call.headers.get("Authorization", "").strip()
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header


def require_full_rights(world: World) -> None:
    """Raise a 403 for a user who may only read (assumed)."""
    if world.identity.rights != "full":
        raise insufficient_scope()
