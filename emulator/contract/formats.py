"""The formats of JSON Schema that the contracts may name."""

from __future__ import annotations

FORMATS = ("uuid", "date-time", "date")
"""The formats that are asserted; other values of `format` only annotate."""

ANNOTATED = (
    *("email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference"),
    *("uri-template", "json-pointer", "relative-json-pointer", "regex", "time", "duration"),
)
"""The formats of JSON Schema that are not asserted."""
