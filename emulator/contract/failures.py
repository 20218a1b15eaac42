"""The bodies of failures of which a public document says nothing: problem documents, or as its words say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from emulator.exchange import JSON, PROBLEM

SCHEMA = {
    "type": "object",
    "required": ["title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
CODES: Mapping[int, str] = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "missing",
    405: "wrong_method",
    409: "conflict",
    413: "too_large",
    415: "unsupported_type",
    422: "invalid",
    500: "broken",
}
"""The kind of error that usually has a status."""

_PHRASES: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}
_EMBEDDED = re.compile(r"\{(\$[^}]*)\}")


class Wording(NamedTuple):
    """How failures are worded: by a template, or by Python, whose bodies are not known."""

    template: Any = None
    has_template: bool = False
    is_code: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any], *, is_code: bool) -> Wording:
        """Return the wording of a document, or of the Python beside it."""
        words = document.get("x-emulator")
        errors = words.get("errors") if isinstance(words, dict) else None
        found = errors if isinstance(errors, dict) else {}
        return cls(found.get("body"), "body" in found, is_code)

    @property
    def is_usual(self) -> bool:
        """True if nobody has said how failures are worded."""
        return not self.has_template and not self.is_code

    def content(self, status: int) -> dict[str, Any]:
        """Return the content of a response with that status: each media type, with its schema and examples."""
        title = title_of(status)
        if self.has_template:
            code = CODES.get(status, title.lower().replace(" ", "_"))
            names = {"$status": status, "$title": title, "$detail": f"{title}.", "$code": code, "$errors": []}
            return {JSON: {"schema": {}, "examples": {"failure": {"value": _filled(self.template, names)}}}}
        example = {"type": "about:blank", "title": title, "status": status, "detail": f"{title}."}
        problem = {PROBLEM: {"schema": SCHEMA, "examples": {"problem": {"value": example}}}}
        return {**problem, JSON: {"schema": {}}} if self.is_code else problem


def title_of(status: int) -> str:
    """Return the phrase of a status: "Not Found"."""
    return _PHRASES.get(status, "Error")


def added_example(status: int) -> str:
    """Return the name of the example of a failure that is added where a document has a schema alone."""
    return f"added-{status}"


def is_of_a_document(example: str) -> bool:
    """Return True for the name of an example that was not added."""
    return re.fullmatch(r"added-\d+", example) is None


def _filled(template: Any, names: Mapping[str, Any]) -> Any:
    """Return a template with what is known of a failure before there is one; other expressions are null."""
    if isinstance(template, dict):
        return {name: _filled(one, names) for name, one in template.items()}
    if isinstance(template, list):
        return [_filled(one, names) for one in template]
    if not isinstance(template, str) or template.startswith("$$"):
        return template[1:] if isinstance(template, str) else template
    if template.startswith("$"):
        return names.get(template)
    return _EMBEDDED.sub(lambda found: str(names.get(found[1], "")), template)
