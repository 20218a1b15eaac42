"""The body of a call, as conditions see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from emulator.errors import MalformedBody
from emulator.exchange import FORM, Document, charset_of, media_type_of
from emulator.json_text import Reading
from emulator.matching.where import Unreadable

AS_SENT: Final = Reading(replaces=True, skips_mark=True, charset="many")
"""Conditions apply to what was sent: numbers keep their digits, whatever the vendor's framework does to them."""


def read_body(body: bytes, content_type: str, parts: Mapping[str, str | None]) -> Document:
    """Return a body as a document: `parts` by name, the fields of a form by name, else JSON. Raises Unreadable."""
    if parts:
        return dict(parts)
    if not body:
        raise Unreadable("there is no body", is_empty=True)
    if media_type_of(content_type) == FORM:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        return AS_SENT.read(body, charset_of(content_type))
    except MalformedBody:
        raise Unreadable("invalid JSON") from None
