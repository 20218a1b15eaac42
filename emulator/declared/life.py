"""States that pass by the sandbox's clock: the `life` of the records of a declared collection."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from emulator.declared.expressions import Context
from emulator.declared.resources import Resource, written_values
from emulator.declared.words import Life
from emulator.exchange import Call, Record
from emulator.store.world import World
from emulator.vendor import Write

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def begin(resource: Resource, life: Life, record: Record, context: Context, world: World) -> None:
    """Start the life of a record in its first state; any other state was set on purpose, and stays."""
    state = context.value(life.states[0].state)
    if record.get(life.field) == state:
        # A deleted record may have had the key.
        world[resource.lives].delete(record[resource.key])
        _wait(resource, life, record, 0, world.now, world)


def pass_time(resources: Iterable[Resource], world: World) -> None:
    """Write the changes of state that are due, each with the time at which it happened."""
    for resource in resources:
        if resource.words.life is not None:
            _pass(resource, resource.words.life, world)


def _pass(resource: Resource, life: Life, world: World) -> None:
    lives, now = world[resource.lives], (world.now - _EPOCH) // _MICROSECOND
    while (first := lives.page(limit=1)) and _due(first[0]) <= now:
        (entry,) = first
        lives.delete(entry["id"])
        record, number = world[resource.kept].get(entry["id"]), entry.get("number")
        if record is None or record.get(life.field) != entry.get("state") or not isinstance(number, int):
            continue
        if 0 <= number < len(life.states) - 1:
            _change(resource, life, record, number + 1, world.at(_EPOCH + _due(entry) * _MICROSECOND))


def _due(entry: Record) -> int:
    """Return when an entry is due, in microseconds since 1970; one that somebody wrote without it is due at once."""
    due = entry.get("due")
    return due if isinstance(due, int) else 0


def _change(resource: Resource, life: Life, before: Record, number: int, world: World) -> None:
    """Put a record into a state; `world` has the time of the change."""
    state, call = life.states[number], Call("", "", switches=world.switches)
    context = Context(call, world, {"record": before, "id": before[resource.key]})
    after = {**before, life.field: context.value(state.state), **written_values(resource, context, state.set)}
    if resource.words.updated:
        after[resource.words.updated] = resource.time_for(resource.words.updated, world.now)
    world[resource.kept].replace(after)
    resource.hooks.after(world, Write(resource.name, call, before, after))
    _wait(resource, life, after, number, world.now, world)


def _wait(resource: Resource, life: Life, record: Record, number: int, since: datetime, world: World) -> None:
    lasts = life.states[number].lasts
    if lasts is not None:
        due = (since + lasts - _EPOCH) // _MICROSECOND
        entry = {"id": record[resource.key], "number": number, "state": record[life.field], "due": due}
        world[resource.lives].insert(entry)
