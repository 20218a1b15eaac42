"""Parameters as a document describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.contract.operation import Parameter
from emulator.contract.schemas import Check


def parameter_of(described: Mapping[str, Any], kind: str, check: Check, *, is_list: bool, is_shared: bool) -> Parameter:
    """Return a parameter from its Parameter Object; `kind` is the JSON type of its value, or of a list's items."""
    return Parameter(
        name=described["name"],
        place=described["in"],
        required=bool(described.get("required")),
        type=kind,
        check=check,
        is_list=is_list,
        separator=_separator(described) if is_list else "",
        is_shared=is_shared,
        routes=tuple(map(str, described["schema"]["enum"])) if described.get("x-routes") else (),
    )


def _separator(described: Mapping[str, Any]) -> str:
    """Return what divides the entries of a list that is sent as one text; "" if each is sent by itself."""
    if described["in"] != "query":
        return ","
    style = described.get("style", "form")
    separator = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ",")
    return "" if described.get("explode", style == "form") else separator
