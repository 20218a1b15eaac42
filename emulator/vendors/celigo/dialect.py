"""Celigo's wording of errors: Express's framework, Mongoose's sentences, the vendor's envelope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.errors import MalformedBody, UndecodableBody
from emulator.exchange import UNDECODABLE, Call, Reply, Violation, steps_of
from emulator.vendors.celigo.collections import TYPES
from emulator.vendors.celigo.errors import Error, cast_failed, envelope, error, invalid_ref, query_refused, required

KINDS = {
    "string": "String",
    "integer": "Number",
    "number": "Number",
    "boolean": "Boolean",
    "object": "Object",
    "array": "Array",
}

NO_SOURCE = ("required", "/content")
"""Rule and place of a script without its source, which erases it (celigo/ai, writing-scripts, SKILL.md)."""

NO_ACCESS = "accessLevel"
"""The field whose absence gets 400 (ConductorOne/baton-celigo, specs/openapi.json)."""

REQUIRED = {"ashares": NO_ACCESS, "clone": "_integrationId", "resolved": "errors", "retry": "retryDataKeys"}
"""The field that a missing body lacks first, by a segment of the path; elsewhere it is the name."""


class CeligoDialect:
    """The vendor's own replies to calls that never reach a handler."""

    def unknown_path(self, call: Call) -> Reply:
        """Return the reply to an unknown path, in Express's words."""
        # A URL without a path is a request for "/" (RFC 9112, 3.2.1).
        return _cannot(call, call.path or "/")

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Return the reply to an unknown path: Express falls through to its 404."""
        mount = call.base_url.rpartition("/")[2]
        return _cannot(call, f"/{mount}{call.path}")

    def too_large(self, call: Call, limit: int) -> Reply:
        """Return the reply to a body beyond the limit, in Express's words."""
        return envelope(413, error("request_too_large", "request entity too large"))

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Return the reply to a body other than JSON (Celigo developer pages, API conventions: 415; words assumed)."""
        return envelope(415, error("unsupported_media_type", "The request body must be application/json."))

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Return the reply to a body that does not parse; the journal says where.

        Celigo developer pages, Errors: 400. The words are assumed.
        """
        return _no_json()

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        """Return 415, in body-parser's words."""
        return envelope(415, error("unsupported_media_type", f'unsupported content encoding "{encoding}"'))

    def undecodable(self, call: Call, problem: UndecodableBody) -> Reply:
        """Return 400, in zlib's words, which body-parser passes on."""
        return envelope(400, error("invalid_request_body", str(problem)))

    def refuses(self, violation: Violation) -> bool:
        """Tolerate unknown fields and parameters, which Mongoose drops, and a script without its source."""
        return violation.rule != "additionalProperties" and (violation.rule, violation.pointer) != NO_SOURCE

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Return the first of: the ids in the path, the query, all mistakes in the body."""
        places = {violation.place: violation for violation in reversed(violations)}
        if "path" in places and places["path"].rule == UNDECODABLE:
            # The words are Express's (4.22, run on Node 20), the code is assumed.
            return envelope(400, error("invalid_path", f"Failed to decode param '{places['path'].actual}'"))
        if "path" in places:
            return envelope(call.switches["malformed_id_status"], invalid_ref(places["path"].pointer[1:]))
        if "query" in places:
            return query_refused(f"The query parameter {places['query'].pointer[1:]} is not valid.")
        if any(not violation.pointer for violation in violations):
            return _no_body(call)
        return envelope(422, *(_word(call, violation) for violation in violations))

    def broken(self, call: Call) -> Reply:
        """Return the reply to an internal error."""
        return envelope(500, error("internal_server_error", "Internal Server Error"))

    def missing(self, call: Call, collection: str, key: str, value: Any) -> Reply:
        """Return the reply to an unknown id; the switch unknown_id_status chooses the status (assumed)."""
        return envelope(
            call.switches["unknown_id_status"], error("not_found", f"{TYPES[collection].capitalize()} not found.")
        )

    def conflict(self, call: Call, collection: str, detail: str) -> Reply:
        """Return the reply to what the state of a record does not allow (assumed)."""
        return envelope(409, error("conflict", detail))

    def reference(self, call: Call, collection: str, field: str, value: Any) -> Reply:
        """Return the reply to a reference to nothing, after that to an invalid id (assumed)."""
        return envelope(422, {**invalid_ref(field), "field": field})


def _cannot(call: Call, path: str) -> Reply:
    return envelope(404, error("not_found", f"Cannot {call.method} {path}"))


def _no_json() -> Reply:
    return envelope(400, error("invalid_json", "The request body is not valid JSON."))


def _no_body(call: Call) -> Reply:
    """Return the reply to a body that is missing or of the wrong kind. Express reads a missing one as {}.

    A number, a string or null does not parse: body-parser is strict by default (1.20, run on Node 20).
    """
    if call.body and not isinstance(call.document, dict | list):
        return _no_json()
    array = call.method == "PATCH" or _registers(call)
    if not array and (not call.body or call.document == {}):
        field = _first_required(call)
        return envelope(400 if field == NO_ACCESS else 422, required(field))
    kind = "array" if array else "object"
    return envelope(400, error("invalid_request_body", f"The request body must be a JSON {kind}."))


def _registers(call: Call) -> bool:
    return call.path.rstrip("/").lower().endswith("/connections/register")


def _first_required(call: Call) -> str:
    return next((REQUIRED[name] for name in call.path.lower().split("/") if name in REQUIRED), "name")


def _word(call: Call, violation: Violation) -> Error:
    field = ".".join(steps_of(violation.pointer))
    if field.isdigit() and _registers(call):
        return invalid_ref("_connectionId")
    if violation.rule == "type" and violation.actual is None:
        return required(field)
    return _WORDS.get(violation.rule, _otherwise)(violation, field)


def _wrong_type(violation: Violation, field: str) -> Error:
    expected = violation.expected if isinstance(violation.expected, str) else violation.expected[0]
    return cast_failed(KINDS[expected], violation.actual, field)


def _otherwise(violation: Violation, field: str) -> Error:
    return error("invalid_field", violation.sentence, field)


_WORDS: Mapping[str, Callable[[Violation, str], Error]] = {
    "required": lambda violation, field: required(field),
    "minLength": lambda violation, field: required(field),
    "type": _wrong_type,
    "pattern": lambda violation, field: cast_failed("ObjectId", violation.actual, field),
    "format": lambda violation, field: cast_failed("date", violation.actual, field),
    "enum": lambda violation, field: error(
        "invalid_field", f"`{violation.actual}` is not a valid enum value for path `{field}`.", field
    ),
    "maxLength": lambda violation, field: error(
        "invalid_field",
        f"Path `{field}` (`{violation.actual}`) is longer than the maximum allowed length ({violation.expected}).",
        field,
    ),
}
