"""Finds the records in recorded replies: those of a collection have one schema, wherever they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.declared.guessing import singular
from emulator.declared.paths import last_literal
from emulator.recorded.calls import RecordedCall
from emulator.recorded.paths import keys_in
from emulator.recorded.schemas import schema_of


@dataclass(frozen=True)
class _Place:
    """Where records are in a document: in a list, or in the property `inside` of an object."""

    records: Sequence[Any]
    is_list: bool
    inside: str = ""


class Records:
    """The records of collections ("/pets" with "/pets/{petId}"): each has one schema, wherever its records are."""

    def __init__(self, grouped: Mapping[str, Mapping[str, Sequence[RecordedCall]]]) -> None:
        self._names: dict[str, str] = {}
        self._found: dict[str, list[Mapping[str, Any]]] = {}
        for item in [path for path in grouped if path.endswith("}")]:
            path = item.rpartition("/")[0]
            records = _read(grouped[item]) or _read(grouped.get(path, {}))
            name = self._free_name(path)
            if records and last_literal(path):
                self._names |= {item: name, path: name}
                self._found[name] = records

    def _free_name(self, path: str) -> str:
        words = re.findall(r"[A-Za-z0-9]+", singular(last_literal(path)))
        name = "".join(word[:1].upper() + word[1:] for word in words) or "Record"
        return name if name not in self._found else f"{name}{len(self._found) + 1}"

    def schemas(self) -> dict[str, Any]:
        """Return the schemas of all records by name."""
        return {name: schema_of(records) for name, records in self._found.items()}

    def schema(self, path: str, documents: Sequence[Any]) -> dict[str, Any]:
        """Return the schema of the documents of a reply, with those of records in it by reference."""
        whole, name = schema_of(documents), self._names.get(path, "")
        places = [_place(document) for document in documents]
        first = next((place for place in places if place and place.records), None)
        if first is None or not name or any(place is None or not self._are(place.records, name) for place in places):
            return whole
        self._found[name] += [record for place in places if place for record in place.records]
        reference: dict[str, Any] = {"$ref": f"#/components/schemas/{name}"}
        reference = {"type": "array", "items": reference} if first.is_list else reference
        if not first.inside:
            return reference
        return {**whole, "properties": {**whole["properties"], first.inside: reference}}

    def _are(self, records: Sequence[Any], name: str) -> bool:
        """Return True if records have at least half of the properties of the known ones."""
        known = {field for record in self._found[name] for field in record}
        return all(2 * len(known & record.keys()) >= len(known) for record in records)


def _place(document: Any) -> _Place | None:
    """Return where the records of a document are; None if it has none."""
    if isinstance(document, list):
        return _Place(document, True) if all(isinstance(one, dict) for one in document) else None
    if not isinstance(document, dict):
        return None
    lists = {name: found for name, found in document.items() if isinstance(found, list)}
    lists = {name: found for name, found in lists.items() if all(isinstance(one, dict) for one in found)}
    if len(lists) == 1 and not keys_in({name: one for name, one in document.items() if name not in lists}):
        ((name, found),) = lists.items()
        return _Place(found, True, name)
    if len(document) == 1 and isinstance(inner := next(iter(document.values())), dict):
        return _Place([inner], False, next(iter(document)))
    return _Place([document], False)


def _read(methods: Mapping[str, Sequence[RecordedCall]]) -> list[Mapping[str, Any]]:
    """Return the records in the replies of GET."""
    places = [_place(call.replied.document) for call in methods.get("get", ()) if call.status == 200]
    return [record for place in places if place for record in place.records]
