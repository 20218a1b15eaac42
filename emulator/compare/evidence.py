"""What exchanges with the live vendor settle, as an overlay of its contract: `assumed` becomes `observed`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from emulator.compare.comparison import Comparison, Row
from emulator.compare.settling import SwitchFinding
from emulator.contract.openapi import Contract, responses_of
from emulator.errors import ConfigurationError

WEAK = ("assumed", "inferred")
"""The levels of evidence that an observation replaces even if it confirms them."""


def refuse_existing(file: Path) -> None:
    """Raise ConfigurationError for a file that exists: it may say more than a comparison knows."""
    if file.exists():
        raise ConfigurationError(f"evidence: {file} exists already; name a new file")


def write_overlay(file: Path, contract: Contract, comparison: Comparison, source: str, today: date) -> str:
    """Write an overlay with what was observed: values of switches, operations and replies as the contract says.

    Return in words how many; "" if there are none, and no file is written. Raises ConfigurationError if it cannot be.
    """
    switches = [one for one in comparison.switches.values() if is_news(one)]
    targets = dict(_confirmed(contract, comparison.rows.values()))
    observed = Observed(source, today)
    actions = [_switch_action(one, observed) for one in switches]
    actions += [
        {"target": target, "update": {"x-evidence": observed.evidence(seen)}} for target, seen in targets.items()
    ]
    if not actions:
        return ""
    document = {
        "overlay": "1.0.0",
        "info": {"title": f"What was observed at {source}", "version": today.isoformat()},
        "actions": actions,
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            yaml.safe_dump(document, opened, sort_keys=False, allow_unicode=True, width=120)
    except OSError as problem:
        raise ConfigurationError(f"evidence: {file} cannot be written: {problem.strerror}") from None
    return _counted(len(switches), len(targets))


def _counted(switches: int, replies: int) -> str:
    said = {f"{switches} switch{'' if switches == 1 else 'es'}": switches, f"{replies} operations and replies": replies}
    return ", ".join(words for words, number in said.items() if number)


def is_news(finding: SwitchFinding) -> bool:
    """Return True if a switch is settled, and its contract says something else, or on weaker evidence."""
    if not finding.is_settled:
        return False
    return finding.possible[0] != finding.switch.default or finding.switch.evidence.level in WEAK


@dataclass(frozen=True, slots=True)
class Observed:
    """Where and when something was observed."""

    source: str
    today: date

    def evidence(self, seen: str) -> dict[str, str]:
        """Return the `x-evidence` of what an exchange has shown."""
        source = f"emulator compare, {self.today.isoformat()}, {self.source}"
        return {"level": "observed", "source": source, "note": f"Shown by {seen}."}


def _switch_action(finding: SwitchFinding, observed: Observed) -> dict[str, Any]:
    evidence = observed.evidence(finding.sightings[0].seen)
    return {
        "target": f"$['x-switches'].{finding.switch.name}",
        "update": {"default": finding.possible[0], "x-evidence": evidence},
    }


def _confirmed(contract: Contract, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield the target of each operation and reply that was confirmed and had weak evidence, and what shows it.

    A reply that several operations share is observed of the one that was called. What the emulator adds to a public
    document is not in the file.
    """
    for row in rows:
        operation = contract.operations.get(row.operation)
        if operation is None or row.verdict != "confirmed" or row.calls == row.unread:
            continue
        at = f"$.paths['{operation.path}'].{operation.method.lower()}"
        if 200 <= row.status < 300 and operation.evidence.level in WEAK:
            yield f"{at}['x-graphql'].operations.{operation.name}" if operation.root else at, row.seen
        response = responses_of(operation, contract).get(row.status)
        if response is not None and response.evidence.level in WEAK and not response.is_added:
            yield f"{at}.responses['{row.status}']", row.seen
