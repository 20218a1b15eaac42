"""What Schemathesis cannot know: how a SQLite file is sent, and that a reply may be waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import schemathesis


@schemathesis.serializer("application/vnd.sqlite3")
def sqlite_file(context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send whatever was generated as bytes."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


WAIT_SECONDS = 0.01
LIFE_SECONDS = 3600


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Let no verdict be waited for as long as the schema allows, and no sandbox live for 1e-200 seconds."""
    body, label = case.body, case.operation.label
    if isinstance(body, dict) and label.endswith("/journal/verify"):
        case.body = {
            **body,
            **_replaced(body, ("within",), WAIT_SECONDS, lambda seconds: WAIT_SECONDS < seconds <= 300),
        }
    if isinstance(body, dict) and label.endswith("/sandboxes"):
        case.body = {
            **body,
            **_replaced(body, ("ttl", "idle"), LIFE_SECONDS, lambda seconds: 0 < seconds < LIFE_SECONDS),
        }


def _replaced(
    body: dict[str, Any], names: tuple[str, ...], value: float, where: Callable[[float], bool]
) -> dict[str, Any]:
    """Return a value for each of these names whose number is like that; what is wrong stays wrong."""
    found = {name: body.get(name) for name in names}
    return {
        name: value for name, one in found.items() if isinstance(one, int | float) and one is not True and where(one)
    }
