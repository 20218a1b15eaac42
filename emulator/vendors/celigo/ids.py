"""Ids as Celigo writes them."""

from __future__ import annotations

import re
from typing import Final

from emulator.store.collection import Collection
from emulator.store.world import World

OBJECT_ID: Final = re.compile("[0-9a-fA-F]{24}")


def new_id(world: World, collection: Collection | None = None) -> str:
    """Return a new ObjectId that no record of the collection has: eight digits of seconds, sixteen random ones."""

    def draw() -> str:
        return f"{int(world.now.timestamp()):08x}{world.hex(16)}"

    return draw() if collection is None else world.new_id(collection, draw)
