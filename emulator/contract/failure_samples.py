"""Makes the bodies of failures of which a public document has a schema and no example: valid, and with what is known.

Fields that usually say it get the status, its phrase, a code and a sentence; others are there only if they must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulator.contract.failures import title_of
from emulator.exchange import NOTHING

DEEPEST = 6
"""The maximum depth of a body, in levels."""

_TEXTS = ("message", "detail", "details", "description", "errordescription", "errormessage", "msg", "reason")
_TITLES = ("title", "error", "statustext", "summary")
_CODES = ("code", "errorcode", "errortype", "key", "name", "type")
_STATUSES = ("status", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "code", "errorcode")
_AROUND = ("error", "errors", "details", "fault", "data")
"""What is around these fields, as an object or a list of objects."""

_KNOWN = {*_TEXTS, *_TITLES, *_CODES, *_STATUSES, *_AROUND}

_FORMATS = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date-time": "2024-01-01T00:00:00Z",
    "date": "2024-01-01",
    "email": "nobody@example.com",
    "uri": "about:blank",
}
_SAYS_NOTHING = {
    *("title", "description", "example", "examples", "default", "deprecated", "externalDocs", "xml", "nullable"),
    *("readOnly", "writeOnly", "additionalProperties", "$comment"),
}
_OF_OBJECT = {"type", "properties", "required"}
_UNDERSTOOD = {
    "object": _OF_OBJECT,
    "array": {"type", "items", "minItems", "maxItems", "uniqueItems"},
    "string": {"type", "enum", "const", "format", "minLength", "maxLength", "pattern"},
    "integer": {"type", "enum", "const", "format", "minimum", "maximum"},
    "number": {"type", "enum", "const", "format", "minimum", "maximum"},
    "boolean": {"type", "enum", "const"},
}
"""The keywords that a value is made for, by its type: with another one, none is made."""


_NOT_READ: Mapping[str, Any] = {"not": {}}
"""A schema for which nothing is made."""


@dataclass(frozen=True)
class FailureSamples:
    """Makes bodies for schemas; `followed` follows a reference in their document."""

    followed: Callable[[Any], Any]
    _of_references: dict[tuple[int, str], Any] = field(default_factory=dict)

    def body(self, status: int, schema: Any) -> Any:
        """Return a body for a failure, which is valid against the schema; NOTHING if none can be made."""
        reference = schema.get("$ref") if isinstance(schema, dict) and len(schema) == 1 else None
        if not isinstance(reference, str):
            return self._made(status, schema)
        # Most failures of a document refer to the same schema.
        if (status, reference) not in self._of_references:
            self._of_references[status, reference] = self._made(status, schema)
        return self._of_references[status, reference]

    def _made(self, status: int, schema: Any) -> Any:
        try:
            return _Body(self.followed, status).value("message", schema, 0)
        except (AttributeError, KeyError, TypeError, ValueError, re.error):
            # A schema with a mistake, which is reported later, with its place.
            return NOTHING


class _Body(NamedTuple):
    followed: Callable[[Any], Any]
    status: int

    def value(self, name: str, given: Any, depth: int) -> Any:
        """Return a value for a schema, that of a field with this name, or NOTHING."""
        schema = self._one(given, depth)
        kind = schema.get("type") if isinstance(schema, dict) else None
        kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
        kind = "object" if kind is None and isinstance(schema, dict) and "properties" in schema else kind
        if depth > DEEPEST or not isinstance(kind, str) or not _keywords(schema) <= _UNDERSTOOD.get(kind, set()):
            return NOTHING
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._list(name, schema, depth)
        found = (one for one in self._scalars(_plain(name), kind, schema) if _is_valid(one, kind, schema))
        return next(found, NOTHING)

    def _one(self, given: Any, depth: int) -> Any:
        """Return the schema that one refers to, or is composed of: the first alternative, all parts as one."""
        if isinstance(given, dict) and "$ref" in given and len(_keywords(given)) > 1:
            return _NOT_READ
        schema = self.followed(given)
        if not isinstance(schema, dict) or depth > DEEPEST:
            return schema
        beside = {name: value for name, value in schema.items() if name in _keywords(schema) - {"allOf", "anyOf"}}
        if "anyOf" in schema:
            return self._one(schema["anyOf"][0], depth + 1) if not beside and "allOf" not in schema else _NOT_READ
        if "allOf" not in schema:
            return schema
        parts = [*(self._one(part, depth + 1) for part in schema["allOf"]), *([beside] if beside else [])]
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _object(self, schema: Mapping[str, Any], depth: int) -> Any:
        made: dict[str, Any] = {}
        properties, required = schema.get("properties", {}), schema.get("required", ())
        for name, described in properties.items():
            if name in required or _plain(name) in _KNOWN:
                value = self.value(name, described, depth + 1)
                if value is not NOTHING:
                    made[name] = value
        return made if all(name in made for name in required) else NOTHING

    def _list(self, name: str, schema: Mapping[str, Any], depth: int) -> Any:
        item = self.value(name, schema.get("items"), depth + 1)
        least, most = schema.get("minItems", 0), schema.get("maxItems", 1)
        if item is NOTHING or most < 1:
            return [] if least == 0 else NOTHING
        return [item] if least <= 1 else NOTHING

    def _scalars(self, name: str, kind: str, schema: Mapping[str, Any]) -> list[Any]:
        """Return the values that a field may have, the best first: one of them may be valid."""
        title = title_of(self.status)
        code, status = re.sub(r"\W+", "_", title.lower()), self.status
        known = [title if name in _TITLES else code] if name in (*_TITLES, *_CODES) else []
        known = [str(status)] if name in _STATUSES and name not in _CODES else known
        told = [one for one in schema.get("enum", ()) if isinstance(one, str) and _plain(one) == _plain(title)]
        usual = [schema[word] for word in ("const", "example", "default") if word in schema]
        if kind in ("integer", "number"):
            least = schema.get("minimum", 0)
            return [*([status] if name in _STATUSES else []), *usual, *schema.get("enum", ()), least]
        if kind == "boolean":
            return [*usual, False, True]
        format = _FORMATS.get(schema.get("format", ""))
        texts = [format] if format else [f"{title}."] if name in _TEXTS else known or usual or [title]
        return [*told, *texts, *usual, *schema.get("enum", ()), code, title]


def _keywords(schema: Mapping[str, Any]) -> set[str]:
    """Return the keywords of a schema that say which values are valid."""
    return {name for name in schema if not name.startswith("x-")} - _SAYS_NOTHING


def _joined(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the parts of an object as one, unless they restrict each other."""
    names = [name for part in parts for name in part.get("properties", {})]
    are_open = all(part.get("additionalProperties", True) is True for part in parts)
    are_objects = all(part.get("type", "object") == "object" and _keywords(part) <= _OF_OBJECT for part in parts)
    if not are_open or not are_objects or len(names) > len(set(names)):
        return _NOT_READ
    properties = {name: of for part in parts for name, of in part.get("properties", {}).items()}
    required = [name for part in parts for name in part.get("required", ())]
    return {"type": "object", "properties": properties, "required": required}


def _is_valid(value: Any, kind: str, schema: Mapping[str, Any]) -> bool:
    is_number = isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    if not {"string": isinstance(value, str), "boolean": isinstance(value, bool)}.get(kind, is_number):
        return False
    if value not in schema.get("enum", [value]) or schema.get("const", value) != value:
        return False
    if isinstance(value, str):
        fits = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        has_format = schema.get("format") not in _FORMATS or value == _FORMATS[schema["format"]]
        return fits and has_format and re.search(schema.get("pattern", ""), value) is not None
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
