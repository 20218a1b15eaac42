"""The nearest operations to a call that no operation matches, and what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import accumulate, groupby, product
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from emulator.contract.openapi import Contract
    from emulator.contract.operation import Operation, RootFields

NEAREST = 3
MOST_SEGMENTS = 30
LONGEST_SEGMENT = 60

# The costs of differences; a different segment costs as much as its spelling differs.
OTHER_SLASH = 0.2
OTHER_METHOD = 0.3
MISSING_PARAMETER = 0.8
ONE_SEGMENT = 1.0
FARTHEST = 3.5
"""Operations beyond this cost are unrelated to the call."""


class NearMiss(NamedTuple):
    """An operation that a call nearly matches. `sentence` names it and what to change."""

    operation: str
    method: str
    path: str
    sentence: str

    def document(self) -> dict[str, str]:
        """Return it as a JSON document."""
        return {"operation": self.operation, "method": self.method, "path": self.path, "sentence": self.sentence}


def near_misses(
    method: str, path: str, contract: Contract, root_fields: RootFields | None = None
) -> tuple[NearMiss, ...]:
    """Return the nearest operations for a path below the vendor's root ("/api/v1/integration"), nearest first.

    For a GraphQL call, the operations are compared with its root fields.
    """
    if root_fields is not None:
        return _near_root_fields(root_fields, contract)
    segments, slash = _split(path)
    if len(segments) > MOST_SEGMENTS:
        return ()
    slash_counts = None if contract.conventions.trailing_slash == "accepted" else slash
    ranked: list[tuple[float, NearMiss]] = []
    for operation in contract.operations.values():
        if not operation.root:
            paths = [mount + path for mount, (path, _) in product(contract.mounts, operation.routes)]
            compared = [_compare(method, segments, slash_counts, operation, path) for path in paths]
            ranked.append(min(compared, key=itemgetter(0)))
    ranked.sort(key=itemgetter(0))
    return tuple(near for cost, near in ranked[:NEAREST] if 0 < cost <= FARTHEST)


def _near_root_fields(selected: RootFields, contract: Contract) -> tuple[NearMiss, ...]:
    """Return the operations with the nearest names to the root fields that the schema lacks, nearest first."""
    ranked: list[tuple[float, NearMiss]] = []
    for operation in contract.operations.values():
        if operation.root:
            compared = [(_unlike(name, operation.name), name) for name in selected.unknown[:NEAREST]]
            cost, name = min(compared, key=itemgetter(0))
            changes = [f"{_short(name)!r} → {operation.name!r}"] if cost else []
            if operation.root != selected.root:
                changes.append(f"{selected.root} → {operation.root}")
                cost += OTHER_METHOD
            path = contract.mounts[0] + operation.path
            sentence = _question(f"the {operation.root} {operation.name}", changes)
            ranked.append((cost, NearMiss(operation.name, operation.method, path, sentence)))
    ranked.sort(key=itemgetter(0))
    return tuple(near for _, near in ranked[:NEAREST])


class _Step(NamedTuple):
    """One step of an alignment: the segment of the call and that of the template; None if it is missing."""

    number: int
    found: str | None
    wanted: str | None


def _compare(
    method: str, segments: Sequence[str], slash: bool | None, operation: Operation, path: str
) -> tuple[float, NearMiss]:
    """Compare a call with an operation at one of its paths.

    `slash` says whether the call's path ends with one, None if that does not matter.
    """
    template, wants_slash = _split(path)
    cost, steps = _align(segments, template)
    differences = []
    if method != operation.method and (method, operation.method) != ("HEAD", "GET"):
        differences.append(f"{method} → {operation.method}")
        cost += OTHER_METHOD
    differences += _differing_segments(steps)
    if slash is not None and slash != wants_slash:
        differences.append("add the trailing slash" if wants_slash else "remove the trailing slash")
        cost += OTHER_SLASH
    return cost, NearMiss(operation.name, operation.method, path, _question(f"{operation.method} {path}", differences))


def _question(meant: str, changes: Sequence[str]) -> str:
    return f"did you mean {meant}? ({'; '.join(changes)})"


def _split(path: str) -> tuple[list[str], bool]:
    """Return the segments of a path, and whether it has a trailing slash."""
    segments = path.split("/")[1:]
    slash = segments[-1:] == [""]
    return segments[:-1] if slash else segments, slash


def _align(found: Sequence[str], wanted: Sequence[str]) -> tuple[float, list[_Step]]:
    """Return the cost of turning one path into the other, and the cheapest steps: an edit distance over segments."""
    costs = _table(found, wanted)
    steps: list[_Step] = []
    row, column = len(found), len(wanted)
    while row or column:
        here = costs[row][column]
        if row and column and here == costs[row - 1][column - 1] + _unlike(found[row - 1], wanted[column - 1]):
            row, column = row - 1, column - 1
            steps.append(_Step(row + 1, found[row], wanted[column]))
        elif column and here == costs[row][column - 1] + _missing(wanted[column - 1]):
            column -= 1
            steps.append(_Step(row + 1, None, wanted[column]))
        else:
            row -= 1
            steps.append(_Step(row + 1, found[row], None))
    return costs[-1][-1], steps[::-1]


def _table(found: Sequence[str], wanted: Sequence[str]) -> list[list[float]]:
    costs = [list(accumulate(map(_missing, wanted), initial=0.0))]
    for row, have in enumerate(found, 1):
        line = [ONE_SEGMENT * row]
        for column, want in enumerate(wanted, 1):
            line.append(
                min(
                    costs[-1][column - 1] + _unlike(have, want),
                    costs[-1][column] + ONE_SEGMENT,
                    line[-1] + _missing(want),
                )
            )
        costs.append(line)
    return costs


def _missing(wanted: str) -> float:
    return MISSING_PARAMETER if wanted.startswith("{") else ONE_SEGMENT


def _unlike(found: str, wanted: str) -> float:
    """Return how different two segments are: 0 to just below the cost of a missing and an extra one."""
    if wanted.startswith("{"):
        return 0.0 if found else ONE_SEGMENT
    return 0.0 if found == wanted else _distance(found[:LONGEST_SEGMENT].lower(), wanted.lower())


@lru_cache(4096)
def _distance(found: str, wanted: str) -> float:
    return 0.05 + 1.5 * (1 - SequenceMatcher(None, found, wanted).ratio())


def _differing_segments(steps: Sequence[_Step]) -> Iterator[str]:
    """Yield what to change in a path; group adjacent missing or extra segments."""
    for kind, group in groupby(steps, key=_kind_of):
        run = list(group)
        first, last = run[0], run[-1]
        if kind == "missing":
            at_end = "at the end" if last is steps[-1] else f"after segment {first.number - 1}"
            place = "at the start" if first is steps[0] else at_end
            yield f"add {_path_of(step.wanted for step in run)} {place}"
        elif kind == "extra":
            yield f"remove {_path_of(step.found for step in run)}"
        elif kind == "other":
            yield from (f"{_short(step.found)!r} → {step.wanted!r}" for step in run)


def _kind_of(step: _Step) -> str:
    if step.found is None:
        return "missing"
    if step.wanted is None:
        return "extra"
    return "other" if _unlike(step.found, step.wanted) else "same"


def _path_of(segments: Iterable[str | None]) -> str:
    return repr("".join(f"/{_short(segment)}" for segment in segments))


def _short(segment: str | None) -> str:
    text = segment or ""
    return text if len(text) <= LONGEST_SEGMENT else f"{text[:LONGEST_SEGMENT]}…"
