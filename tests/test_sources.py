"""The pages on what is known of each vendor name the sources that the contracts rest on: no more and no less."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.catalogue import Catalogue
from emulator.files.package_data import CONTRACTS

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "vendors"
VENDORS = sorted(folder.name for folder in CONTRACTS.iterdir())
OF_ASSUMPTIONS = ("no source", "this emulator")
LISTED = re.compile(r"^- \*\*(.+?)\*\*: ", re.MULTILINE)


def section(vendor: str, title: str) -> str:
    """Return the text below a heading of a vendor's page; a vendor without sources needs none."""
    file = PAGES / f"{vendor}.md"
    _, _, after = (file.read_text("utf-8") if file.exists() else "").partition(f"\n## {title}\n")
    return after.partition("\n## ")[0]


def listed(vendor: str) -> list[str]:
    return LISTED.findall(section(vendor, "Sources"))


def evidences(vendor: str) -> Iterator[dict[str, Any]]:
    yield from _evidences(yaml.safe_load((CONTRACTS / vendor / "openapi.yaml").read_text("utf-8")))
    for file in (CONTRACTS / vendor / "schemas").iterdir():
        yield from _evidences(json.loads(file.read_text("utf-8")))


def _evidences(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "x-evidence" in node:
            yield node["x-evidence"]
        node = list(node.values())
    for entry in node if isinstance(node, list) else ():
        yield from _evidences(entry)


def text_about(vendor: str) -> str:
    """Return the contract, the fixtures and the handlers of a vendor, on one line."""
    folders = (CONTRACTS / vendor, ROOT / "fixtures" / vendor, ROOT / "emulator" / "vendors" / vendor)
    files = (file for folder in folders for file in sorted(folder.rglob("*.*")) if file.suffix != ".pyc")
    return " ".join(word for file in files for word in file.read_text("utf-8").split())


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_source_of_an_evidence_is_listed_on_the_vendors_page(vendor: str) -> None:
    known = (*listed(vendor), *OF_ASSUMPTIONS)
    sources = {source for evidence in evidences(vendor) for source in evidence["source"].split("; ")}
    assert sources
    assert [
        one for one in sorted(sources) if not any(one == name or one.startswith(f"{name}, ") for name in known)
    ] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_listed_source_is_used(vendor: str) -> None:
    text = text_about(vendor)
    assert [name for name in listed(vendor) if name not in text] == []
    assert len(set(listed(vendor))) == len(listed(vendor))


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_an_assumption_has_no_source(vendor: str) -> None:
    without = [evidence for evidence in evidences(vendor) if evidence["source"] in OF_ASSUMPTIONS]
    assert [evidence for evidence in without if evidence["level"] != "assumed"] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_switch_decides_a_question_on_the_vendors_page(vendor: str, catalogue: Catalogue) -> None:
    rows = [line.split("|") for line in section(vendor, "Open questions").splitlines() if line.startswith("|")]
    named = {switch for row in rows for switch in re.findall(r"`([a-z0-9_]+)`", row[-2])}
    assert named == set(catalogue.contracts[vendor].switches)


def test_index_links_each_page() -> None:
    index = (PAGES / "index.md").read_text("utf-8")
    assert [file.name for file in PAGES.glob("*.md") if file.stem != "index" and f"]({file.name})" not in index] == []
