"""Secoda's wording of errors: that of Django REST framework, which it uses (contract: error.schema.json)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from emulator.errors import MalformedBody, Refusal, UndecodableBody
from emulator.exchange import MULTIPART, NOTHING, REFUSED, Call, Document, Nothing, Reply, Violation
from emulator.transport.multipart import TooManyParts
from emulator.vendors.secoda.texts import BLANK, is_number, text_problems

HTML = "text/html; charset=utf-8"
PAGE = """
<!doctype html>
<html lang="en">
<head>
  <title>{title}</title>
</head>
<body>
  <h1>{title}</h1><p>{details}</p>
</body>
</html>
"""
NO_FILE = "No file was submitted."
REQUIRED = "This field is required."
NULL = "This field may not be null."
NO_STRING = "Not a valid string."
NO_UUID = "Must be a valid UUID."
NO_JSON = "This is not JSON."

TEXTS = ("name", "type")
"""The text fields of a new integration."""

NO_BOOLEAN = "Must be a valid boolean."

TRUE = ("true", "t", "yes", "y", "on", "1")
FALSE = ("false", "f", "no", "n", "off", "0")
"""What BooleanField takes for true and for false, in any of the usual cases."""

_CONTAINERS = {"array": "list", "object": "dictionary"}

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def not_authenticated() -> Refusal:
    """401 for a call without an API key."""
    return Refusal(_detail(401, "Authentication credentials were not provided.", {"WWW-Authenticate": "Bearer"}))


def wrong_key() -> Refusal:
    """401 for an API key that is not valid."""
    return Refusal(_detail(401, "Incorrect authentication credentials.", {"WWW-Authenticate": "Bearer"}))


def no_permission() -> Refusal:
    """403 for a user who lacks the right."""
    return Refusal(_detail(403, "You do not have permission to perform this action."))


def not_found() -> Refusal:
    """404 for an id that no integration has."""
    return Refusal(_detail(404, "Not found."))


def invalid_page() -> Refusal:
    """404 for a page out of range."""
    return Refusal(_detail(404, "Invalid page."))


def invalid_fields(messages: Mapping[str, Any]) -> Refusal:
    """400 with messages by field: a list of them, or lists by place in the field."""
    return Refusal(Reply(400, dict(messages)), [_refused(name, found) for name, found in messages.items()])


def _refused(name: str, found: Any) -> Violation:
    sentences = next(iter(found.values())) if isinstance(found, dict) else found
    return Violation("body", f"/{name}", REFUSED, NOTHING, NOTHING, sentences[0])


def unknown_key(id: Any) -> str:
    """Return PrimaryKeyRelatedField's error for an id that no record has."""
    return f'Invalid pk "{id}" - object does not exist.'


def parse_uuid(value: Any) -> str | None:
    """Return a UUID as Django writes it, from any spelling, even a number; None if it is invalid."""
    if isinstance(value, str) and _CANONICAL.fullmatch(value):
        return value
    try:
        return str(UUID(int=value) if isinstance(value, int) else UUID(value))
    except (ValueError, AttributeError, TypeError):
        return None


def parse_boolean(value: Any) -> bool | None:
    """Return a value as BooleanField reads it; None if it is invalid."""
    text = str(value).lower() if isinstance(value, str | int) else ""
    return True if text in TRUE else False if text in FALSE else None


class SecodaDialect:
    """Secoda's wording of errors."""

    def unknown_path(self, call: Call) -> Reply:
        """Return Django's HTML page."""
        return _page(404, "Not Found", "The requested resource was not found on this server.")

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Return 405 and name the methods."""
        methods = [*allowed, *(["HEAD"] if "GET" in allowed else [])]
        return _detail(405, f'Method "{call.method}" not allowed.', {"Allow": ", ".join(methods)})

    def too_large(self, call: Call, limit: int) -> Reply:
        """Return 413."""
        return _detail(413, f"Request body exceeded {limit} bytes.")

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Return 415 and name the type that was sent."""
        # Django decodes headers as ISO 8859-1.
        sent = call.headers.get("Content-Type", "").encode("utf-8", "surrogateescape").decode("latin-1")
        return _detail(415, f'Unsupported media type "{sent}" in request.')

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Return 400 in the words of the parser."""
        if call.content_type != MULTIPART:
            return _detail(400, f"JSON parse error - {problem}")
        if isinstance(problem, TooManyParts):
            return _page(400, "Bad Request (400)", "")
        return _detail(400, problem.problem)

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        """Return 415. Not called: Django reads every body as it was sent, whatever its content encoding."""
        return _detail(415, f'Unsupported content encoding "{encoding}" in request.')

    def undecodable(self, call: Call, problem: UndecodableBody) -> Reply:
        """Return 400. Not called: Django decompresses nothing."""
        return _detail(400, f"Parse error - {problem}")

    def refuses(self, violation: Violation) -> bool:
        """Refuse what Django REST framework refuses; it ignores unknown fields and converts numbers to strings."""
        if violation.place != "body":
            return violation.place == "path" or (_is_page(violation) and violation.actual not in ("", "last"))
        if violation.rule == "type" and _expected(violation) == "string":
            is_id = violation.pointer.count("/") > 1
            return parse_uuid(violation.actual) is None if is_id else not is_number(violation.actual)
        if violation.rule == "type" and _expected(violation) == "boolean":
            return parse_boolean(violation.actual) is None
        if violation.rule == "format":
            return parse_uuid(violation.actual) is None
        # Handlers report the missing files of an upload without a body, and apply the switch for a CSV upload.
        missing_to_handlers = violation.rule == "required" and violation.pointer in ("", "/file")
        return violation.rule != "additionalProperties" and not missing_to_handlers

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Return 404 for an invalid id or page, else 400 with messages by field."""
        if any(violation.place == "path" for violation in violations):
            return not_found().reply
        if any(_is_page(violation) for violation in violations):
            return invalid_page().reply
        messages: dict[str, Any] = {}
        for violation in violations:
            *outer, last = violation.pointer.split("/")[1:] or ["non_field_errors"]
            place = messages
            for step in outer:
                place = place.setdefault(step, {})
            place.setdefault(last, []).append(_message(call, violation))
        # For a field with its own problem CharField reports nothing else.
        return Reply(400, {**problems_of_texts(call.document), **messages})

    def missing(self, call: Call, collection: str, key: str, value: Any) -> Reply:
        """Return 404 for an id that no record has."""
        return not_found().reply

    def conflict(self, call: Call, collection: str, detail: str) -> Reply:
        """Return 400 for what another record does not allow (assumed)."""
        return Reply(400, {"non_field_errors": [detail]})

    def reference(self, call: Call, collection: str, field: str, value: Any) -> Reply:
        """Return 400 for an id of another record that does not exist, as PrimaryKeyRelatedField words it."""
        return Reply(400, {field: [unknown_key(value)]})

    def broken(self, call: Call) -> Reply:
        """Return Django's HTML page."""
        return _page(500, "Server Error (500)", "")


def problems_of_texts(document: Document | Nothing) -> dict[str, Sequence[str]]:
    """Return CharField's errors for the texts of a new integration, by field."""
    given = document if isinstance(document, dict) else {}
    texts = {name: given[name] for name in TEXTS if isinstance(given.get(name), str) or is_number(given.get(name))}
    return {name: found for name, text in texts.items() if (found := text_problems(text))}


def _is_page(violation: Violation) -> bool:
    """Return True for an invalid page of a list; other operations have no pages."""
    is_known = violation.rule != "additionalProperties"
    return is_known and (violation.place, violation.pointer) == ("query", "/page")


def _message(call: Call, violation: Violation) -> str:
    multipart = call.content_type == MULTIPART
    if violation.pointer == "":
        return _about_whole(violation)
    if violation.rule == "minLength":
        return "The submitted file is empty." if multipart else BLANK
    if violation.rule == "required":
        return NO_FILE if multipart else REQUIRED
    if violation.rule == "contentMediaType":
        return "The submitted data was not a file. Check the encoding type on the form."
    if violation.rule == "format":
        return NO_UUID
    if violation.rule == "enum":
        return f'"{violation.actual}" is not a valid choice.'
    return _wrong_type(violation) if violation.rule == "type" else violation.sentence


def _about_whole(violation: Violation) -> str:
    if violation.rule == "type" and _expected(violation) == "array":
        return f'Expected a list of items but got type "{type(violation.actual).__name__}".'
    if violation.rule == "type" and violation.actual is not None:
        return f"Invalid data. Expected a dictionary, but got {type(violation.actual).__name__}."
    return "No data provided"


def _wrong_type(violation: Violation) -> str:
    if violation.actual is None:
        return NULL
    if violation.pointer.count("/") > 1:
        return NO_UUID
    kind = type(violation.actual).__name__
    expected = _expected(violation)
    if expected in _CONTAINERS:
        return f'Expected a {_CONTAINERS[expected]} of items but got type "{kind}".'
    return NO_BOOLEAN if expected == "boolean" else NO_STRING


def _expected(violation: Violation) -> str:
    """Return the type that the contract wants, apart from null."""
    wanted = violation.expected
    return str(wanted if isinstance(wanted, str) else next(one for one in wanted if one != "null"))


def _detail(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, {"detail": text}, dict(headers or {}))


def _page(status: int, title: str, details: str) -> Reply:
    return Reply(status, content=PAGE.format(title=title, details=details).encode(), content_type=HTML)
