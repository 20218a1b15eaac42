"""Immuta's refusals: hapi's envelope, joi's sentences, the documented texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html.entities import codepoint2name
from http import HTTPStatus
from math import isinf
from typing import Any
from urllib.parse import parse_qsl

from emulator.contract.numbers import is_joi_number
from emulator.errors import MalformedBody, Refusal, UndecodableBody
from emulator.exchange import FORM, UNDECODABLE, Call, Reply, Violation, steps_of

SOURCES = {"path": "params", "query": "query", "header": "headers", "body": "payload"}
"""hapi's names for the place of a value, in the order in which it validates them."""

KEY_ORDER = ("rootTag", "metadata", "name", "id", "dataType", "remoteType", "nullable", "remoteColumn", "tags")
"""joi reports the first invalid key in its schema's order; other keys come after these."""


CONTENT_TYPE = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+/[A-Za-z0-9!#$%&'*+.^_`|~-]+([ \t;][^\r\n]*)?")
BOUNDARY = re.compile(r';\s*boundary=("[^"]+"|[^;"\s]+)', re.IGNORECASE)
"""A valid Content-Type for hapi, and a valid multipart one (@hapi/content 6)."""

JSON_TYPE = re.compile(r"application/(.+\+)?json")
"""The content types that hapi parses as JSON (@hapi/subtext 8)."""

NAMED_CHARACTERS = {character: f"&{codepoint2name[ord(character)]};" for character in '&<>"\xa0¢£¤©®'}

UNSAFE = "must be a safe number"
"""joi's words for a number that JavaScript cannot represent exactly."""


def reply(status: int, message: str, validation: Any = None) -> Reply:
    """Return a refusal in hapi's envelope, with hapi's key order."""
    error = "Request Entity Too Large" if status == 413 else HTTPStatus(status).phrase
    document: dict[str, Any] = {"statusCode": status, "error": error, "message": message}
    if validation is not None:
        document["validation"] = validation
    return Reply(status, document)


def unauthorized() -> Refusal:
    """Refuse a caller without a valid token.

    Immuta documentation, Data Dictionary HTTP API, Delete Data Source Dictionary.
    """
    return Refusal(reply(401, "A valid Authorization token must be provided"))


def role_missing() -> Refusal:
    """Refuse a change by a user who is neither owner nor expert; the documented words are the same for each change."""
    return Refusal(reply(403, "User must have one of the following roles to delete dictionary: owner,expert"))


def not_the_owner(change: str, thing: str = "data source") -> Refusal:
    """Refuse a change by somebody else, in words like the documented ones for dictionaries (assumed)."""
    return Refusal(reply(403, f"User must have one of the following roles to {change} {thing}: owner"))


def insufficient_scope() -> Refusal:
    """Refuse a user who lacks a permission, in hapi's words (assumed)."""
    return Refusal(reply(403, "Insufficient scope"))


def data_source_not_found() -> Refusal:
    """Refuse an unknown data source.

    Immuta documentation, Data Dictionary HTTP API, Delete Data Source Dictionary.
    """
    return Refusal(reply(404, "Data source not found"))


def dictionary_not_found() -> Refusal:
    """Refuse a data source without a dictionary (the text is assumed)."""
    return Refusal(reply(404, "Dictionary not found"))


def domain_not_found() -> Refusal:
    """Refuse an unknown domain (the text is assumed)."""
    return Refusal(reply(404, "Domain not found"))


def attribute_not_found() -> Refusal:
    """Refuse a value of an attribute that a user does not have (assumed)."""
    return Refusal(reply(404, "Attribute not found"))


def project_not_found() -> Refusal:
    """Refuse an unknown project (the text is assumed)."""
    return Refusal(reply(404, "Project not found"))


def group_not_found() -> Refusal:
    """Refuse an unknown group (the text is assumed)."""
    return Refusal(reply(404, "Group not found"))


def user_not_found() -> Refusal:
    """Refuse a credential of a user without a record (assumed)."""
    return Refusal(reply(404, "User not found"))


def column_not_found() -> Refusal:
    """Refuse a column that no dictionary has (the text is assumed)."""
    return Refusal(reply(404, "Column not found"))


def tag_not_found() -> Refusal:
    """Refuse a tag that does not exist, or is not there (the text is assumed)."""
    return Refusal(reply(404, "Tag not found"))


def policy_handler_not_found() -> Refusal:
    """Refuse a data source to which no data policy applies.

    The status is that of sandeepmohan/immuta-mcp, immuta_queries.py; the text is assumed.
    """
    return Refusal(reply(404, "Policy handler not found"))


def database_not_found() -> Refusal:
    """Refuse a remote database that cannot be reached (assumed)."""
    return Refusal(reply(404, "Database not found"))


def table_not_found() -> Refusal:
    """Refuse a table that a remote database does not have (assumed)."""
    return Refusal(reply(404, "Table not found"))


def name_taken(thing: str, name: str = "") -> Reply:
    """Return the 422 for a name that another record has.

    fh-immuta-utils 0.5.2, client.py reads the code of a policy's, and "already exists" of a data source's; the rest is
    assumed.
    """
    message = f"A {thing} with this name already exists" + (f": {name}" if name else "")
    return reply(422, message, [{"code": "unique", "message": message}])


def bad_request(call: Call, reason: str, validation: Mapping[str, Any] | None = None) -> Reply:
    """Return a 400, in the form "Bad request: (detailed reason)" if that is documented."""
    documented = call.method in ("POST", "PUT") and call.path.startswith("/dictionary/")
    prefixed = documented and call.switches["bad_request_prefix"]
    return reply(400, f"Bad request: {reason}" if prefixed else reason, validation)


class ImmutaDialect:
    """The wording of errors by hapi and joi."""

    def unknown_path(self, call: Call) -> Reply:
        """Return hapi's 404 for an unknown route."""
        return reply(404, "Not Found")

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Return the reply to an unknown path: hapi routes by method and path together."""
        return self.unknown_path(call)

    def too_large(self, call: Call, limit: int) -> Reply:
        """Return hapi's 413."""
        return reply(413, f"Payload content length greater than maximum allowed: {limit}")

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Return hapi's 415; but hapi does parse forms, text and bytes, which joi then refuses."""
        header = call.headers.get("Content-Type", "").strip()
        if not CONTENT_TYPE.fullmatch(header):
            return bad_request(call, "Invalid content-type header")
        if call.content_type.startswith("multipart/") and not BOUNDARY.search(header):
            return bad_request(call, "Invalid content-type header: multipart missing boundary")
        if call.content_type == FORM:
            return bad_request(call, *_no_array(call, call.body.decode("utf-8", "replace")))
        if call.content_type == "application/octet-stream" and call.body:
            # For joi the bytes are an object without the required keys.
            return bad_request(call, *_no_array(call, ""))
        if call.content_type.startswith("text/") or call.content_type == "application/octet-stream":
            return bad_request(call, *_no_document(call))
        return reply(415, "Unsupported Media Type")

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Return hapi's 400, which does not say where the JSON is invalid."""
        return bad_request(call, "Invalid request payload JSON format")

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        """Return hapi's 415."""
        return reply(415, "Unsupported Media Type")

    def undecodable(self, call: Call, problem: UndecodableBody) -> Reply:
        """Return hapi's 400 for a gzip or deflate body that cannot be decompressed."""
        return bad_request(call, "Invalid compressed payload")

    def refuses(self, violation: Violation) -> bool:
        """Tolerate only unknown keys: clients send whole dictionaries, and columns with their own keys."""
        return violation.rule != "additionalProperties"

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Return a reply for the first violation, because joi stops there."""
        first = _first(violations)
        if first.rule == UNDECODABLE:
            return reply(400, "Bad Request")
        if first.place == "body" and not first.pointer:
            is_json = not call.content_type or JSON_TYPE.fullmatch(call.content_type)
            return bad_request(call, *_no_document(call)) if is_json else self.unsupported_type(call, ())
        steps = _reported_steps(call, first)
        validation = {"source": SOURCES[first.place], "keys": [_escaped(".".join(steps))]}
        return bad_request(call, f'"{_label(steps)}" {_complaint(first)}', validation)

    def broken(self, call: Call) -> Reply:
        """Return hapi's 500."""
        return reply(500, "An internal server error occurred")

    def missing(self, call: Call, collection: str, key: str, value: Any) -> Reply:
        """Return the 404 for a record that does not exist, worded like the documented one (assumed)."""
        return reply(404, f"{_RECORDS[collection].capitalize()} not found")

    def conflict(self, call: Call, collection: str, detail: str) -> Reply:
        """Return the 422 for a name that is taken: no declared record has another conflict."""
        return name_taken(_RECORDS[collection])

    def reference(self, call: Call, collection: str, field: str, value: Any) -> Reply:
        """Return a 400 for a reference to a record that does not exist (assumed)."""
        return bad_request(call, f"{_RECORDS[collection].capitalize()} {value} does not exist")


_RECORDS = {
    "domains": "domain",
    "groups": "group",
    "iams": "identity manager",
    "policies": "policy",
    "purposes": "purpose",
}
"""What the records of the declared collections are called."""


def _no_document(call: Call) -> tuple[str, dict[str, Any]]:
    """Return the error for a body of the wrong type: a list where tags are added, else an object is required."""
    complaint = _TYPES["array" if _wants_list(call) else "object"]
    return f'"value" {complaint}', {"source": "payload", "keys": [""]}


def _wants_list(call: Call) -> bool:
    return call.path.startswith("/tag/")


def _no_array(call: Call, form: str) -> tuple[str, dict[str, Any]]:
    """Return the error for a form where an array of objects is required, which a form cannot contain."""
    if _wants_list(call) or not call.path.startswith(("/tag", "/dictionary/")):
        return _no_document(call)
    needed = "tags" if call.path == "/tag" else "metadata"
    times = sum(name == needed for name, _ in parse_qsl(form, keep_blank_values=True))
    if times > 1:
        return f'"{needed}[0]" must be of type object', {"source": "payload", "keys": [f"{needed}.0"]}
    complaint = "must be an array" if times else "is required"
    return f'"{needed}" {complaint}', {"source": "payload", "keys": [needed]}


def _first(violations: Sequence[Violation]) -> Violation:
    """Return the violation that hapi and joi find first: by place, by schema and index, choices before types."""
    # The query's parameters are in the order of the contract, unknown ones at the end.
    query = list(dict.fromkeys(steps_of(found.pointer)[0] for found in violations if found.place == "query"))

    def rank(violation: Violation) -> tuple[int, list[tuple[int, int, str]], bool]:
        place, steps = list(SOURCES).index(violation.place), steps_of(violation.pointer)
        order = query if violation.place == "query" else KEY_ORDER
        return place, [_step_rank(step, order) for step in steps], violation.rule != "enum"

    return min(violations, key=rank)


def _reported_steps(call: Call, violation: Violation) -> list[str]:
    """Return joi's path of the violation: a single item of a list in the query has no index."""
    steps = steps_of(violation.pointer)
    is_alone = violation.place == "query" and len(call.query.getall(steps[0], [])) == 1
    return steps[:1] if is_alone else steps


def _step_rank(step: str, order: Sequence[str]) -> tuple[int, int, str]:
    if step.isdecimal():
        return 0, int(step), ""
    return 1, order.index(step) if step in order else len(order), step


def _label(steps: Sequence[str]) -> str:
    """Write a path as joi does: metadata[0].dataType."""
    return "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps).removeprefix(".")


def _escaped(path: str) -> str:
    """Escape a path for HTML, as hapi does with the keys that it reports (@hapi/hoek 11, escapeHtml)."""
    units = memoryview(path.encode("utf-16-le", "surrogatepass")).cast("H")
    return "".join(map(_escaped_unit, units))


def _escaped_unit(unit: int) -> str:
    character = chr(unit)
    if character.isascii() and (character.isalnum() or character in " .,-:_"):
        return character
    return NAMED_CHARACTERS.get(character) or (f"&#x{unit:02x};" if unit < 256 else f"&#{unit};")


def _complaint(violation: Violation) -> str:
    return _COMPLAINTS[violation.rule](violation)


def _wrong_type(violation: Violation) -> str:
    # Of several types the first is named: joi allows null, and says only what it wants.
    expected = violation.expected if isinstance(violation.expected, str) else violation.expected[0]
    if expected != "integer":
        return _TYPES[expected]
    if isinstance(violation.actual, float):
        return "cannot be infinity" if isinf(violation.actual) else "must be an integer"
    return UNSAFE if _is_unsafe(violation) else _TYPES["integer"]


def _is_unsafe(violation: Violation) -> bool:
    """Return True for the text of a number that JavaScript cannot represent exactly."""
    return violation.place != "body" and isinstance(violation.actual, str) and is_joi_number(violation.actual)


def _no_choice(violation: Violation) -> str:
    if isinstance(violation.expected[0], int) and _is_unsafe(violation):
        return UNSAFE
    return f"must be one of [{', '.join('null' if one is None else str(one) for one in violation.expected)}]"


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
    "minItems": lambda violation: f"must contain at least {violation.expected} items",
    "minimum": lambda violation: _bound(violation, "greater"),
    "maximum": lambda violation: _bound(violation, "less"),
    "enum": _no_choice,
    "format": lambda violation: "must be a valid GUID",
    "const": lambda violation: f"must be [{violation.expected}]",
    "additionalProperties": lambda violation: "is not allowed",
}


def _bound(violation: Violation, relation: str) -> str:
    """Return the words for a limit; JavaScript's largest safe integer has its own words."""
    if abs(violation.expected) == 2**53 - 1:
        return UNSAFE
    return f"must be {relation} than or equal to {violation.expected}"
