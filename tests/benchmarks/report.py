"""The findings as a table for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.benchmarks.figures import Bound, Figure, Finding

HEADER = ("work", "emulator", "compared with", "its figure", "ratio", "asked", "met?")


def cells(finding: Finding) -> tuple[str, ...]:
    """Return a finding's row of the table."""
    return (
        finding.work,
        show(finding.ours),
        finding.peer,
        show(finding.other) if finding.other else "",
        "" if finding.ratio is None else f"{finding.ratio:.2f}",
        _asked(finding.bound),
        {True: "yes", False: "NO", None: ""}[finding.met],
    )


def unmeasured(missing: Mapping[str, str]) -> Iterator[str]:
    """Return a sentence for each peer that could not be measured."""
    for name, reason in missing.items():
        yield f"{name} was not measured: {reason}."


def show(figure: Figure) -> str:
    """Return a figure's median and spread for people: "6,778/s ±4 %"."""
    spread = f" ±{figure.spread * 100:.0f} %" if len(figure.rounds) > 1 else ""
    return _quantity(figure.median, figure.unit) + spread


def _quantity(value: float, unit: str) -> str:
    if unit == "/s":
        return f"{value:,.0f}/s"
    if unit == "bytes":
        return f"{value / 1e6:.2f} MB"
    if unit == "s":
        return f"{value:.2f} s" if value >= 0.1 else f"{value * 1000:.2f} ms"
    return f"{value:.2f}"


def _asked(bound: Bound | None) -> str:
    return f"{bound.relation} {_quantity(bound.limit, bound.unit)}" if bound else ""


def text_table(findings: Sequence[Finding]) -> str:
    """Return the table in columns for a terminal."""
    lines = [HEADER, *map(cells, findings)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown_table(results: Mapping[str, Any]) -> Iterator[str]:
    """Return a JSON document's table as lines of Markdown, with date and machine."""
    machine = results["machine"]
    busy = machine["load_before"] > machine["cores"] / 4
    yield (
        f"Measured on {results['date'][:10]} on {machine['cores']} cores of {machine['processor']},"
        f" {machine['memory_gib']} GiB, {machine['system']}"
        + (f", which had other work to do (load {machine['load_before']} beforehand)" if busy else "")
        + f". {', '.join(f'{name} {version}' for name, version in results['versions'].items())}."
    )
    yield ""
    yield f"| {' | '.join(HEADER)} |"
    yield "|---" * len(HEADER) + "|"
    for finding in read_findings(results):
        yield f"| {' | '.join(cells(finding))} |"
    for sentence in unmeasured(results["missing"]):
        yield ""
        yield sentence


def write_findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings as JSON."""
    return [
        {
            "work": finding.work,
            "emulator": _write_figure(finding.ours),
            "peer": finding.peer,
            "other": _write_figure(finding.other) if finding.other else None,
            "ratio": finding.ratio,
            "asked": vars(finding.bound) if finding.bound else None,
            "met": finding.met,
        }
        for finding in findings
    ]


def read_findings(results: Mapping[str, Any]) -> list[Finding]:
    """Return the findings of a JSON document."""
    return [
        Finding(
            work=entry["work"],
            ours=_read_figure(entry["emulator"]),
            peer=entry["peer"],
            other=_read_figure(entry["other"]) if entry["other"] else None,
            ratio=entry["ratio"],
            bound=Bound(**entry["asked"]) if entry["asked"] else None,
        )
        for entry in results["findings"]
    ]


def _write_figure(figure: Figure) -> dict[str, Any]:
    return {"unit": figure.unit, "median": figure.median, "spread": figure.spread, "rounds": list(figure.rounds)}


def _read_figure(entry: Mapping[str, Any]) -> Figure:
    return Figure.of(entry["unit"], entry["rounds"])
