"""Celigo's refusals: an array of errors, each with a code, a message and optionally a field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from emulator.errors import Refusal
from emulator.exchange import NOTHING, REFUSED, Reply, Violation
from emulator.json_text import stringify
from emulator.store.world import World

Error: TypeAlias = dict[str, str]
"""{"code", "message", "field"}; code and field may be missing."""

OF_WHAT_IS_SENT = ("missing_required_field", "update_not_allowed", None)
"""The codes of errors in the request, not in the records; an install step's invalid URL has none."""


def error(code: str, message: str, field: str | None = None) -> Error:
    """Return one error; `field` is a dotted path, as Mongoose writes it."""
    return {"code": code, "message": message} | ({} if field is None else {"field": field})


def envelope(status: int, *errors: Error) -> Reply:
    """Return the body of every refusal (Celigo developer pages, Errors)."""
    return Reply(status, {"errors": list(errors)})


def refusal(status: int, *errors: Error) -> Refusal:
    """Return a Refusal to raise."""
    return Refusal(envelope(status, *errors), [_violation(one) for one in errors if one.get("code") in OF_WHAT_IS_SENT])


def _violation(error: Error) -> Violation:
    pointer = "".join(f"/{step}" for step in error.get("field", "").split(".") if step)
    return Violation("body", pointer, REFUSED, NOTHING, NOTHING, error["message"])


def unauthorized(switches: Mapping[str, Any]) -> Refusal:
    """Refuse a call without a valid token (code and message are assumed)."""
    return _no_access(401, error("unauthorized", "Unauthorized"), switches)


def forbidden(switches: Mapping[str, Any]) -> Refusal:
    """Refuse a user who may only read (code and message are assumed)."""
    return _no_access(403, error("forbidden", "You do not have permission to perform this action."), switches)


def _no_access(status: int, reason: Error, switches: Mapping[str, Any]) -> Refusal:
    """Refuse in the envelope, or as the switch auth_error_body says."""
    if switches["auth_error_body"] == "message":
        return Refusal(Reply(status, {"message": reason["message"]}))
    return refusal(status, reason)


def not_found(world: World, what: str) -> Refusal:
    """Refuse an unknown id; the switch unknown_id_status chooses the status (assumed)."""
    return refusal(world.switches["unknown_id_status"], error("not_found", f"{what} not found."))


def required(field: str, message: str | None = None) -> Error:
    """Return the error for a missing field, in Mongoose's words unless the vendor's are known."""
    return error("missing_required_field", message or f"Path `{field}` is required.", field)


def cast_failed(kind: str, value: Any, field: str) -> Error:
    """Return the error for a value of the wrong type (Celigo QA automation: `Cast to Number failed …`)."""
    text = value if isinstance(value, str) else stringify(value)
    path = next((step for step in reversed(field.split(".")) if not step.isdigit()), field)
    return error("invalid_field", f'Cast to {kind} failed for value "{text}" at path "{path}"', field)


def invalid_ref(name: str) -> Error:
    """Return the error for an invalid id (Celigo QA automation, TC_C1689)."""
    return error("invalid_ref", f"Please provide a valid {name}.")


def query_refused(message: str) -> Reply:
    """Return the reply to an invalid query parameter (Celigo developer pages, Integrations)."""
    return envelope(400, error("invalid_query_params", message))


def refuse_any(errors: list[Error], status: int = 422) -> None:
    """Raise a Refusal with all errors, if there are any."""
    if errors:
        raise refusal(status, *errors)
