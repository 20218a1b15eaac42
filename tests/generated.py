"""Writes what is made from the code (parts of the documentation, types, made-up records), or checks that it is current.

python -m tests.generated [--check]
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from emulator.catalogue import Catalogue, read_catalogue
from emulator.compare.probes import Probe, read_probes
from emulator.contract.openapi import Contract
from emulator.control import guide
from emulator.control.handlers import ROOT as CONTROL_ROOT
from emulator.control.information import describe_operations
from emulator.journal.credential_shapes import NAMES, SHAPES
from emulator.settings import SETTINGS, Setting
from tests.benchmarks.report import markdown_table
from tests.client_types import client_types
from tests.field_tables import field_table
from tests.made_up_records import made_up_files
from tests.records_page import collections

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
ARCHITECTURE = ROOT / "docs" / "explanation" / "architecture.md"
CONTROL_API = REFERENCE / "control-api.md"
MASKING = REFERENCE / "masking.md"
CLIENT_TYPES = ROOT / "emulator" / "client" / "types.py"
MEASURED = REFERENCE / "performance.json"
HOST = "localhost:4070"


WHICH = ("vendor", "operation", "only", "where", "when")
EFFECTS = ("reply", "delay", "connection", "graphql", "commit", "force")
"""The fields of a fault: which calls it means, and what happens to them."""

Section: TypeAlias = Callable[[Catalogue], Iterator[str]]


def operations(catalogue: Catalogue) -> Iterator[str]:
    """The table of the operations of the emulated APIs."""
    titles = {vendor: contract.title for vendor, contract in catalogue.contracts.items()}
    return _operations(catalogue, titles, neighbour=False)


def neighbours(catalogue: Catalogue) -> Iterator[str]:
    """The table of the operations outside of them."""
    titles = {name: vendor.title for name, vendor in catalogue.vendors.items()}
    return _operations(catalogue, titles, neighbour=True)


def _operations(catalogue: Catalogue, titles: Mapping[str, str], neighbour: bool) -> Iterator[str]:
    yield "| vendor | operation | call | replies | known from |"
    yield "|---|---|---|---|---|"
    for operation in describe_operations(catalogue):
        if operation["neighbour"] is not neighbour:
            continue
        statuses = " ".join(status for status in operation["statuses"] if status < "400")
        evidence = operation["evidence"]
        call = f"{operation['method']} `{operation['path']}`"
        if operation["method"] in ("query", "mutation"):
            call = f"GraphQL {operation['method']}"
        source = f"{evidence['level']}: {evidence['source']}"
        yield f"| {titles[operation['vendor']]} | `{operation['operation']}` | {call} | {statuses} | {source} |"


def settings(catalogue: Catalogue) -> Iterator[str]:
    """The table of settings."""
    yield "| option | variable | in emulator.toml | default | what it does |"
    yield "|---|---|---|---|---|"
    for setting in SETTINGS:
        yield f"| `{setting.option}` | `{setting.variable}` | `{setting.name}` | {_default(setting)} | {setting.help} |"


def switches(catalogue: Catalogue) -> Iterator[str]:
    """The table of switches."""
    yield "| switch | takes (default first) | what it decides | settled by |"
    yield "|---|---|---|---|"
    for vendor, contract in catalogue.contracts.items():
        probes = read_probes(contract)
        for switch in contract.switches.values():
            others = [choice for choice in switch.choices if choice != switch.default]
            choices = ", ".join(f"`{str(choice).lower()}`" for choice in (switch.default, *others))
            if switch.name not in probes:
                sys.exit(f"contracts/{vendor}/probes.yaml has no probe of {switch.name}: see docs/reference/probes.md")
            settled = _settled_by(probes[switch.name], contract)
            yield f"| `{vendor}.{switch.name}` | {choices} | {switch.description} | {settled} |"


def _settled_by(probe: Probe, contract: Contract) -> str:
    """Return what `emulator compare` needs to find out the value of a switch."""
    if not probe.values():
        return f"nothing: {probe.unobservable[:1].lower()}{probe.unobservable[1:].rstrip('.')}"
    writes = "writes" if probe.writes(contract) else "reads"
    return f"{writes}, recordings" if probe.observations else writes


def _default(setting: Setting) -> str:
    if setting.default in ("", ()):
        return "none"
    return f"`{str(setting.default).lower()}`"


def routes(catalogue: Catalogue) -> Iterator[str]:
    """The routes of the control API, each with commands that do it."""
    yield "```sh"
    yield guide.first_command(HOST)
    yield "```"
    for tag, description in guide.tags().items():
        yield f"\n## {tag.capitalize()}\n\n{description}"
        for route in guide.routes():
            if route.tag == tag:
                yield from _route(route)


def _route(route: guide.Route) -> Iterator[str]:
    yield f"\n### `{route.method} {CONTROL_ROOT}{route.path}`\n"
    yield f"{route.summary} {route.description}".strip()
    described = [one for one in route.parameters if one.description]
    yield from ("", *(f"- `{one.name}`: {one.description}" for one in described)) if described else ()
    yield "\n```sh"
    yield from (guide.command(words, HOST) for words in route.commands)
    yield "```"


def benchmark(catalogue: Catalogue) -> Iterator[str]:
    """What the last `make bench` that was kept has measured."""
    yield from markdown_table(json.loads(MEASURED.read_text("utf-8")))


def names(catalogue: Catalogue) -> Iterator[str]:
    """The names that masking takes for a credential's."""
    yield "| words | where in the name | why |"
    yield "|---|---|---|"
    for row in NAMES:
        yield f"| {' '.join(f'`{word}`' for word in row.words.split())} | {row.where} | {row.reason} |"


def shapes(catalogue: Catalogue) -> Iterator[str]:
    """The shapes that masking takes for a credential in any text."""
    yield "| shape | such as | why |"
    yield "|---|---|---|"
    for shape in SHAPES:
        yield f"| {shape.title} | `{shape.example}` | {shape.reason} |"


def layers(catalogue: Catalogue) -> Iterator[str]:
    """The layers of the imports, and what each package or module in them is for, in its own words."""
    rows = [[name.strip() for name in row.split("|")] for row in _layers()]
    yield "```mermaid"
    yield "flowchart TB"
    for number, row in enumerate(rows):
        yield f'  layer{number}["{" · ".join(row)}"]'
    yield "  " + " --> ".join(f"layer{number}" for number in range(len(rows)))
    yield "```"
    yield ""
    yield "| layer | package or module | what it is for |"
    yield "|---|---|---|"
    for number, row in enumerate(rows, 1):
        yield from (f"| {number} | `{name}` | {_first_sentence(name)} |" for name in row)


def _layers() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return next(list(contract["layers"]) for contract in contracts if contract["type"] == "layers")


def _first_sentence(name: str) -> str:
    """Return the first line of the docstring of emulator/<name>."""
    module = ROOT / "emulator" / f"{name}.py"
    file = module if module.exists() else module.with_suffix("") / "__init__.py"
    return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").splitlines()[0]


def _table_of(*path: str, only: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()) -> Section:
    return lambda catalogue: field_table(*path, only=only, leave_out=leave_out)


FILES: Mapping[Path, Mapping[str, Section]] = {
    ARCHITECTURE: {"layers": layers},
    REFERENCE / "stubs.md": {"fields": _table_of("stub.schema.json")},
    REFERENCE / "faults.md": {
        "which": _table_of("fault.schema.json", only=WHICH, leave_out=("where", "when")),
        "where": _table_of("where.schema.json"),
        "when": _table_of("fault.schema.json", "when"),
        "effects": _table_of("fault.schema.json", only=EFFECTS),
        "scenario": _table_of("scenario.schema.json"),
    },
    REFERENCE / "operations.md": {"operations": operations, "neighbours": neighbours},
    REFERENCE / "settings.md": {"settings": settings},
    REFERENCE / "switches.md": {"switches": switches},
    REFERENCE / "performance.md": {"benchmark": benchmark},
    CONTROL_API: {"routes": routes},
    REFERENCE / "records.md": {"collections": collections},
    MASKING: {"names": names, "shapes": shapes},
}


def write(text: str, catalogue: Catalogue, sections: Mapping[str, Section]) -> str:
    """Return a text with every generated section written again."""
    for name, section in sections.items():
        start, end = f"<!-- generated: {name} -->", "<!-- end -->"
        pattern = re.compile(f"({re.escape(start)}\n).*?({re.escape(end)})", re.DOTALL)
        if not pattern.search(text):
            raise LookupError(f"there is no section between {start} and {end}")
        body = "\n".join(section(catalogue))
        text = pattern.sub(lambda match, body=body: f"{match[1]}{body}\n{match[2]}", text)  # type: ignore[misc]
    return text


def _files(catalogue: Catalogue) -> Iterator[tuple[Path, str, str]]:
    """Yield each file with a generated part: its text as it is, and as it ought to be."""
    for file, sections in FILES.items():
        before = file.read_text("utf-8")
        yield file, before, write(before, catalogue, sections)
    for file, text in ((CLIENT_TYPES, client_types(catalogue)), *made_up_files(catalogue)):
        yield file, file.read_text("utf-8") if file.is_file() else "", text


def main() -> int:
    """Write the files, or with --check say whether they are up to date."""
    for file, before, after in _files(read_catalogue()):
        if "--check" in sys.argv and before != after:
            sys.stderr.write(f"{file.relative_to(ROOT)} is not up to date; run `make format`\n")
            return 1
        file.write_text(after, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
