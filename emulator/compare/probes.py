"""Probes: how the switches of a contract show in exchanges with the live vendor (probes.yaml, beside the contract)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.compare.graphql_questions import is_query
from emulator.compare.steps import filled, names_in
from emulator.contract.documents import load
from emulator.contract.openapi import Contract
from emulator.contract.operation import SAFE_METHODS
from emulator.contract.schemas import Check, Schemas
from emulator.errors import ConfigurationError, unknown
from emulator.exchange import pointer_to
from emulator.files.yaml_file import place
from emulator.matching.globs import matches
from emulator.matching.where import Where, where_of

PROBES = "probes.yaml"
MARK = "mark"
"""The placeholder for the name of our own records: "<mark>"."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What shows that a switch has one of the values `means`: conditions on a call of `operations` and its reply."""

    operations: tuple[str, ...]
    call: Where
    reply: Where
    means: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """How one switch shows: in `observations` of any exchange, and in the exchanges of `steps`, as they are written.

    `unobservable` says why some values show in none.
    """

    switch: str
    observations: tuple[Observation, ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    unobservable: str = ""

    def values(self) -> set[Any]:
        """Return the values that can be told from all others."""
        of_steps = (one for step in self.steps for one in step.get("observe", ()))
        means = [one.means for one in self.observations] + [_means(one) for one in of_steps]
        return {value for one in means for value in one}

    def writes(self, contract: Contract) -> bool:
        """Return True if one of its steps may change something."""
        return not all(is_read(step, contract) for step in self.steps)


def is_read(step: Mapping[str, Any], contract: Contract) -> bool:
    """Return True for a step that changes nothing: by a safe method, or a GraphQL query."""
    operation = contract.operations[step["call"]]
    if operation.root:
        return is_query(step["body"]["query"], step["body"].get("operationName"))
    return operation.method in SAFE_METHODS


def read_probes(contract: Contract) -> dict[str, Probe]:
    """Return the probes of a contract by switch. Raises ConfigurationError, naming file and line, for a wrong one."""
    for problem in probe_problems(contract):
        raise ConfigurationError(problem)
    return {name: _probe(name, described) for name, described in _document(contract).items()}


def probe_problems(contract: Contract) -> Iterator[str]:
    """Yield what is wrong with the probes of a contract, with file and line."""
    try:
        document = _document(contract)
    except ConfigurationError as problem:
        yield str(problem)
        return
    file, found = contract.files.get(PROBES, Path(PROBES)), list(_form().violations(document, "document"))
    for violation in found:
        yield f"{place(file, violation.pointer)}: {violation.sentence}"
    for name, described in () if found else document.items():
        for pointer, sentence in _problems_of(name, described, contract):
            yield f"{place(file, pointer)}: {sentence}"


def observation_of(document: Mapping[str, Any], kept: Mapping[str, Sequence[Any]] | None = None) -> Observation:
    """Return an observation, "<name>" in it filled with kept values. Raises ConfigurationError, NothingKept."""
    call, reply = document.get("call", {}), document["reply"]
    if kept is not None:
        call, reply = filled(call, kept), filled(reply, kept)
    return Observation(_operations(document), where_of(call), where_of(reply), _means(document))


def _document(contract: Contract) -> dict[str, Any]:
    document = load(contract.files[PROBES]) if PROBES in contract.files else {}
    return document if isinstance(document, dict) else {"probes": document}


def _probe(name: str, described: Mapping[str, Any]) -> Probe:
    observations = tuple(map(observation_of, described.get("observe", ())))
    return Probe(name, observations, tuple(described.get("ask", ())), described.get("unobservable", ""))


def _operations(document: Mapping[str, Any]) -> tuple[str, ...]:
    named = document.get("operation", "*")
    return tuple(named) if isinstance(named, list) else (named,)


def _means(document: Mapping[str, Any]) -> tuple[Any, ...]:
    means = document["means"]
    return tuple(means) if isinstance(means, list) else (means,)


def _problems_of(name: str, described: Mapping[str, Any], contract: Contract) -> Iterator[tuple[str, str]]:
    if name not in contract.switches:
        yield pointer_to(name), unknown("switch", name, contract.switches, plural="switches")
        return
    known = {MARK}
    observations: list[tuple[tuple[object, ...], Mapping[str, Any]]] = []
    observations += [(("observe", number), one) for number, one in enumerate(described.get("observe", ()))]
    for number, step in enumerate(described.get("ask", ())):
        here = ("ask", number)
        yield from _problems_of_step(pointer_to(name, *here), step, known, contract)
        observations += [((*here, "observe", at), one) for at, one in enumerate(step.get("observe", ()))]
        known |= step.get("keep", {}).keys()
    for steps, one in observations:
        yield from _problems_of_observation(pointer_to(name, *steps), name, one, contract)


def _problems_of_step(
    pointer: str, step: Mapping[str, Any], known: set[str], contract: Contract
) -> Iterator[tuple[str, str]]:
    kept = known | step.get("keep", {}).keys()
    for where, one, names in (("", step, known), ("/undo", step.get("undo"), kept)):
        if one is not None and one["call"] not in contract.handled:
            yield f"{pointer}{where}/call", unknown("operation", one["call"], sorted(contract.handled))
        for used in names_in({key: value for key, value in (one or {}).items() if key not in ("undo", "observe")}):
            if used not in names:
                yield pointer + where, unknown("name", used, sorted(names), "that a step before keeps")
    if ("each" in step) is not ("until" in step):
        yield pointer, "each and until belong together"


def _problems_of_observation(
    pointer: str, switch: str, described: Mapping[str, Any], contract: Contract
) -> Iterator[tuple[str, str]]:
    choices = contract.switches[switch].choices
    for value in _means(described):
        if not any(value == choice and type(value) is type(choice) for choice in choices):
            yield f"{pointer}/means", f"{value!r} is not one of {', '.join(map(repr, choices))}"
    for operation in _operations(described):
        if not any(matches(name, operation) for name in contract.operations):
            yield f"{pointer}/operation", unknown("operation", operation, sorted(contract.operations))
    try:
        observation_of(described)
    except ConfigurationError as problem:
        yield pointer, str(problem)


@cache
def _form() -> Check:
    file = Path(__file__).with_name("probes.schema.json")
    address = "file:///probes.schema.json"
    return Schemas({address: orjson.loads(file.read_bytes())}).check(address)
