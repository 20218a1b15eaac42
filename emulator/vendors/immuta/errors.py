"""Immuta's refusals: hapi's envelope, joi's sentences, the documented texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from emulator.errors import MalformedBody, Refusal
from emulator.exchange import Call, Reply, Violation

SOURCES = {"path": "params", "query": "query", "header": "headers", "body": "payload"}
"""hapi's names for where a value stands, in the order in which it validates them."""

KEY_ORDER = ("rootTag", "tags", "metadata", "name", "dataType", "remoteType")
"""joi reports the first key that is wrong in its schema's order; other keys come after these."""


UNSAFE = "must be a safe number"
"""What joi says of a number that JavaScript cannot hold exactly."""


def reply(status: int, message: str, validation: Mapping[str, Any] | None = None) -> Reply:
    """Return a refusal in hapi's envelope, with hapi's key order."""
    error = "Request Entity Too Large" if status == 413 else HTTPStatus(status).phrase
    document: dict[str, Any] = {"statusCode": status, "error": error, "message": message}
    if validation is not None:
        document["validation"] = validation
    return Reply(status, document)


def unauthorized() -> Refusal:
    """Refuse a caller who shows no valid token (Seed 003, "Delete Data Source Dictionary")."""
    return Refusal(reply(401, "A valid Authorization token must be provided"))


def role_missing() -> Refusal:
    """Refuse a change by who is neither owner nor expert; the seed prints the same words for each change."""
    return Refusal(reply(403, "User must have one of the following roles to delete dictionary: owner,expert"))


def insufficient_scope() -> Refusal:
    """Refuse for want of a permission, in hapi's words (assumed)."""
    return Refusal(reply(403, "Insufficient scope"))


def data_source_not_found() -> Refusal:
    """Refuse an unknown data source (Seed 003, "Delete Data Source Dictionary")."""
    return Refusal(reply(404, "Data source not found"))


def dictionary_not_found() -> Refusal:
    """Refuse a data source that has no dictionary (the text is assumed)."""
    return Refusal(reply(404, "Dictionary not found"))


def bad_request(call: Call, reason: str, validation: Mapping[str, Any] | None = None) -> Reply:
    """Return a 400; where the seed documents the text "Bad request: (detailed reason)", in that form."""
    documented = call.method in ("POST", "PUT") and call.path.startswith("/dictionary/")
    prefixed = documented and call.flags["bad_request_prefix"]
    return reply(400, f"Bad request: {reason}" if prefixed else reason, validation)


class ImmutaDialect:
    """How hapi and joi word what the core finds."""

    def unknown_path(self, call: Call) -> Reply:
        """Answer hapi's 404 for a route that is not there."""
        return reply(404, "Not Found")

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Answer as for an unknown path: hapi routes by method and path at once."""
        return self.unknown_path(call)

    def too_large(self, call: Call, limit: int) -> Reply:
        """Answer hapi's 413."""
        return reply(413, f"Payload content length greater than maximum allowed: {limit}")

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Answer hapi's 415; but forms and text it does parse, and joi then finds them wanting."""
        if call.content_type == "application/x-www-form-urlencoded":
            return bad_request(call, *_no_array(call))
        if call.content_type.startswith("text/"):
            return bad_request(call, *_no_object())
        return reply(415, "Unsupported Media Type")

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Answer hapi's 400, which does not say where the JSON breaks."""
        return bad_request(call, "Invalid request payload JSON format")

    def refuses(self, violation: Violation) -> bool:
        """Tolerate unknown keys only: clients send whole dictionaries and columns with keys of their own."""
        return violation.rule != "additionalProperties"

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Answer with the first violation, as joi stops there."""
        first = min(violations, key=_rank)
        if first.place == "body" and not first.pointer:
            return bad_request(call, *_no_object())
        steps = _steps(first)
        validation = {"source": SOURCES[first.place], "keys": [".".join(steps)]}
        return bad_request(call, f'"{_label(steps)}" {_complaint(first)}', validation)

    def broken(self, call: Call) -> Reply:
        """Answer hapi's 500."""
        return reply(500, "An internal server error occurred")


def _no_object() -> tuple[str, dict[str, Any]]:
    return '"value" must be of type object', {"source": "payload", "keys": [""]}


def _no_array(call: Call) -> tuple[str, dict[str, Any]]:
    """Complain of a form where an array is needed, which no form can hold."""
    needed = "tags" if call.path == "/tag" else "metadata"
    sent = {name for name, _ in parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)}
    complaint = "must be an array" if needed in sent else "is required"
    return f'"{needed}" {complaint}', {"source": "payload", "keys": [needed]}


def _rank(violation: Violation) -> tuple[int, list[tuple[int, int, str]], bool]:
    """Order violations as hapi and joi come upon them: by place, by schema and index, choices before types."""
    place = list(SOURCES).index(violation.place)
    return place, [_step_rank(step) for step in _steps(violation)], violation.rule != "enum"


def _steps(violation: Violation) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in violation.pointer.split("/")[1:]]


def _step_rank(step: str) -> tuple[int, int, str]:
    if step.isdecimal():
        return 0, int(step), ""
    return 1, KEY_ORDER.index(step) if step in KEY_ORDER else len(KEY_ORDER), step


def _label(steps: Sequence[str]) -> str:
    """Write a path as joi does: metadata[0].dataType."""
    return "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps).removeprefix(".")


def _complaint(violation: Violation) -> str:
    return _COMPLAINTS[violation.rule](violation)


def _wrong_type(violation: Violation) -> str:
    number = re.fullmatch(r"-?\d+(\.\d+)?", str(violation.actual))
    if violation.expected == "integer" and number:
        return "must be an integer" if number[1] else UNSAFE
    return _TYPES[violation.expected]


_TYPES = {
    "string": "must be a string",
    "integer": "must be a number",
    "boolean": "must be a boolean",
    "array": "must be an array",
    "object": "must be of type object",
}

_COMPLAINTS: Mapping[str, Callable[[Violation], str]] = {
    "required": lambda violation: "is required",
    "type": _wrong_type,
    "minLength": lambda violation: "is not allowed to be empty",
    "minimum": lambda violation: _bound(violation, "greater"),
    "maximum": lambda violation: _bound(violation, "less"),
    "enum": lambda violation: f"must be one of [{', '.join(map(str, violation.expected))}]",
    "additionalProperties": lambda violation: "is not allowed",
}


def _bound(violation: Violation, relation: str) -> str:
    """Word a bound; the largest number of JavaScript that is sure to be whole has words of its own."""
    if abs(violation.expected) == 2**53 - 1:
        return UNSAFE
    return f"must be {relation} than or equal to {violation.expected}"
