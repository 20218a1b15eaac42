"""Users of the workspace, active and invited. The contract declares what changes them."""

from __future__ import annotations

from typing import Any

from emulator.exchange import Call, Record
from emulator.store.world import World
from emulator.vendor import Handlers
from emulator.vendors.paradime.collections import INVITATIONS, USERS

handlers = Handlers()


@handlers.operation("listUsers")
def list_users(call: Call, world: World) -> dict[str, Any]:
    """Return the users (Paradime documentation, User Management API, List Users)."""
    active = [_shown(user) for user in world[USERS].all() if not user.get("isDisabled")]
    return {"ok": True, "activeUsers": active, "invitedUsers": world[INVITATIONS].all()}


def _shown(user: Record) -> Record:
    return {name: user[name] for name in ("uid", "email", "name", "accountType")}
