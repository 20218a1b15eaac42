"""A sandbox's records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.client.api import Api
from emulator.client.urls import quoted
from emulator.errors import EmulatorError, sentence, unknown

PAGE = 10_000
"""How many records are asked for at once: as many as the control API gives."""


class CollectionClient:
    """The records of one collection, JSON documents; iterating gives them all.

    Its methods raise EmulatorError if there is no such collection.
    """

    def __init__(self, api: Api, name: str) -> None:
        self.name = name
        self._api = api
        self._path = f"/state/{quoted(name)}"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.list())

    def __len__(self) -> int:
        total: int = self._page(0, 0)["total"]
        return total

    def list(self) -> list[dict[str, Any]]:
        """Return all records."""
        page = self._page(0, PAGE)
        records: list[dict[str, Any]] = page["records"]
        while len(records) < page["total"] and page["records"]:
            page = self._page(len(records), PAGE)
            records += page["records"]
        return records

    def get(self, id: str | int) -> dict[str, Any]:
        """Return one record. Raises EmulatorError (status 404) if there is none with that id."""
        record: dict[str, Any] = self._api.request("GET", self._record(id))
        return record

    def put(self, record: Mapping[str, Any], *, force: bool = False) -> dict[str, Any]:
        """Put a record there, in the place of the one with its id if there is one; return it.

        Raises EmulatorError if it departs from the collection's schema, unless `force` is set.
        """
        key = self._key()
        if key not in record:
            raise EmulatorError(f"A record of {self.name} needs its {key}.")
        query = {"force": True} if force else None
        written: dict[str, Any] = self._api.request("PUT", self._record(record[key]), dict(record), query)
        return written

    def delete(self, id: str | int) -> None:
        """Remove a record. Raises EmulatorError (status 404) if there is none with that id."""
        self._api.request("DELETE", self._record(id))

    def populate(self, count: int) -> None:
        """Add records that faker makes: with the same seed the same ones."""
        self._api.request("POST", "/state/populate", {"collection": self.name, "count": count})

    def _page(self, skip: int, limit: int) -> Any:
        return self._api.request("GET", self._path, query={"skip": skip, "limit": limit})

    def _record(self, id: str | int) -> str:
        return f"{self._path}/{quoted(str(id))}"

    def _key(self) -> str:
        listed = self._api.request("GET", "/state")["collections"]
        keys: dict[str, str] = {collection["collection"]: collection["key"] for collection in listed}
        if self.name not in keys:
            raise EmulatorError(sentence(unknown("collection", self.name, keys, listed_by="collections()")), 404)
        return keys[self.name]
