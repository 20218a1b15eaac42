"""Ids and times as Celigo writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from emulator.sandbox.world import World

OBJECT_ID: Final = re.compile("[0-9a-fA-F]{24}")


def timestamp(moment: datetime) -> str:
    """Return a moment as Celigo writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(world: World) -> str:
    """Return a new ObjectId: eight digits of seconds, sixteen random ones."""
    return f"{int(world.now.timestamp()):08x}{world.hex(16)}"
