"""What exchanges with a live vendor say about a contract: confirmed, different, or not met, by operation and status."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from emulator.compare.archive import Pairs, RecordedExchange
from emulator.compare.locating import Locator
from emulator.compare.reading import LIVE, ExchangeReader, Match
from emulator.compare.reply_subject import ReplySubject
from emulator.compare.settling import SwitchFinding, means_of, shows_something
from emulator.contract.openapi import Contract, responses_of
from emulator.exchange import NOTHING, Call, Violation, timestamp
from emulator.faults.subject import CallSubject
from emulator.journal.entry import Exchange

MASKED = "***"

MOST = 20
"""How many differences of one operation and status are listed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a live reply differs from the contract: `ours` is what the contract says, `theirs` what came."""

    place: str
    pointer: str
    rule: str
    ours: Any
    theirs: Any
    sentence: str
    seen: str

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        document = {"in": self.place, "pointer": self.pointer, "rule": self.rule, "sentence": self.sentence}
        known = {"ours": self.ours, "theirs": self.theirs}
        return document | {name: value for name, value in known.items() if value is not NOTHING} | {"seen": self.seen}


@dataclass(slots=True)
class Row:
    """One operation and status: how often it was seen, first at `seen`, and the differences, each once."""

    operation: str
    status: int
    evidence: str
    calls: int = 0
    unread: int = 0
    seen: str = ""
    differences: list[Difference] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Return "differs", "confirmed" or "not met"."""
        return "differs" if self.differences else "confirmed" if self.calls else "not met"

    def add(self, difference: Difference) -> None:
        """Add a difference unless the same one is there, perhaps of another item of a list."""
        known = {(_pattern(one.pointer), one.rule, one.place) for one in self.differences}
        if (_pattern(difference.pointer), difference.rule, difference.place) not in known and len(known) < MOST:
            self.differences.append(difference)

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "operation": self.operation,
            "status": self.status,
            "evidence": self.evidence,
            "verdict": self.verdict,
            "calls": self.calls,
            "without_body": self.unread,
            "differences": [one.document() for one in self.differences],
        }


@dataclass
class Comparison:
    """The comparison of one vendor. `unmatched` are sentences about calls without an operation, `left_out` counts those
    of other hosts. `switches` are by name.
    """

    vendor: str
    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    switches: Mapping[str, SwitchFinding] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)
    left_out: int = 0

    @property
    def differs(self) -> bool:
        """Return True if anything differs."""
        return "differs" in [
            *(row.verdict for row in self.rows.values()),
            *(one.verdict for one in self.switches.values()),
        ]

    def counts(self) -> dict[str, int]:
        """Return the number of rows by verdict."""
        verdicts = [row.verdict for row in self.rows.values()]
        return {verdict: verdicts.count(verdict) for verdict in ("confirmed", "differs", "not met")}

    def switch_counts(self) -> dict[str, int]:
        """Return the number of switches by verdict."""
        verdicts = [one.verdict for one in self.switches.values()]
        return {verdict: verdicts.count(verdict) for verdict in ("confirmed", "differs", "open")}

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "vendor": self.vendor,
            "counts": self.counts(),
            "results": [row.document() for row in self.rows.values()],
            "switches": [one.document() for one in self.switches.values()],
            "settings": {"switches": [one.line for one in self.switches.values() if one.line]},
            "unmatched": self.unmatched,
            "left_out": self.left_out,
        }


def new_comparison(contract: Contract, switches: Mapping[str, SwitchFinding] | None = None) -> Comparison:
    """Return a comparison with a row for each operation and documented status, none of them met."""
    rows = {}
    for operation in contract.handled.values():
        for status, response in sorted(responses_of(operation, contract).items()):
            rows[operation.name, status] = Row(operation.name, status, response.evidence.level)
    return Comparison(contract.vendor, rows, switches or {})


class Comparer:
    """Adds exchanges to a comparison. `refuses` says whether the emulator refuses a call for a violation."""

    def __init__(
        self, reader: ExchangeReader, comparison: Comparison, refuses: Callable[[Violation], bool], upstream: str = ""
    ) -> None:
        self._reader = reader
        self._comparison = comparison
        self._refuses = refuses
        self._locator = Locator(reader, upstream)

    async def add(self, recorded: RecordedExchange) -> str:
        """Compare an exchange with the contract, and return which one it is; one with another host is left out."""
        if recorded.is_repeated:  # it says nothing of the first call, whose reply was lost
            return ""
        found = self._locator.locate(recorded)
        if found is None or not recorded.status:
            self._comparison.left_out += 1
            return ""
        base_url, path = found
        call = call_of(recorded, base_url, path)
        match = await self._reader.match(call)
        shown = list(self._shown(call, match, recorded))  # first: reading leaves out parameters that are malformed
        response = _response(recorded)
        exchange = await self._reader.read(call, match, response, recorded.time, recorded.seconds)
        self._note(exchange, recorded)
        seen = _seen(exchange, recorded)
        for finding, means in shown:
            finding.see(means, seen)
        return seen

    def _shown(
        self, call: Call, match: Match, recorded: RecordedExchange
    ) -> Iterator[tuple[SwitchFinding, tuple[Any, ...]]]:
        """Yield what an exchange shows of each switch."""
        reply = ReplySubject(recorded.status, recorded.reply)
        presented = self._reader.vendor.presented(call)
        for operation in match.operations or ("",):
            if not shows_something(self._reader.contract, operation, recorded):
                continue
            subject = CallSubject(call, presented, LIVE, operation)
            for finding in self._comparison.switches.values():
                observations = finding.probe.observations
                if recorded.call.body is None:
                    observations = tuple(one for one in observations if not one.call.looks_at("body"))
                for means in means_of(observations, operation, subject, reply):
                    yield finding, means

    def _note(self, exchange: Exchange, recorded: RecordedExchange) -> None:
        if not exchange.operations:
            nearest = f"; nearest: {exchange.near_misses[0].sentence}" if exchange.near_misses else ""
            self._comparison.unmatched.append(f"{exchange.call.method} {exchange.call.path} {exchange.status}{nearest}")
            return
        differences = list(self._differences(exchange, recorded))
        for operation in exchange.operations:
            row = self._row(operation, exchange.status)
            row.calls += 1
            row.unread += recorded.reply.body is None
            row.seen = row.seen or _seen(exchange, recorded)
            for difference in differences:
                if operation in _owners(difference, exchange.operations):
                    row.add(difference)

    def _row(self, operation: str, status: int) -> Row:
        return self._comparison.rows.setdefault((operation, status), Row(operation, status, "not in the contract"))

    def _differences(self, exchange: Exchange, recorded: RecordedExchange) -> Iterator[Difference]:
        seen = _seen(exchange, recorded)
        for violation in exchange.reply_violations:
            if (recorded.reply.body is not None or violation.place != "body") and MASKED not in str(violation.actual):
                yield _difference(violation, seen)
        if 200 <= exchange.status < 300 and recorded.call.body is not None and not self._is_refused(recorded):
            yield from self._accepted(exchange.call_violations, exchange.status, seen)

    def _is_refused(self, recorded: RecordedExchange) -> bool:
        """Return True for a GraphQL result with errors, whatever its status is."""
        result = recorded.reply.document if self._reader.contract.graphql else NOTHING
        return isinstance(result, dict) and bool(result.get("errors"))

    def _accepted(self, violations: Sequence[Violation], status: int, seen: str) -> Iterator[Difference]:
        """Yield calls that the emulator refuses and the vendor accepts."""
        for violation in violations:
            if self._refuses(violation) and MASKED not in str(violation.actual):
                sentence = f"accepted with {status}, though {violation.sentence}"
                at = f"call {violation.place}"
                yield Difference(
                    at, violation.pointer, violation.rule, violation.expected, violation.actual, sentence, seen
                )


def _seen(exchange: Exchange, recorded: RecordedExchange) -> str:
    return f"{exchange.call.method} {exchange.call.url} at {timestamp(exchange.time)} ({recorded.place})"


def _owners(difference: Difference, operations: Sequence[str]) -> Sequence[str]:
    """Return the root fields that a difference belongs to: all, unless its place names one."""
    own = [name for name in operations if f"{difference.pointer}/".startswith(f"/data/{name}/")]
    return own or operations


def _difference(violation: Violation, seen: str) -> Difference:
    place, pointer, rule = violation.place, violation.pointer, violation.rule
    return Difference(place, pointer, rule, violation.expected, violation.actual, violation.sentence, seen)


def _pattern(pointer: str) -> str:
    """Return a pointer in which items of lists are alike."""
    return "/".join("*" if step.isdigit() else step for step in pointer.split("/"))


def call_of(recorded: RecordedExchange, base_url: str, path: str) -> Call:
    """Return a recorded call with its path below the vendor's root."""
    query = URL(recorded.url, encoded=True).query
    return Call(
        method=recorded.method,
        path=path,
        base_url=base_url,
        public_url=base_url,
        query=MultiDictProxy(MultiDict(query)),
        headers=CIMultiDictProxy(_without_encoding(recorded.call.headers)),
        body=recorded.call.body or b"",
    )


def _response(recorded: RecordedExchange) -> web.Response:
    headers = _without_encoding(recorded.reply.headers)
    headers.popall("Content-Length", None)
    response = web.Response(status=recorded.status, headers=headers, body=recorded.reply.body or b"")
    if "Content-Type" not in headers:
        response.headers.popall("Content-Type", None)
    return response


def _without_encoding(pairs: Pairs) -> CIMultiDict[str]:
    """Return the headers without the encoding: bodies in recordings are decoded."""
    return CIMultiDict([(name, value) for name, value in pairs if name.lower() != "content-encoding"])
