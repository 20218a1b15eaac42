"""What a test says must hold, whatever fault affects its client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.client.api import Api
from emulator.client.changes import Changes
from emulator.client.clock import ClockClient
from emulator.client.journal import JournalClient
from emulator.explore.crashes import is_crash
from emulator.explore.faults import kind_of
from emulator.explore.writes import RepeatedWrite, repeated

if TYPE_CHECKING:
    from types import TracebackType

__tracebackhide__ = True


@dataclass
class Outcome:
    """How a block of `errors` has ended: with this error, or None."""

    error: BaseException | None = None


class Exploring:
    """What must hold, whatever fault affects the client. True while `pytest --emulator-explore` tries faults.

    `with emulator.exploring:` runs a block as if it did: with the faults that are armed, an error of the client is
    allowed unless it is a crash, and no write may be repeated. `is_used` is True once a test has used it.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._is_on = False
        self._has_failed = False
        self.is_used = False

    def __bool__(self) -> bool:
        self.is_used = True
        return self._is_on

    def turn_on(self) -> None:
        """Begin to try faults."""
        self._is_on = True

    def __enter__(self) -> Exploring:
        self.turn_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if problem is not None and not self.excuses(problem):
            return False
        self.check_writes()
        return problem is not None

    def excuses(self, problem: BaseException) -> bool:
        """Return True for an error that a client may raise because of a fault: a test that uses this excuses none."""
        return isinstance(problem, Exception) and not self.is_used and not is_crash(problem)

    @contextmanager
    def errors(self, *types: type[BaseException], survives: Sequence[int | str] = ()) -> Iterator[Outcome]:
        """Allow these errors of the client inside the block while faults are tried; no others.

        `survives` are the faults after which even these are not allowed, because the client has to try again: statuses,
        "lost" (no reply), "slow", "truncated", "malformed", "errors" (of GraphQL).
        """
        self.is_used = True
        outcome = Outcome()
        try:
            yield outcome
        except types as error:
            kinds = {kind_of(fault) for fault in self._faults().values()} if self._is_on else {"none"}
            if kinds <= {*survives}:
                raise AssertionError(f"the client gave up: {type(error).__name__}: {error}") from error
            if not self._is_on:
                raise
            outcome.error, self._has_failed = error, True

    def all_or_nothing(self, added: Mapping[str, int]) -> None:
        """Assert that so many records were added, by collection; after an error that was allowed: these, or none."""
        self.is_used = True
        changes = self._changes()
        found = {name: changes[name].counts["added"] if name in changes else 0 for name in added}
        allowed = [dict(added), *([dict.fromkeys(added, 0)] if self._has_failed else [])]
        _require(found in allowed, f"half-written: {_counts(found)}, not {' or '.join(map(_counts, allowed))}")

    def no_duplicates(self) -> None:
        """Assert that no write was repeated although it was done."""
        self.is_used = True
        self.check_writes()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Assert that the block takes at most so many seconds of the sandbox's clock."""
        self.is_used = True
        start = ClockClient(self._api).now
        yield
        took = (ClockClient(self._api).now - start).total_seconds()
        _require(took <= seconds, f"it took {took:.2f} s of the sandbox's clock, more than {seconds:g}")

    def check_writes(self, but: Sequence[str] = ()) -> None:
        """Assert that no write was repeated and has added records, but for those of the operations `but`."""
        found = [write for write in self._repeated() if write.operations not in but]
        changes = self._changes() if found else {}
        doubled = {
            f"{write}: duplicates in {name}"
            for write in found
            for name, one in changes.items()
            if write.has_made(one.added)
        }
        _require(not doubled, "; ".join(sorted(doubled)))

    def _repeated(self) -> list[RepeatedWrite]:
        return repeated([one.document for one in JournalClient(self._api).select()], self._faults())

    def _faults(self) -> dict[str, Mapping[str, Any]]:
        return {fault["id"]: fault["fault"] for fault in self._api.request("GET", "/faults")["faults"]}

    def _changes(self) -> Changes:
        return Changes(self._api.request("GET", "/changes", query={"limit": 1000}))


def _require(condition: bool, sentence: str) -> None:
    # No assert: pytest would add to its sentence.
    if not condition:
        raise AssertionError(sentence)


def _counts(added: Mapping[str, int]) -> str:
    return " and ".join(f"{count} in {name}" for name, count in added.items())
