"""What exchanges with the live vendor settle, as an overlay of its contract: `assumed` becomes `observed`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from emulator.compare.settling import SwitchFinding
from emulator.errors import ConfigurationError

WEAK = ("assumed", "inferred")
"""The levels of evidence that an observation replaces even if it confirms them."""


def refuse_existing(file: Path) -> None:
    """Raise ConfigurationError for a file that exists: it may say more than a comparison knows."""
    if file.exists():
        raise ConfigurationError(f"evidence: {file} exists already; name a new file")


def write_overlay(file: Path, findings: Iterable[SwitchFinding], source: str, today: date) -> int:
    """Write an overlay with a switch's observed value and where it was seen; return with how many switches.

    Without any, no file is written. Raises ConfigurationError if it cannot be.
    """
    actions = [_action(one, source, today) for one in findings if is_news(one)]
    if not actions:
        return 0
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
    return len(actions)


def is_news(finding: SwitchFinding) -> bool:
    """Return True if a switch is settled, and its contract says something else, or on weaker evidence."""
    if not finding.is_settled:
        return False
    return finding.possible[0] != finding.switch.default or finding.switch.evidence.level in WEAK


def _action(finding: SwitchFinding, source: str, today: date) -> dict[str, Any]:
    evidence = {
        "level": "observed",
        "source": f"emulator compare, {today.isoformat()}, {source}",
        "note": f"Shown by {finding.sightings[0].seen}.",
    }
    return {
        "target": f"$['x-switches'].{finding.switch.name}",
        "update": {"default": finding.possible[0], "x-evidence": evidence},
    }
