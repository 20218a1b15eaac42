"""What the client of a sandbox should not have done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from emulator.conduct.rules import findings
from emulator.control.handlers import Emulator, Handlers
from emulator.exchange import Call, Reply
from emulator.journal.waiting import QUICK_BYTES
from emulator.sandbox.sandbox import Sandbox

handlers = Handlers()


@handlers.sandbox_operation("getConduct")
async def get_conduct(call: Call, sandbox: Sandbox, emulator: Emulator) -> Reply:
    """Return the findings in the completed calls of the journal, or in those after a call."""
    found = await conduct_of(sandbox, emulator, call.params.get("since", 0))
    return Reply(200, {"findings": found, "dropped": sandbox.journal.dropped})


async def conduct_of(sandbox: Sandbox, emulator: Emulator, since: int = 0) -> Sequence[dict[str, Any]]:
    """Return the findings in the calls after a number, as documents."""
    journal = sandbox.journal
    exchanges = list(journal.after(since))
    find = partial(findings, exchanges, emulator.catalogue.contracts, sandbox.credentials)
    found = find() if journal.bytes <= QUICK_BYTES else await emulator.worker.run(find)
    return [one.document() for one in found]
