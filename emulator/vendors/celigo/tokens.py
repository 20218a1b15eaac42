"""Information about the caller's token."""

from __future__ import annotations

from emulator.exchange import Call, Reply
from emulator.store.world import World
from emulator.vendor import Handlers

handlers = Handlers()


@handlers.operation("getTokenInfo")
def get_token_info(call: Call, world: World) -> Reply:
    """Return the id of the user whose token the call presents (Celigo developer pages, Authentication)."""
    return Reply(200, {"_userId": world.identity.user})
