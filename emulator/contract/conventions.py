"""A vendor's conventions, which apply to all of its operations, and its switches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from emulator.contract.evidence import Evidence
from emulator.json_text import READINGS, Reading


class Switch(NamedTuple):
    """A choice between possible behaviours of a vendor, where no source says which is true."""

    name: str
    default: Any
    choices: tuple[Any, ...]
    description: str
    evidence: Evidence


class Conventions(NamedTuple):
    """The conventions of all of a vendor's operations; the contract has evidence for each.

    `path_decoding` says how a path is decoded before it is routed: by "segments", as a "whole" (an encoded slash
    divides it) or not ("none"); parameters are always decoded. `path_case` says whether case is "ignored" in fixed
    segments, `undecodable_parameter` whether a path parameter that is not percent-encoded UTF-8 ("%zz") is "read"
    anyway, or "refused". `repeated_parameter` says which value a repeated query parameter has (the "first" or "last"
    one, or a "list" of all), `number_parameter` how its text becomes a number (a key of numbers.NUMBERS),
    `json_suffix` whether application/…+json is "read" as JSON, too; `content_encoding` whether compressed bodies are
    "unpacked", or read "as-sent".
    """

    trailing_slash: str
    missing_content_type: str
    json_content_type: str
    json_reading: str
    headers: Mapping[str, str]
    etag: str
    path_decoding: str = "segments"
    path_case: str = "matters"
    undecodable_parameter: str = "read"
    repeated_parameter: str = "first"
    number_parameter: str = "plain"
    json_suffix: str = "refused"
    content_encoding: str = "unpacked"

    @property
    def reading(self) -> Reading:
        """How the vendor's framework reads JSON."""
        return READINGS[self.json_reading]
