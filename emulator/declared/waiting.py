"""Where a life is kept: the records of a collection that wait for their next state."""

from __future__ import annotations

from emulator.store.collection import Collection


def waiting(name: str) -> Collection:
    """Return the waiting records of the collection `name`: key, number of the state, its value, when it ends."""
    return Collection(f"{name}_life", order=("due",), indexes=("due",))
