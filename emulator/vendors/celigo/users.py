"""The users who have access to an integration."""

from __future__ import annotations

from emulator.exchange import Call, Record, Reply
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.celigo.collections import ASHARES
from emulator.vendors.celigo.paging import page_of
from emulator.vendors.celigo.records import find

handlers = Handlers()


@handlers.operation("listIntegrationAshares")
def list_integration_ashares(call: Call, world: World) -> Reply:
    """List the users who have access to an integration; the account's owner is not among them.

    Celigo documentation, Integration API endpoints.
    """
    id = find(world, call.params["_id"])["_id"]
    return page_of(call, world, [share for share in world[ASHARES].all() if _covers(share, id)])


def _covers(share: Record, integration_id: str) -> bool:
    """Return True if the access is to the whole account, or to this integration."""
    if share.get("accessLevel") in ("monitor", "manage", "administrator"):
        return True
    return any(access["_integrationId"] == integration_id for access in share["integrationAccessLevel"])
