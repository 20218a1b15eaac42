"""The credentials of one vendor in one sandbox, and the caller that a credential identifies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, TypeAlias

from emulator.exchange import Call, Record

__all__ = ["Credentials", "Identity", "bearer_headers", "bearer_in", "bearer_token", "expired"]

Credentials: TypeAlias = Mapping[str, Record]
"""Credential records by id. The id is what a call presents (a token, a key)."""


class Identity(NamedTuple):
    """The caller: a user's id, the rights of the credential ("full", "read"), and its whole record."""

    user: str
    rights: str
    credential: Record


def expired(credential: Record, now: datetime) -> bool:
    """Return True if the credential's `expires_at` (ISO 8601, absent or null: never) has passed."""
    expires_at = credential.get("expires_at")
    # RFC 3339 also allows lower-case letters, which Python does not.
    return expires_at is not None and datetime.fromisoformat(expires_at.upper()) <= now


def bearer_token(call: Call) -> str:
    """Return the token in the header Authorization of a call, "" if there is none."""
    return bearer_in(call.headers)


def bearer_in(headers: Mapping[str, str]) -> str:
    """Return the token of the header "Authorization: Bearer <token>", "" if there is none (RFC 6750, section 2.1)."""
    scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def bearer_headers(credential: Record) -> dict[str, str]:
    """Return the header in which a client presents a credential as a bearer token."""
    return {"Authorization": f"Bearer {credential['id']}"}
