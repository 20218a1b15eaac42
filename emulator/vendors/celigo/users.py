"""The users who have access to an integration, or to the account."""

from __future__ import annotations

from typing import Any, Final

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers, Hooks, Write
from emulator.vendors.celigo.collections import ASHARES
from emulator.vendors.celigo.errors import refusal, required
from emulator.vendors.celigo.paging import page_of
from emulator.vendors.celigo.records import find

handlers = Handlers()
hooks = Hooks()

OF_INTEGRATIONS: Final = "integrationAccessLevel"
"""The field with what a user may do with single integrations; null counts as left out."""


@handlers.operation("listIntegrationAshares")
def list_integration_ashares(call: Call, world: World) -> Reply:
    """List the users who have access to an integration; the account's owner is not among them.

    Celigo documentation, Integration API endpoints.
    """
    id = find(world, call.params["_id"])["_id"]
    return page_of(call, world, [share for share in world[ASHARES].all() if _covers(share, id)])


@hooks.writing("ashares")
def refuse_without_access(world: World, write: Write) -> Record | None:
    """Return an access as it is stored. Raises Refusal (400, 422) if a body gives access to nothing.

    ConductorOne/baton-celigo, specs/openapi.json, has both statuses.
    """
    if write.after is None:
        return None
    sent: Any = write.call.document or {}
    access = sent.get(OF_INTEGRATIONS)
    if "accessLevel" not in write.after and not access:
        raise refusal(400, required("accessLevel")) if access is None else refusal(422, required(OF_INTEGRATIONS))
    return {**write.after, OF_INTEGRATIONS: write.after.get(OF_INTEGRATIONS) or []}


def _covers(share: Record, integration_id: str) -> bool:
    """Return True if the access is to the whole account, or to this integration."""
    if share.get("accessLevel") in ("monitor", "manage", "administrator"):
        return True
    return any(access["_integrationId"] == integration_id for access in share[OF_INTEGRATIONS])
