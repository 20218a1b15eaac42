"""A sandbox's journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, overload

from emulator.client.api import Api, given, json_of
from emulator.client.exchanges import Exchange, exchange_of
from emulator.client.types import Where

__tracebackhide__ = True

PAGE = 500
"""How many exchanges are requested at once."""


class JournalClient:
    """The journal of a sandbox: iterating yields its exchanges, oldest first; `journal[-1]` is the newest."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.left: list[Exchange] = []
        """The exchanges that were there when it was cleared, or the sandbox reset, through this object."""

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.select())

    def __reversed__(self) -> Iterator[Exchange]:
        return reversed(self.select())

    def __len__(self) -> int:
        kept: int = self._api.request("GET", "/journal", query={"limit": 0})["kept"]
        return kept

    @overload
    def __getitem__(self, place: int) -> Exchange: ...

    @overload
    def __getitem__(self, place: slice) -> list[Exchange]: ...

    def __getitem__(self, place: int | slice) -> Exchange | list[Exchange]:
        """Return the exchange at a place (0 is the oldest that is kept, -1 the newest), or those of a slice."""
        if isinstance(place, slice):
            return self.select()[place]
        if not isinstance(place, int):
            raise TypeError(f"journal[…] takes a number or a slice, not {place!r}; journal.select(…) filters")
        from_start = place >= 0
        found = self.select(since=0 if from_start else None, limit=place + 1 if from_start else -place)
        if len(found) < (place + 1 if from_start else -place):
            raise IndexError(f"the journal keeps {len(found)} exchanges; there is no [{place}]")
        return found[place]

    def select(
        self,
        *,
        vendor: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        unmatched: bool | None = None,
        stubbed: bool | None = None,
        violations: bool | None = None,
        where: Where | None = None,
        state: Literal["open", "done"] | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Return the exchanges that match all arguments, oldest first.

        `operation` is a name or a glob, `status` 0 finds broken connections, `unmatched` those that no operation
        matches, `stubbed` those that a stub answered, `violations` those that violate the contract, `where` those with
        these values ({"body": {"name": "Sales"}}; see SandboxClient.verify), `state` "open" those of calls in progress,
        `since` only those after an id. `limit` keeps the newest ones; with `since` the first ones after it. Raises
        EmulatorError for an unknown vendor or operation, and for an invalid `where`.
        """
        conditions = None if where is None else json_of(where)
        kinds = given(unmatched=unmatched, stubbed=stubbed, violations=violations, state=state)
        filters = given(vendor=vendor, operation=operation, status=status, where=conditions, **kinds)
        if limit is not None:
            return self._page({**filters, "since": since, "limit": limit})[0]
        found: list[Exchange] = []
        following: int | None = since or 0
        while following is not None:
            page, following = self._page({**filters, "since": following, "limit": PAGE})
            found += page
        return found

    def get(self, id: int) -> Exchange:
        """Return one exchange. Raises EmulatorError if the journal does not have it."""
        return exchange_of(self._api.request("GET", f"/journal/{id}"))

    def follow(self, since: int = 0) -> Iterator[Exchange]:
        """Yield exchanges as they end, those after an id; until the sandbox is dropped, or the emulator stops.

        Raises EmulatorError if the connection breaks, or nothing comes for a minute, not even a sign of life.
        """
        yield from (exchange_of(document) for document in self._api.events("/events", {"since": since}))

    def coverage(self) -> dict[str, Any]:
        """Return what the calls have covered: operations with statuses, graphql_fields, and what was dropped."""
        coverage: dict[str, Any] = self._api.request("GET", "/coverage")
        return coverage

    def clear(self) -> None:
        """Forget all exchanges; their numbers go on."""
        self.leave()
        self._api.request("DELETE", "/journal")

    def _page(self, query: Mapping[str, Any]) -> tuple[list[Exchange], int | None]:
        """Return exchanges, and the id after which the next page begins."""
        told = self._api.request("GET", "/journal", query=query)
        return [exchange_of(document) for document in told["exchanges"]], told["next"]

    def leave(self) -> None:
        """Save in `left` the exchanges that the sandbox is about to delete."""
        self.left += self.select()
