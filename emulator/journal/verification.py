"""Whether a sandbox has seen what a test expects; and if not, what came near."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from emulator.journal.entry import Exchange
from emulator.journal.expectation import Expectation, ExpectedCall

NEAREST = 3


@dataclass(frozen=True, slots=True)
class NearExchange:
    """An exchange that was nearly as expected, and what differed."""

    number: int
    differences: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"id": self.number, "differences": list(self.differences)}


@dataclass(frozen=True, slots=True)
class Verification:
    """The result. `matching` are the exchanges that matched, `sentence` says why it failed.

    `is_final`: whatever is still to come, a wait for it would change nothing, or need not be.
    """

    passed: bool
    matching: tuple[Exchange, ...]
    sentence: str = ""
    near_misses: tuple[NearExchange, ...] = ()
    is_final: bool = True

    @property
    def exchanges(self) -> tuple[int, ...]:
        """The numbers of those that matched."""
        return tuple(exchange.number for exchange in self.matching)

    @property
    def matched(self) -> int:
        """How many exchanges matched."""
        return len(self.matching)

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "passed": self.passed,
            "matched": self.matched,
            "exchanges": list(self.exchanges),
            "sentence": self.sentence,
            "near_misses": [near.document() for near in self.near_misses],
        }


class Verifier:
    """Judges exchanges as they come, each once."""

    def __init__(self, expectation: Expectation) -> None:
        self.expectation = expectation
        self._seen = _Judged.of(expectation)

    def see(self, exchanges: Iterable[Exchange]) -> None:
        """Judge exchanges that are over."""
        for exchange in exchanges:
            self._seen.judge(exchange)

    def verdict(self, in_progress: Iterable[Exchange], kept: int, lost: int) -> Verification:
        """Return the result for the exchanges that were seen, and for those in progress.

        A call in progress does not match yet, unless a condition asks for no status; but it may be one too many. The
        journal has `kept` exchanges and dropped `lost`.
        """
        judged = self._seen.copy()
        for exchange in in_progress:
            judged.judge(exchange)
        if self.expectation.is_ordered:
            return self._in_order(judged, kept, lost)
        return self._counted(judged, kept, lost)

    def _counted(self, judged: _Judged, kept: int, lost: int) -> Verification:
        lowest, highest = self.expectation.lowest, self.expectation.highest
        matching, begun = sorted(judged.matching[0], key=_number), judged.begun[0]
        too_few = len(matching) < lowest
        too_many = highest is not None and len(matching) + begun > highest
        undecided = highest is not None and lost > 0
        if not too_few and not too_many and not undecided:
            return Verification(True, tuple(matching), is_final=lowest > 0)
        sentence = f"expected {self.expectation}, found {len(matching)}{_named(matching) if too_many else ''}"
        sentence += f" and {begun} in progress" if begun else ""
        near = judged.nearest(0) if too_few else ()
        is_final = too_many or undecided
        return Verification(False, tuple(matching), sentence + _of_lost(kept, lost), tuple(near), is_final)

    def _in_order(self, judged: _Judged, kept: int, lost: int) -> Verification:
        found: list[Exchange] = []
        for step, call in enumerate(self.expectation.calls):
            last = found[-1].number if found else 0
            following = (one for one in sorted(judged.matching[step], key=_number) if one.number > last)
            one = next(following, None)
            if one is None:
                return self._out_of_order(judged, step, call, found, _of_lost(kept, lost))
            found.append(one)
        return Verification(True, tuple(found))

    def _out_of_order(
        self, judged: _Judged, step: int, call: ExpectedCall, found: Sequence[Exchange], note: str
    ) -> Verification:
        after = f" after exchange {found[-1].number}" if found else ""
        sentence = f"expected {self.expectation}; found no {call}{after}{note}"
        early = [
            NearExchange(one.number, (f"it came before exchange {found[-1].number}",))
            for one in judged.matching[step]
            if found and one.number < found[-1].number
        ]
        near = [*early, *judged.nearest(step)][:NEAREST]
        return Verification(False, tuple(found), sentence, tuple(near), is_final=False)


@dataclass(slots=True)
class _Judged:
    """What was found for each expected call.

    `matching` are the exchanges that match, `begun` counts those that match but for being in progress, `near` differ.
    """

    expectation: Expectation
    matching: list[list[Exchange]]
    begun: list[int]
    near: list[list[NearExchange]]

    @classmethod
    def of(cls, expectation: Expectation) -> _Judged:
        """Return what is found before anything is judged."""
        calls = expectation.calls
        return cls(expectation, [[] for _ in calls], [0 for _ in calls], [[] for _ in calls])

    def copy(self) -> _Judged:
        """Return another one, to which more can be added."""
        return _Judged(self.expectation, [*map(list, self.matching)], list(self.begun), [*map(list, self.near)])

    def judge(self, exchange: Exchange) -> None:
        """Add an exchange."""
        for step, call in enumerate(self.expectation.calls):
            found = call.differences(exchange)
            if found is None:
                continue
            if not found and exchange.is_open and not call.where.looks_at("status"):
                self.begun[step] += 1
                found = ("it is in progress",)
            if found:
                # Of what differs as much, the newest is nearest.
                self.near[step].append(NearExchange(exchange.number, found))
            else:
                self.matching[step].append(exchange)

    def nearest(self, step: int) -> list[NearExchange]:
        """Return the few that differ least, the newest first."""
        return nsmallest(NEAREST, self.near[step], key=lambda one: (len(one.differences), -one.number))


def _number(exchange: Exchange) -> int:
    return exchange.number


def _named(matching: Sequence[Exchange]) -> str:
    """Return the newest exchanges in brackets: " (exchange 3: DELETE /flows/1)"."""
    named = [f"exchange {one.number}: {one.call.method} {one.call.path}" for one in matching[-NEAREST:]]
    more = len(matching) - len(named)
    before = [f"{more} more"] if more else []
    return f" ({', '.join([*before, *named])})" if named else ""


def _of_lost(kept: int, lost: int) -> str:
    if not lost:
        return ""
    return (
        f"; the journal holds only the newest {kept} exchanges, and dropped {lost}:"
        " raise journal_size or journal_bytes, or clear the journal before"
    )
