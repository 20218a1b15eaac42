"""Which value of each switch exchanges with the live vendor show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.compare.archive import RecordedExchange
from emulator.compare.probes import Observation, Probe
from emulator.contract.conventions import Switch
from emulator.contract.openapi import Contract, responses_of
from emulator.exchange import NOTHING
from emulator.matching.globs import matches
from emulator.matching.where import Subject

MOST = 5
"""How many exchanges are listed for a switch."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """An exchange that shows that a switch has one of the values `means`; `seen` says which exchange."""

    means: tuple[Any, ...]
    seen: str

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {"means": list(self.means), "seen": self.seen}


@dataclass
class SwitchFinding:
    """What is known of one switch. `expected` is the value that the emulator has, `why` says why nothing is known."""

    vendor: str
    switch: Switch
    expected: Any
    probe: Probe
    sightings: list[Sighting] = field(default_factory=list)
    why: str = ""

    @property
    def name(self) -> str:
        """The full name: "celigo.empty_list_status"."""
        return f"{self.vendor}.{self.switch.name}"

    @property
    def possible(self) -> list[Any]:
        """The values that no exchange excludes: all at first, none if the vendor does now this, now that."""
        return [one for one in self.switch.choices if all(one in sighting.means for sighting in self.sightings)]

    @property
    def is_settled(self) -> bool:
        """True if one value is left."""
        return len(self.possible) == 1 and bool(self.sightings)

    @property
    def verdict(self) -> str:
        """Return "confirmed", "differs" or, as long as nothing excludes what is expected, "open"."""
        if self.expected not in self.possible:
            return "differs"
        return "confirmed" if self.is_settled else "open"

    @property
    def sentence(self) -> str:
        """Return what is known in a sentence."""
        possible = [spelled(one) for one in self.possible]
        if not possible:
            shown = sorted({" or ".join(map(spelled, one.means)) for one in self.sightings})
            return f"{self.name} has no value that fits: {' and '.join(shown)} were seen"
        if self.is_settled:
            return f"{self.name} is {possible[0]} here"
        if self.sightings:
            return f"{self.name} is {' or '.join(possible)} here"
        return f"{self.name} is open: {self.why or self.probe.unobservable or 'no exchange shows it'}"

    @property
    def line(self) -> str:
        """Return the entry for the setting `switches`: "celigo.empty_list_status=204"; "" if nothing is to be set."""
        return f"{self.name}={spelled(self.possible[0])}" if self.verdict == "differs" and self.is_settled else ""

    def see(self, means: tuple[Any, ...], seen: str) -> None:
        """Note what an exchange shows, unless enough others show the same."""
        sighting = Sighting(means, seen)
        if sighting not in self.sightings and [one.means for one in self.sightings].count(means) < MOST:
            self.sightings.append(sighting)

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "switch": self.name,
            "verdict": self.verdict,
            "expected": self.expected,
            "possible": self.possible,
            "sentence": self.sentence,
            "evidence": self.switch.evidence.level,
            "sightings": [one.document() for one in self.sightings],
        }


def shows_something(contract: Contract, operation: str, recorded: RecordedExchange) -> bool:
    """Return False for a success without the JSON that the contract promises: a page to log in, for example."""
    if not 200 <= recorded.status < 300 or recorded.reply.body is None or recorded.reply.document is not NOTHING:
        return True
    known = contract.operations.get(operation)
    response = responses_of(known, contract).get(recorded.status) if known else None
    if response is None:
        return recorded.status == 204
    return not any("json" in kind for kind in response.media) or (response.may_be_empty and not recorded.reply.body)


def spelled(value: Any) -> str:
    """Return a value of a switch as settings spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def new_findings(
    vendor: str, switches: Iterable[Switch], probes: Mapping[str, Probe], values: Mapping[str, Any]
) -> dict[str, SwitchFinding]:
    """Return the findings of a vendor's switches, of which nothing is known yet; `values` are the emulator's."""
    return {
        one.name: SwitchFinding(vendor, one, values.get(one.name, one.default), probes.get(one.name, Probe(one.name)))
        for one in switches
    }


def means_of(
    observations: Iterable[Observation], operation: str, call: Subject, reply: Subject
) -> Iterator[tuple[Any, ...]]:
    """Yield what an exchange of an operation shows."""
    for one in observations:
        is_of = any(matches(operation, named) for named in one.operations)
        if is_of and not any(one.call.differences(call)) and not any(one.reply.differences(reply)):
            yield one.means


def toml_lines(findings: Iterable[SwitchFinding]) -> str:
    """Return the lines of emulator.toml that make the emulator behave as the vendor, "" if none is needed."""
    lines = [f'  "{one.line}",' for one in findings if one.line]
    return "\n".join(["switches = [", *lines, "]"]) if lines else ""
