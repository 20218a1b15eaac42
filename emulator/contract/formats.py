"""The JSON Schema formats that contracts may use."""

from __future__ import annotations

import re

FORMATS = ("uuid", "date-time", "date", "email")
"""The formats that are validated; other values of `format` are annotations only."""

ANNOTATED = (
    *("idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference"),
    *("uri-template", "json-pointer", "relative-json-pointer", "regex", "time", "duration"),
)
"""The formats of JSON Schema that are not validated."""

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def is_email(value: object) -> bool:
    """Return True for an address as HTML has it (email state of `input`), and for anything but a text."""
    return not isinstance(value, str) or _EMAIL.fullmatch(value) is not None
