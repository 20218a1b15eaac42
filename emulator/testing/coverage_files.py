"""The contract coverage of a run as a file: its suffix says in which form. Each form is made of the JSON document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from xml.etree import ElementTree

from emulator.errors import EmulatorError, reason_of, unknown
from emulator.testing.coverage_page import as_html

__all__ = ["FORMS", "form_of", "write"]

Form: TypeAlias = Callable[[Mapping[str, Any]], str]

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Status(NamedTuple):
    """A status of an operation: its evidence, how many calls got it, and in which tests."""

    vendor: str
    operation: str
    status: str
    level: str
    calls: int
    tests: list[str]


def statuses_of(document: Mapping[str, Any]) -> Iterator[Status]:
    """Yield the statuses that the contracts name, and those that calls got beside them, of the called vendors."""
    called = {one["vendor"] for one in document["operations"] if one["covered"]}
    for one in document["operations"]:
        names = dict.fromkeys([*one["statuses"], *one["covered"]]) if one["vendor"] in called else ()
        for status in names:
            level, tests = one["statuses"].get(status, "outside the contract"), one["tests"].get(status, [])
            yield Status(one["vendor"], one["operation"], status, level, one["covered"].get(status, 0), tests)


def as_json(document: Mapping[str, Any]) -> str:
    """Return the document itself."""
    return json.dumps(document, indent=2)


def as_text(document: Mapping[str, Any]) -> str:
    """Return it for people: what each covered status rests on, and the tests that rest on what nobody knows."""
    lines = [
        f"{level}: {share['covered']} of {share['statuses']} statuses ({share['percent']:g} %)"
        for level, share in document["levels"].items()
    ]
    for one in statuses_of(document):
        if one.calls:
            lines.append(f"{one.vendor} {one.operation} {one.status}: {one.level}, {_counted(one.calls)}")
            lines += [f"    {test}" for test in one.tests] if one.level == "assumed" else []
    for field in document["graphql_fields"]:
        if field["calls"]:
            given = ", ".join(name for name, calls in field["arguments"].items() if calls)
            name = f"{field['type']}.{field['field']}" + (f"({given})" if given else "")
            lines.append(f"{field['vendor']} {name}: {field['evidence']}, {_counted(field['calls'])}")
    return "\n".join(lines)


def _counted(calls: int) -> str:
    return "1 call" if calls == 1 else f"{calls} calls"


def as_junit(document: Mapping[str, Any]) -> str:
    """Return a test suite: a status is a test, with its evidence as a property; one that was not covered is skipped."""
    statuses = list(statuses_of(document))
    missed = sum(not one.calls for one in statuses)
    counts = {"tests": str(len(statuses)), "skipped": str(missed), "failures": "0", "errors": "0"}
    suite = ElementTree.Element("testsuite", {"name": "emulator coverage", **counts})
    properties = ElementTree.SubElement(suite, "properties")
    for level, share in document["levels"].items():
        ElementTree.SubElement(properties, "property", name=f"{level}.percent", value=f"{share['percent']:g}")
    for one in statuses:
        case = ElementTree.SubElement(suite, "testcase", classname=one.vendor, name=f"{one.operation} {one.status}")
        own = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(own, "property", name="evidence", value=one.level)
        for test in one.tests:
            ElementTree.SubElement(own, "property", name="test", value=_NOT_XML.sub("?", test))
        if not one.calls:
            ElementTree.SubElement(case, "skipped", message="not covered")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def as_ctrf(document: Mapping[str, Any]) -> str:
    """Return it in the Common Test Report Format (ctrf.io): a status is a test; one that was not covered is skipped."""
    statuses = list(statuses_of(document))
    covered = sum(one.calls > 0 for one in statuses)
    counts = {"tests": len(statuses), "passed": covered, "failed": 0, "pending": 0, "skipped": len(statuses) - covered}
    tests = [
        {
            "name": f"{one.vendor} {one.operation} {one.status}",
            "status": "passed" if one.calls else "skipped",
            "duration": 0,
            "suite": [one.vendor],
            "tags": [one.level.replace(" ", "-")],
            "extra": {"evidence": one.level, "calls": one.calls, "tests": one.tests},
        }
        for one in statuses
    ]
    results = {
        "tool": {"name": "integration-emulator"},
        "summary": {**counts, "other": 0, "start": 0, "stop": 0},
        "tests": tests,
        "extra": {"levels": document["levels"]},
    }
    return json.dumps({"reportFormat": "CTRF", "specVersion": "0.0.0", "results": results}, indent=2)


FORMS: Mapping[str, Form] = {
    ".ctrf.json": as_ctrf,
    ".json": as_json,
    ".html": as_html,
    ".xml": as_junit,
    ".txt": as_text,
}
"""By suffix; the first that a name ends with counts. A name without a suffix is JSON."""


def form_of(file: str) -> Form:
    """Return the form of a file. Raises EmulatorError for another suffix."""
    for suffix, form in FORMS.items():
        if file.lower().endswith(suffix):
            return form
    if suffix := Path(file).suffix:
        raise EmulatorError(unknown("suffix", suffix, FORMS, plural="suffixes"))
    return as_json


def write(document: Mapping[str, Any], file: str) -> str:
    """Write a document to a file; return why that fails, "" if it does not."""
    try:
        Path(file).write_text(form_of(file)(document) + "\n", "utf-8")
    except OSError as problem:
        return reason_of(problem)
    return ""
