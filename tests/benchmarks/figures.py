"""Figures: the results of several rounds, and how two of them compare with a target."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One quantity, measured in several rounds; `unit` is "/s", "s", "bytes" or "x"."""

    unit: str
    rounds: tuple[float, ...]

    @classmethod
    def of(cls, unit: str, rounds: Iterable[float]) -> Figure:
        """Return the figure of these rounds. Raises ValueError for no rounds."""
        measured = tuple(rounds)
        if not measured:
            raise ValueError("a figure needs at least one round")
        return cls(unit, measured)

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the highest and the lowest round, as a share of the median."""
        return (max(self.rounds) - min(self.rounds)) / 2 / abs(self.median) if self.median else 0.0


@dataclass(frozen=True)
class Bound:
    """The target of a value: "at least" or "at most" a limit."""

    relation: str
    limit: float
    unit: str = "x"

    def met_by(self, value: float) -> bool:
        """Return whether the value is within the bound."""
        return value >= self.limit if self.relation == "at least" else value <= self.limit


@dataclass(frozen=True)
class Finding:
    """One line of the report: our figure of `work`, a peer's beside it, their ratio if it means something.

    The bound applies to the ratio; without one, to the median of our figure.
    """

    work: str
    ours: Figure
    peer: str = ""
    other: Figure | None = None
    ratio: float | None = None
    bound: Bound | None = None

    @property
    def met(self) -> bool | None:
        """Whether the value is within the bound; None without a bound."""
        value = self.ours.median if self.ratio is None else self.ratio
        return None if self.bound is None else self.bound.met_by(value)


def at_least(limit: float) -> Bound:
    """Ask for a ratio of at least `limit`."""
    return Bound("at least", limit)


def at_most(limit: float, unit: str = "x") -> Bound:
    """Ask for a ratio, or for something in `unit`, of at most `limit`."""
    return Bound("at most", limit, unit)


def compare(work: str, ours: Figure, peer: str, other: Figure, bound: Bound | None, *, faster: bool = False) -> Finding:
    """Return ours as a multiple of the other; with `faster`, how many times less ours is."""
    ratio = other.median / ours.median if faster else ours.median / other.median
    return Finding(work, ours, peer, other, ratio, bound)


def alone(work: str, ours: Figure, bound: Bound | None = None) -> Finding:
    """Return a finding that needs no peer."""
    return Finding(work, ours, bound=bound)
