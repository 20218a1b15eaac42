"""A comparison as text, JSON, JUnit's XML or Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from emulator.compare.comparison import Comparison, Difference, Row
from emulator.compare.settling import SwitchFinding, spelled, toml_lines
from emulator.exchange import NOTHING

LONGEST_VALUE = 200


def as_text(comparison: Comparison) -> str:
    """Return it for people."""
    lines = [f"{comparison.vendor}: {_counted(comparison)}"]
    for row in _rows(comparison, "differs"):
        lines.append(f"differs    {row.operation} {row.status} ({row.evidence}), {_calls(row)}")
        for difference in row.differences:
            lines.append(f"  {difference.place}{difference.pointer}: {difference.sentence}{_values(difference)}")
            lines.append(f"    {difference.seen}")
    lines += _switch_lines(comparison, "differs")
    lines += [f"confirmed  {row.operation} {row.status}, {_calls(row)}" for row in _rows(comparison, "confirmed")]
    lines += _switch_lines(comparison, "confirmed")
    lines += [f"unmatched  {sentence}" for sentence in comparison.unmatched]
    lines += [f"not met    {name} {statuses}" for name, statuses in _not_met(comparison)]
    lines += _switch_lines(comparison, "open")
    if comparison.left_out:
        lines.append(f"{comparison.left_out} calls to other hosts, or without a reply, were left out.")
    if settings := toml_lines(comparison.switches.values()):
        lines += ["", "emulator.toml:", settings]
    return "\n".join(lines)


def as_json(comparison: Comparison) -> str:
    """Return its JSON document."""
    return json.dumps(comparison.document(), indent=2, ensure_ascii=False, default=str)


def as_junit(comparison: Comparison) -> str:
    """Return a test suite: a row is a test, which fails if it differs and is skipped if it was not met."""
    counts, of_switches = comparison.counts(), comparison.switch_counts()
    suite = ElementTree.Element(
        "testsuite",
        name=f"emulator compare {comparison.vendor}",
        tests=str(len(comparison.rows) + len(comparison.switches)),
        failures=str(counts["differs"] + of_switches["differs"]),
        skipped=str(counts["not met"] + of_switches["open"]),
        errors="0",
    )
    for row in comparison.rows.values():
        case = ElementTree.SubElement(
            suite, "testcase", classname=comparison.vendor, name=f"{row.operation} {row.status}"
        )
        if row.verdict == "not met":
            ElementTree.SubElement(case, "skipped", message="not met")
        elif row.differences:
            text = "\n".join(f"{_where(one)}{_values(one)}\n{one.seen}" for one in row.differences)
            failure = ElementTree.SubElement(case, "failure", message=_xml(_where(row.differences[0])))
            failure.text = _xml(text)
    for finding in comparison.switches.values():
        _add_switch(suite, finding)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _add_switch(suite: ElementTree.Element, finding: SwitchFinding) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=f"{finding.vendor}.switches", name=finding.switch.name)
    if finding.verdict == "open":
        ElementTree.SubElement(case, "skipped", message=_xml(finding.sentence))
    elif finding.verdict == "differs":
        failure = ElementTree.SubElement(case, "failure", message=_xml(f"{finding.sentence} ({_expected(finding)})"))
        failure.text = _xml("\n".join(one.seen for one in finding.sightings))


def as_markdown(comparison: Comparison) -> str:
    """Return it for a pull request: the differences as a table, the rest counted."""
    lines = [f"### {comparison.vendor}: {_counted(comparison)}", ""]
    differing = _rows(comparison, "differs")
    if differing:
        lines += ["| operation | status | evidence | where | contract | vendor |", "|---|---|---|---|---|---|"]
    for row in differing:
        for one in row.differences:
            cells = (
                f"`{row.operation}`",
                str(row.status),
                row.evidence,
                _cell(_where(one)),
                _code(one.ours),
                _code(one.theirs),
            )
            lines.append(f"| {' | '.join(cells)} |")
    confirmed = ", ".join(f"`{row.operation}` {row.status}" for row in _rows(comparison, "confirmed"))
    lines += ["", f"Confirmed: {confirmed or 'nothing'}."]
    lines += _switches_as_markdown(comparison)
    if comparison.unmatched:
        lines += ["", "Calls without an operation:", *(f"- {_cell(sentence)}" for sentence in comparison.unmatched)]
    return "\n".join(lines)


FORMATS: Mapping[str, Callable[[Comparison], str]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "markdown": as_markdown,
}
"""The forms of a report by name."""


def _counted(comparison: Comparison) -> str:
    counted = ", ".join(f"{number} {verdict}" for verdict, number in comparison.counts().items())
    of_switches = ", ".join(f"{number} {verdict}" for verdict, number in comparison.switch_counts().items())
    return f"{counted}; switches: {of_switches}" if comparison.switches else counted


def _switch_lines(comparison: Comparison, verdict: str) -> Iterator[str]:
    for finding in _switches(comparison, verdict):
        yield f"{verdict:10} {finding.sentence} ({_expected(finding)})"
        if verdict == "differs":
            yield from (f"    {sighting.seen}" for sighting in finding.sightings)


def _switches_as_markdown(comparison: Comparison) -> Iterator[str]:
    differing = _switches(comparison, "differs")
    if differing:
        yield from ("", "| switch | emulator | evidence | vendor | seen |", "|---|---|---|---|---|")
    for one in differing:
        possible = " or ".join(map(_code, one.possible)) or "no value"
        seen = "; ".join(_cell(sighting.seen) for sighting in one.sightings)
        yield f"| `{one.name}` | {_code(one.expected)} | {one.switch.evidence.level} | {possible} | {seen} |"
    if confirmed := _switches(comparison, "confirmed"):
        yield from ("", f"Switches confirmed: {', '.join(f'`{one.name}`' for one in confirmed)}.")
    if settings := toml_lines(differing):
        yield from ("", "```toml", settings, "```")


def _switches(comparison: Comparison, verdict: str) -> Sequence[SwitchFinding]:
    return [one for one in comparison.switches.values() if one.verdict == verdict]


def _expected(finding: SwitchFinding) -> str:
    return f"{spelled(finding.expected)} in the emulator, {finding.switch.evidence.level}"


def _rows(comparison: Comparison, verdict: str) -> Sequence[Row]:
    return [row for row in comparison.rows.values() if row.verdict == verdict]


def _not_met(comparison: Comparison) -> Iterator[tuple[str, str]]:
    by_operation: dict[str, list[str]] = {}
    for row in _rows(comparison, "not met"):
        by_operation.setdefault(row.operation, []).append(str(row.status))
    for name, statuses in by_operation.items():
        yield name, ", ".join(statuses)


def _calls(row: Row) -> str:
    unread = f", {row.unread} recorded without the body" if row.unread else ""
    return f"{row.calls} call{'' if row.calls == 1 else 's'}{unread}"


def _where(difference: Difference) -> str:
    return f"{difference.place}{difference.pointer}: {difference.sentence}"


def _values(difference: Difference) -> str:
    values = {"contract": difference.ours, "vendor": difference.theirs}
    shown = [f"{name}: {_short(value)}" for name, value in values.items() if value is not NOTHING]
    return f" ({'; '.join(shown)})" if shown else ""


def _short(value: Any) -> str:
    text = "nothing" if value is NOTHING else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _code(value: Any) -> str:
    quoted = _cell(_short(value)).replace("`", "'")
    return f"`{quoted}`"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _xml(text: str) -> str:
    """Leave out what XML cannot contain."""
    return "".join(sign for sign in text if sign in "\t\n" or (sign >= " " and not "\ud800" <= sign <= "\udfff"))
