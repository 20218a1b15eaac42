"""Rule 0: what the links of a document say: the reply to a create names the key by which its record is got."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from emulator.contract.documents import METHODS
from emulator.exchange import pointer_to, steps_of

_FIELD = re.compile(r"\$response\.body#/(?:.*/)?([^/]+)")


def linked_key(links: Iterable[Mapping[str, Any]], path: str, operations: Collection[str]) -> str:
    """Return the property from which links take the last parameter of a path, "" if none does.

    `operations` are the names of the operations at the path.
    """
    parameter = path.rpartition("/")[2].strip("{}")
    for link in links:
        is_meant = link.get("operationId") in operations or pointer_to("paths", path) in str(link.get("operationRef"))
        given = link.get("parameters", {}) if is_meant else {}
        found = _FIELD.fullmatch(str(given.get(parameter, given.get(f"path.{parameter}"))))
        if found:
            return found[1]
    return ""


def links_in(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the links of all responses in a document."""
    operations = [item[method] for item in document["paths"].values() for method in METHODS if method in item]
    responses = [response for one in operations for response in one.get("responses", {}).values()]
    # Most operations refer to the same failures.
    for response in {response.get("$ref", id(response)): response for response in responses}.values():
        for link in _followed(document, response).get("links", {}).values():
            yield _followed(document, link)


def _followed(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = value
    for step in steps_of(value["$ref"]) if str(value.get("$ref", "")).startswith("#/") else ():
        found = (document if found is value else found).get(step, {})
    return found if isinstance(found, dict) else {}
