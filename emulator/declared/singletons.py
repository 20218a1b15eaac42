"""Rule 7: what each record of a collection has exactly one of, as "/users/{userId}/settings"."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.contract.operation import Operation
from emulator.declared.messages import Messages
from emulator.declared.shapes import Place

_ACTIONS = {"GET": "get", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}


def singleton_actions(methods: Mapping[str, Operation], parent: Place, messages: Messages) -> dict[str, str]:
    """Return the actions by method on a path below a record of `parent`; {} if there is no singleton."""
    got = messages.record(methods["GET"]) if "GET" in methods else None
    bodies = {method: messages.body(methods[method]) for method in ("PUT", "PATCH") if method in methods}
    if got is None or got.address == parent.address or not any(bodies.values()):
        return {}
    found = {method: action for method, action in _ACTIONS.items() if method in methods}
    put = bodies.get("PUT")
    if put is not None and messages.shape(got).required - put.required:
        found["PUT"] = "patch"
    return found
