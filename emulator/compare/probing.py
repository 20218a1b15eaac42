"""Asks a live vendor what settles a switch: the steps of its probe, and afterwards what undoes them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.compare import probes
from emulator.compare.archive import RecordedExchange
from emulator.compare.live import LiveVendor, Question, worked
from emulator.compare.own_records import MARK, OwnRecords
from emulator.compare.probes import Observation, observation_of
from emulator.compare.reply_subject import ReplySubject
from emulator.compare.settling import SwitchFinding, shows_something
from emulator.compare.steps import NothingKept, filled, path_of, question_of, values_at
from emulator.contract.openapi import Contract
from emulator.matching.where import where_of

MOST_TRIES = 20
"""How many kept values a step with `each` tries."""


@dataclass(frozen=True)
class _Undo:
    """What undoes a step: its description and call, and the address of the record that the step has made."""

    step: Mapping[str, Any]
    question: Question
    address: str


@dataclass
class _Run:
    """One run of a probe's steps: the values kept by name, and what undoes the steps."""

    kept: dict[str, Sequence[Any]] = field(default_factory=lambda: {probes.MARK: [MARK]})
    undos: list[_Undo] = field(default_factory=list)


class Prober:
    """Settles switches with a live vendor. `note` adds an exchange to the comparison, and returns which one it is."""

    def __init__(
        self,
        contract: Contract,
        vendor: LiveVendor,
        note: Callable[[RecordedExchange], Awaitable[str]],
        own: OwnRecords,
        *,
        allows_writes: bool,
    ) -> None:
        self._contract = contract
        self._vendor = vendor
        self._note = note
        self._own = own
        self._allows_writes = allows_writes

    async def settle(self, finding: SwitchFinding) -> None:
        """Ask for what shows a switch, unless it is settled. Raises ConfigurationError if the vendor is not reached."""
        if finding.is_settled or not finding.probe.steps:
            return
        if finding.probe.writes(self._contract) and not self._allows_writes:
            finding.why = "--allow-writes asks for it"
            return
        run = _Run()
        try:
            finding.why = await self._steps(finding, run)
        except NothingKept as missing:
            finding.why = f"no {missing} was found"
        for undo in reversed(run.undos):
            await self._undo(undo)

    async def _steps(self, finding: SwitchFinding, run: _Run) -> str:
        """Take the steps; return why the last ones were not taken, "" if all were."""
        for step in finding.probe.steps:
            found = await self._step(step, run)
            if found is None:
                return f"no reply to {step['call']} was as the probe needs it"
            exchange, seen = found
            if exchange.is_repeated:
                return f"the first reply to {step['call']} was lost"
            if shows_something(self._contract, step["call"], exchange):
                for means in self._shown(step.get("observe", ()), exchange, run):
                    finding.see(means, seen)
            if "observe" not in step and "until" not in step and not worked(exchange):
                return f"{step['call']} got {exchange.status}"
        return ""

    async def _step(self, step: Mapping[str, Any], run: _Run) -> tuple[RecordedExchange, str] | None:
        """Take a step: once, or with each of several values, the first that gets what the step wants."""
        if "each" not in step:
            return await self._call(step, run)
        wanted = where_of(step["until"])
        for value in run.kept.get(step["each"], ())[:MOST_TRIES]:
            run.kept[step["each"]] = [value]
            found = await self._call(step, run)
            if not any(wanted.differences(_subject(found[0]))):
                return found
        return None

    async def _call(self, step: Mapping[str, Any], run: _Run) -> tuple[RecordedExchange, str]:
        question, place = question_of(self._contract, step, run.kept), self._place(step, run.kept)
        if "undo" in step:
            self._own.begin(place)
        exchange = await self._vendor.ask(question)
        if worked(exchange):
            run.kept |= dict(_kept(step.get("keep", {}), exchange))
        if "undo" in step:
            self._note_record(step["undo"], place, run, exchange)
        elif question.method == "DELETE" and worked(exchange):
            run.undos = [one for one in run.undos if one.address != place]
            self._own.removed(place)
        return exchange, await self._note(exchange)

    def _note_record(self, undo: Mapping[str, Any], place: str, run: _Run, exchange: RecordedExchange) -> None:
        if not worked(exchange):
            self._own.refused(place, exchange.status)
            return
        try:
            made = _Undo(undo, question_of(self._contract, undo, run.kept), self._place(undo, run.kept))
        except NothingKept:
            self._own.made(place)
            return
        self._own.made_at(made.address, made.question, undo.get("leaves", ""))
        run.undos.append(made)

    async def _undo(self, undo: _Undo) -> None:
        exchange = await self._vendor.ask(undo.question)
        await self._note(exchange)
        if not worked(exchange):
            why = f"{undo.step['call']} {undo.address} was refused with {exchange.status}"
            self._own.not_removed(undo.address, why, exchange.status, await self._read_again(undo))
        elif "leaves" in undo.step:
            self._own.stays(undo.address, undo.step["leaves"])
        else:
            self._own.removed(undo.address)

    async def _read_again(self, undo: _Undo) -> int:
        """Return the status of a read where a record was not removed, 0 if no operation reads it there."""
        removal = self._contract.operations[undo.step["call"]]
        readable = {one.path for one in self._contract.handled.values() if one.method == "GET"}
        if removal.root or removal.path not in readable:
            return 0
        exchange = await self._vendor.ask(Question("GET", undo.address))
        await self._note(exchange)
        return exchange.status

    def _place(self, step: Mapping[str, Any], kept: Mapping[str, Sequence[Any]]) -> str:
        """Return where a step makes, or finds, a record: its path; of GraphQL the root field and the variables."""
        if not self._contract.operations[step["call"]].root:
            return path_of(self._contract, step, kept)
        variables = filled(step["body"].get("variables", {}), kept)
        return f"{step['call']} {json.dumps(variables, ensure_ascii=False)}"

    def _shown(
        self, described: Sequence[Mapping[str, Any]], exchange: RecordedExchange, run: _Run
    ) -> Iterator[tuple[Any, ...]]:
        for one in described:
            observation: Observation = observation_of(one, run.kept)
            if not any(observation.reply.differences(_subject(exchange))):
                yield observation.means


def _subject(exchange: RecordedExchange) -> ReplySubject:
    return ReplySubject(exchange.status, exchange.reply)


def _kept(wanted: Mapping[str, str | Sequence[str]], exchange: RecordedExchange) -> Iterator[tuple[str, list[Any]]]:
    """Yield name and values for what a step keeps of its reply."""
    for name, pointers in wanted.items():
        for pointer in [pointers] if isinstance(pointers, str) else pointers:
            found = list(values_at(exchange.reply.document, pointer))
            if found:
                yield name, found
                break
