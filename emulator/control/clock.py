"""A sandbox's clock: read, set, freeze, advance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from emulator.control.handlers import Emulator, Handlers
from emulator.errors import Problem
from emulator.exchange import Call, Reply
from emulator.sandbox.clock import Clock
from emulator.sandbox.sandbox import Sandbox

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)
"""A clock beyond Python's last year would fail later, in a call to a vendor."""

handlers = Handlers()


@handlers.sandbox_operation("getClock")
async def get_clock(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return the sandbox's time."""
    return Reply(200, describe_clock(sandbox.clock))


@handlers.sandbox_operation("setClock")
async def set_clock(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Set the clock."""
    change: Any = call.document
    sandbox.clock.set(read_time(change), change.get("frozen"))
    return Reply(200, describe_clock(sandbox.clock))


@handlers.sandbox_operation("advanceClock")
async def advance_clock(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Move the clock forward."""
    document: Any = call.document
    left = (LATEST - sandbox.now()).total_seconds()
    if document["seconds"] >= left:
        raise Problem(422, f"The clock goes to the year {LATEST.year}, which is {int(left)} seconds ahead.")
    sandbox.clock.advance(document["seconds"])
    return Reply(200, describe_clock(sandbox.clock))


def describe_clock(clock: Clock) -> dict[str, Any]:
    """Return a clock as JSON."""
    return {"now": time_text(clock.now()), "frozen": clock.frozen}


def time_text(moment: datetime) -> str:
    """Return a moment in UTC as ISO 8601 text."""
    return moment.isoformat().replace("+00:00", "Z")


def read_time(change: dict[str, Any]) -> datetime | None:
    """Return the time that a change of the clock sets, or None. Raises Problem for an invalid one."""
    if "now" not in change:
        return None
    if change["now"] is None:
        return datetime.now(UTC)
    try:
        now = datetime.fromisoformat(change["now"].upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(422, f"Invalid time {change['now']!r}; write it like 2030-01-01T00:00:00Z.") from None
    if not EARLIEST <= now < LATEST:
        raise Problem(422, f"{change['now']} is out of range; the clock supports the years 1970 to 2999.")
    return now
