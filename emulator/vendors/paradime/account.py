"""The account's reports. The contract declares all that there is of the audit log and the catalogue."""

from __future__ import annotations

from emulator.store.world import World
from emulator.vendor import Hooks, Write
from emulator.vendors.paradime.collections import LINEAGE_DIFF_REPORTS

RESULTS = {
    "AVAILABLE": {"resultJson": "{}", "resultMarkdown": "No differences.", "url": "https://app.paradime.io/lineage"},
    "FAILED": {"message": "The lineage could not be compared."},
}
"""What a report says once it has ended (assumed)."""


hooks = Hooks()


@hooks.written("lineage_diff_reports")
def complete(world: World, write: Write) -> None:
    """Give a report its result when it ends."""
    if write.before is not None and write.after is not None:
        world[LINEAGE_DIFF_REPORTS].replace({**write.after, **RESULTS.get(write.after["status"], {})})
