"""Authentication by a key pair, a workspace token, or a company token with its workspace.

The pair: Paradime documentation, Custom Integration API. The tokens: Paradime Python SDK 6.9.0,
paradime/client/api_client.py. That bad credentials are an HTTP status: paradime-io/dinoai-action.
"""

from __future__ import annotations

from datetime import datetime

from emulator.exchange import Call, Record
from emulator.store.credentials import Credentials, Identity, bearer_headers, bearer_token, expired
from emulator.vendors.paradime.errors import forbidden, missing_workspace, unauthorized


def authenticate(call: Call, credentials: Credentials, now: datetime) -> Identity:
    """Return the caller. Raises Refusal: 401; for a company token 403 if the workspace is not its own."""
    credential = _by_token(call, credentials) if "Authorization" in call.headers else _by_pair(call, credentials)
    if expired(credential, now):
        raise unauthorized("Expired API credentials")
    return Identity(credential["user"], credential["rights"], credential)


def authorize(call: Call, identity: Identity, operation: str, safe: bool) -> None:
    """Refuse everything, even reading, to a key without the capability "Custom integrations admin".

    Paradime documentation, Custom Integration API, Overview.
    """
    if identity.rights != "full":
        raise forbidden("The API key lacks the capability Custom integrations admin")


def presented(call: Call) -> str:
    """Return the id of the credential that a call presents, or ""."""
    return bearer_token(call) or call.headers.get("X-API-KEY", "")


def present(credential: Record) -> dict[str, str]:
    """Return the headers that a client sends for a credential."""
    if "secret" in credential:
        return {"X-API-KEY": credential["id"], "X-API-SECRET": credential["secret"]}
    workspace = {"X-Paradime-Workspace": credential["workspace"]} if "workspace" in credential else {}
    return bearer_headers(credential) | workspace


def _by_pair(call: Call, credentials: Credentials) -> Record:
    key, secret = call.headers.get("X-API-KEY"), call.headers.get("X-API-SECRET")
    if not key or not secret:
        raise unauthorized("Missing API credentials")
    credential = credentials.get(key)
    if credential is None or credential.get("secret") != secret:
        raise unauthorized("Invalid API credentials")
    return credential


def _by_token(call: Call, credentials: Credentials) -> Record:
    credential = credentials.get(bearer_token(call))
    if credential is None or "secret" in credential:
        raise unauthorized("Invalid API credentials")
    if "workspace" in credential:
        _check_workspace(call, credential["workspace"])
    return credential


def _check_workspace(call: Call, own: str) -> None:
    named = call.headers.get("X-Paradime-Workspace")
    if not named:
        raise missing_workspace(call.switches["missing_workspace_status"])
    if named != own:
        raise forbidden("The token does not belong to this workspace")
