"""What the control API says, as a user of Python would write it."""

from __future__ import annotations

import re

from emulator.reply import steps_of

__tracebackhide__ = True

PLACE = re.compile(r"(^|; )(body|query|where) (/\S*): ")
"""Where a sentence says what it is about: "body /when/times: "."""

RENAMED = {"from": "from_"}
"""Fields that are arguments of another name, because theirs is a word of Python."""

SPELLINGS = (
    (r"\?force=true|force: true", "force=True"),
    (r"POST /_emulator/sandboxes creates", "create_sandbox() creates"),
    (r"POST /_emulator/reset resets", "reset() resets"),
    (r"DELETE /_emulator/sandboxes/\S+ drops", "drop() drops"),
    (r"DELETE scenarios/(\S+) ends", r"scenario('\1').off() ends"),
    (r"DELETE faults, or faults/ID", "disarm()"),
    (r"DELETE stubs, or stubs/ID", "remove()"),
    (r"PUT replaces", "put() replaces"),
    (r"GET /_emulator/state lists", "collections() lists"),
    (r"GET /_emulator/switches lists", "list(….switches) lists"),
    (r"GET /_emulator/(sandboxes|snapshots) lists", r"\1() lists"),
    (r"GET /_emulator(/\S+) lists", r"request('GET', '\1') lists"),
    (r"as Authorization: Bearer TOKEN", "as Client(url, token)"),
)


def in_python(detail: str) -> str:
    """Return the `detail` of a refusal with arguments and methods of Python instead of fields and requests."""
    for pattern, spelling in SPELLINGS:
        detail = re.sub(pattern, spelling, detail)
    return PLACE.sub(_argument, detail)


def _argument(found: re.Match[str]) -> str:
    before, place, pointer = found.groups()
    steps = [step for step in steps_of(pointer) if step]
    words = [f"[{step}]" if step.isdecimal() else f".{RENAMED.get(step, step)}" for step in steps]
    name = ("where" if place == "where" else "") + "".join(words)
    return f"{before}{name.removeprefix('.')}: " if name else before
