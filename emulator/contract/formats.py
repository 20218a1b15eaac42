"""The JSON Schema formats that contracts may use."""

from __future__ import annotations

FORMATS = ("uuid", "date-time", "date")
"""The formats that are validated; other values of `format` are annotations only."""

ANNOTATED = (
    *("email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference"),
    *("uri-template", "json-pointer", "relative-json-pointer", "regex", "time", "duration"),
)
"""The formats of JSON Schema that are not validated."""
