"""The contract coverage of a run as one HTML file, which needs no other and can be printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["as_html"]

STYLE = """
:root { --documented: #1a7f37; --observed: #0969da; --inferred: #9a6700; --assumed: #cf222e; --line: #d0d7de; }
body { font: 14px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } .quiet { color: #59636e; font-weight: 400; }
table { border-collapse: collapse; width: 100%; } tr { break-inside: avoid; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th[scope=row] { font-weight: 600; } code.name { white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.status { display: inline-block; margin: 0 .3rem .2rem 0; padding: 0 .45rem; border: 1px solid; border-radius: .3rem; }
.status.missed { border-style: dashed; opacity: .8; } .status.met { color: #fff; }
.documented { color: var(--documented); } .observed { color: var(--observed); } .inferred { color: var(--inferred); }
.assumed { color: var(--assumed); } .outside { color: #59636e; }
.met.documented { background: var(--documented); border-color: var(--documented); }
.met.observed { background: var(--observed); border-color: var(--observed); }
.met.inferred { background: var(--inferred); border-color: var(--inferred); }
.met.assumed { background: var(--assumed); border-color: var(--assumed); }
.met.outside { background: #59636e; border-color: #59636e; }
meter { width: 100%; min-width: 8rem; } code { font-size: .95em; overflow-wrap: break-word; }
@media print {
  body { margin: 0; max-width: none; font-size: 10pt; } * { print-color-adjust: exact; } h2 { break-after: avoid; }
}
"""


def as_html(document: Mapping[str, Any]) -> str:
    """Return the page."""
    operations = document["operations"]
    called = dict.fromkeys(one["vendor"] for one in operations if one["covered"])
    silent = dict.fromkeys(one["vendor"] for one in operations if one["vendor"] not in called)
    fields = document["graphql_fields"]
    vendors = [part for vendor in called for part in (*_vendor(vendor, operations), *_fields(vendor, fields))]
    never = f'<p class="quiet">Never called: {escape(", ".join(silent))}.</p>' if silent else ""
    body = "\n".join([*_levels(document["levels"]), *_assumptions(operations), *vendors, never])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Contract coverage</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light">'
        f"<style>{STYLE}</style></head>\n<body><h1>Contract coverage</h1>\n{body}\n</body></html>"
    )


def _levels(levels: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield '<p class="quiet">How much of what the contracts say the tests have met, by how well it is known.</p>'
    rows = [
        f'<tr><th scope="row" class="{level}">{level}</th>'
        f'<td class="number">{share["covered"]} of {share["statuses"]} statuses</td>'
        f'<td><meter max="100" value="{share["percent"]:g}">{share["percent"]:g} %</meter></td>'
        f'<td class="number">{share["percent"]:.0f} %</td></tr>'
        for level, share in levels.items()
    ]
    yield f"<table><tbody>{''.join(rows)}</tbody></table>"


def _assumptions(operations: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    by_test: dict[str, list[str]] = {}
    for one in operations:
        for status, tests in one["tests"].items():
            for test in tests if one["statuses"].get(status) == "assumed" else ():
                by_test.setdefault(test, []).append(f"{one['vendor']} {one['operation']} {status}")
    if by_test:
        yield "<h2>Tests that rest on assumed replies</h2>"
        yield '<p class="quiet">No source says that the vendor replies like this: the emulator chose it.</p>'
        rows = [
            f'<tr><th scope="row"><code>{escape(test)}</code></th><td>{escape(", ".join(rests))}</td></tr>'
            for test, rests in sorted(by_test.items())
        ]
        yield f"<table><thead><tr><th>Test</th><th>Rests on</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _vendor(vendor: str, operations: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    own = [one for one in operations if one["vendor"] == vendor]
    met = [one for one in own if one["covered"]]
    never = [one["operation"] for one in own if not one["covered"] and not one["neighbour"]]
    yield f'<h2>{escape(vendor)} <span class="quiet">{len(met)} of {len(own)} operations</span></h2>'
    yield "<table><thead><tr><th>Operation</th><th>Known from</th><th>Statuses and calls</th></tr></thead><tbody>"
    for one in met:
        evidence = one["evidence"]
        level, source = evidence.get("level", ""), evidence.get("source", "")
        yield (
            f'<tr><th scope="row"><code class="name">{escape(one["operation"])}</code></th>'
            f'<td><span class="{escape(level)}">{escape(level)}</span>: {escape(source)}</td>'
            f"<td>{''.join(_statuses(one))}</td></tr>"
        )
    yield "</tbody></table>"
    if never:
        yield f'<p class="quiet">Never called: {escape(", ".join(never))}.</p>'


def _fields(vendor: str, fields: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the fields of a GraphQL vendor by type, and the arguments of each: those that were met are filled."""
    by_type: dict[str, list[str]] = {}
    for one in fields:
        if one["vendor"] == vendor:
            given = [_mark(name, one["evidence"], calls) for name, calls in one["arguments"].items()]
            arguments = f" ({''.join(given)})" if given else ""
            by_type.setdefault(one["type"], []).append(_mark(one["field"], one["evidence"], one["calls"]) + arguments)
    if by_type:
        yield "<table><thead><tr><th>GraphQL type</th><th>Fields, and their arguments</th></tr></thead><tbody>"
        for kind, marks in by_type.items():
            yield f'<tr><th scope="row"><code>{escape(kind)}</code></th><td>{" ".join(marks)}</td></tr>'
        yield "</tbody></table>"


def _mark(name: str, level: str, calls: int) -> str:
    kind, count = ("met", f" &times;{calls}") if calls else ("missed", "")
    title = f"{level}, {'covered' if calls else 'not covered'}"
    return f'<span class="status {escape(level)} {kind}" title="{escape(title)}">{escape(name)}{count}</span>'


def _statuses(operation: Mapping[str, Any]) -> Iterator[str]:
    for status in dict.fromkeys([*operation["statuses"], *operation["covered"]]):
        level, calls = operation["statuses"].get(status, "outside"), operation["covered"].get(status, 0)
        yield _mark("broken" if status == "0" else status, level, calls)
