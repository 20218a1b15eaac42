"""The pages that explain the code agree with it: files, names, and the order of steps."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from emulator.cli.serve import SWITCH_SECONDS
from emulator.contract.graphql_calls import QUICK_FIELDS, QUICK_QUERY
from emulator.pipeline.handling import LARGE_BODY_BYTES
from emulator.store.database import SLOW_SECONDS
from emulator.store.sqlite import IN_MEMORY_BYTES
from emulator.transport import wire
from tests.generated import ARCHITECTURE, ROOT

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = [ARCHITECTURE, *DECISIONS]
ORDERED = re.compile(r"`([\w.]+)` in `(emulator/[\w./]+\.py)`: ((?:`[\w.]+`(?: → )?)+)")
PLACED = re.compile(r"`([\w.]+)` in `(emulator/[\w./]+\.py)`")


def source_of(name: str, file: str) -> str:
    """Return the source of a function, class or constant of a file: `Store.run`, `WITH_REPLY`."""
    text = (ROOT / file).read_text("utf-8")
    found: ast.AST = ast.parse(text)
    for part in name.split("."):
        found = next(node for node in ast.iter_child_nodes(found) if part in _names(node))
    return ast.get_source_segment(text, found) or ""


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def out_of_order(steps: list[str], source: str) -> str | None:
    """Return the first step that the source does not have behind those before it, None if all are in order."""
    at = 0
    for step in steps:
        found = re.compile(rf"\b{re.escape(step)}\b").search(source, at)
        if found is None:
            return step
        at = found.end()
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`((?:emulator|tests|contracts|fixtures|deploy)/[\w./-]+|[A-Z]+\.md)`", page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_name_is_in_the_file_that_it_is_said_to_be_in(page: Path) -> None:
    for name, file in PLACED.findall(page.read_text("utf-8")):
        assert source_of(name, file), f"{file} has no {name}"


def test_steps_are_in_the_order_of_the_code() -> None:
    ordered = ORDERED.findall(ARCHITECTURE.read_text("utf-8"))
    assert len(ordered) == 9
    for name, file, chain in ordered:
        steps = re.findall(r"`([\w.]+)`", chain)
        assert out_of_order(steps, source_of(name, file).partition(":\n")[2]) is None, f"{file}: {name}"


def test_steps_of_a_request_are_all_that_serve_does_in_its_order() -> None:
    table = ARCHITECTURE.read_text("utf-8").partition("| step |")[2].partition("\n\n")[0]
    steps = re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE)
    source = source_of("Pipeline.serve", "emulator/pipeline/pipeline.py")
    assert out_of_order(steps, source) is None
    assert set(re.findall(r"self\.(_\w+)\(", source)) <= set(steps)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_what_was_decided_and_what_was_refused(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "**Decided:**" in text
    assert "**Refused" in text


def test_figures_of_what_leaves_the_event_loop_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "decisions" / "event-loop-or-thread.md").read_text("utf-8")
    for sentence in (
        f"took more than {SLOW_SECONDS * 1000:g} ms the last two times",
        f"for a body of more than {LARGE_BODY_BYTES // 1024} kB",
        f"validating a body of more than {wire.QUICK_BODY // 1024} kB",
        f"of more than {QUICK_QUERY:,} characters; executing more than {QUICK_FIELDS} fields",
        f"switch interval to {SWITCH_SECONDS * 1000:g} ms",
    ):
        assert sentence in page


def test_figure_of_what_stays_in_memory_is_that_of_the_code() -> None:
    page = (ROOT / "docs" / "decisions" / "sqlite-in-memory.md").read_text("utf-8")
    assert f"in memory up to {IN_MEMORY_BYTES // 1024**2} MB" in page
