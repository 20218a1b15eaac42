"""Authentication by the `securitySchemes` of a contract: API keys, HTTP basic and bearer, OAuth 2 tokens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple

from emulator.contract.openapi import Contract
from emulator.declared.dialect import DefaultDialect
from emulator.errors import Refusal
from emulator.exchange import Call, Record, Reply
from emulator.store.credentials import Credentials, Identity, expired

CLIENT = "client"
"""The kind of a credential that is not a token, but gets one from a token endpoint."""


class Scheme(NamedTuple):
    """One way to present a credential: "bearer" and "basic" in Authorization, else `name` in a `place`."""

    kind: str
    place: str = "header"
    name: str = "Authorization"

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Scheme:
        """Read a Security Scheme Object. OAuth 2 and OpenID Connect present a bearer token."""
        if described.get("type") == "apiKey":
            return cls("apiKey", described.get("in", "header"), described.get("name", "X-API-Key"))
        is_basic = described.get("type") == "http" and str(described.get("scheme", "")).lower() == "basic"
        return cls("basic" if is_basic else "bearer")

    def presented(self, call: Call) -> tuple[str, str | None]:
        """Return the id and the password that a call presents; the id is "" if there is none."""
        if self.kind == "apiKey":
            return self._key(call), None
        scheme, _, value = call.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != self.kind:
            return "", None
        return (value.strip(), None) if self.kind == "bearer" else read_basic(value)

    def _key(self, call: Call) -> str:
        if self.place == "query":
            return call.query.get(self.name, "")
        if self.place == "cookie":
            try:
                cookie = SimpleCookie(call.headers.get("Cookie", "")).get(self.name)
            except CookieError:
                return ""
            return cookie.value if cookie else ""
        return call.headers.get(self.name, "").strip()

    def headers(self, credential: Record) -> dict[str, str]:
        """Return the headers that present a credential; none for a key in the query."""
        id = credential["id"]
        if self.kind == "basic":
            pair = f"{id}:{credential.get('secret', '')}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        if self.kind == "bearer":
            return {"Authorization": f"Bearer {id}"}
        return {"header": {self.name: id}, "cookie": {"Cookie": f"{self.name}={id}"}}.get(self.place, {})


def read_basic(value: str) -> tuple[str, str | None]:
    """Return user and password of HTTP basic authentication (RFC 7617); "" if it is invalid."""
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return "", None
    return user, password


class Authentication:
    """Authenticates and authorizes the calls of a vendor as its contract says."""

    def __init__(self, contract: Contract, dialect: DefaultDialect) -> None:
        described = contract.document.get("components", {}).get("securitySchemes", {})
        found = [Scheme.of(one) for one in described.values() if isinstance(one, dict)]
        self._schemes: Sequence[Scheme] = list(dict.fromkeys(found)) or [Scheme("bearer")]
        self._dialect = dialect
        self._required = {operation.name: operation.scopes for operation in contract.operations.values()}

    def authenticate(self, call: Call, credentials: Credentials, now: datetime) -> Identity:
        """Return the caller. Raises Refusal (401) for a missing, unknown or expired credential."""
        for scheme in self._schemes:
            id, password = scheme.presented(call)
            credential = credentials.get(id) if id else None
            if credential is None or expired(credential, now) or credential.get("kind") == CLIENT:
                continue
            if password is None or password == credential.get("secret", password):
                return Identity(credential["user"], credential["rights"], credential)
        challenge = "Basic" if all(scheme.kind == "basic" for scheme in self._schemes) else "Bearer"
        reply = self._refused(call, "unauthorized", "The credential is missing, unknown, or has expired.")
        reply.headers["WWW-Authenticate"] = challenge
        raise Refusal(reply)

    def authorize(self, call: Call, identity: Identity, operation: str, safe: bool) -> None:
        """Refuse writes by a credential that may only read, and scopes that it lacks. Raises Refusal (403)."""
        scopes, wanted = identity.credential.get("scopes") or [], self._required.get(operation, ())
        lacks = bool(scopes) and bool(wanted) and not any(set(one) <= set(scopes) for one in wanted)
        if lacks or (not safe and identity.rights == "read"):
            needs = f" It needs {' '.join(wanted[0])}." if lacks else ""
            raise Refusal(self._refused(call, "forbidden", f"The credential does not allow {operation}.{needs}"))

    def presented(self, call: Call) -> str:
        """Return the id of the credential that a call presents, valid or not, or ""."""
        return next((id for scheme in self._schemes if (id := scheme.presented(call)[0])), "")

    def present(self, credential: Record) -> dict[str, str]:
        """Return the headers that a client sends for a credential."""
        if credential.get("kind") == CLIENT:
            return {}
        return next((headers for scheme in self._schemes if (headers := scheme.headers(credential))), {})

    def _refused(self, call: Call, kind: str, detail: str) -> Reply:
        return self._dialect.error(call, self._dialect.operation_at(call), kind, detail)


def default_credentials(vendor: str, document: Mapping[str, Any]) -> list[Record]:
    """Return the credentials of a vendor without a credentials.yaml; with a client if it issues tokens."""
    secret = f"{vendor}-secret"
    found: list[Record] = [
        {"id": f"{vendor}-token", "user": "user", "rights": "full", "secret": secret},
        {"id": f"{vendor}-viewer-token", "user": "viewer", "rights": "read", "secret": secret},
        {
            "id": f"{vendor}-expired-token",
            "user": "user",
            "rights": "full",
            "secret": secret,
            "expires_at": "2020-01-01T00:00:00Z",
        },
    ]
    schemes = document.get("components", {}).get("securitySchemes", {})
    if any("clientCredentials" in scheme.get("flows", {}) for scheme in schemes.values() if isinstance(scheme, dict)):
        found.append({"id": f"{vendor}-client", "user": "client", "rights": "full", "secret": secret, "kind": CLIENT})
    return found
