"""What the control API says, in the words of an agent's tools."""

from __future__ import annotations

import re

__all__ = ["in_tools"]

SPELLINGS = (
    (r"\?force=true", "force: true"),
    (r"POST /_emulator/sandboxes creates", "create_sandbox creates"),
    (r"DELETE /_emulator/sandboxes/\S+ drops", "drop_sandbox drops"),
    (r"DELETE scenarios/\S+ ends", "set_scenario with on: false ends"),
    (r"DELETE faults, or faults/ID", "disarm_faults"),
    (r"POST /_emulator/reset resets it", "create_sandbox creates another one"),
    (r"PUT replaces", "put_record with replace: true replaces"),
    (r"GET /_emulator/state lists", "list_records lists"),
    (r"GET /_emulator/switches lists", "set_switches with {} lists"),
)


def in_tools(detail: str) -> str:
    """Return the `detail` of a refusal with tools and their arguments instead of requests."""
    for pattern, spelling in SPELLINGS:
        detail = re.sub(pattern, spelling, detail)
    return detail
