"""Matches recorded calls with the operations of a contract: their replies are examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from emulator.contract.openapi import Contract
from emulator.contract.operation import Media, Operation, Response
from emulator.contract.routes import Routes
from emulator.exchange import NOTHING, Document, is_json, steps_of
from emulator.recorded.calls import RecordedCall

MOST = 3
"""How many examples of one response are written."""

LONGEST = 64 * 1024
"""The longest reply that becomes an example, in characters."""


@dataclass(frozen=True)
class Example:
    """A valid reply of an operation; `kind` is its media type as the contract names it."""

    operation: Operation
    status: int
    kind: str
    call: RecordedCall
    value: Document


def of_one_host(calls: Sequence[RecordedCall], hosts: Iterable[str] = ()) -> tuple[list[RecordedCall], list[str]]:
    """Return the calls of one host, one of `hosts` or else that of most calls; and what was left out, as sentences."""
    counts = Counter(call.origin for call in calls if call.origin)
    known = [origin for origin in counts if str(urlsplit(origin).hostname) in hosts]
    kept = {*known, "", *([counts.most_common(1)[0][0]] if counts and not known else [])}
    others = [f"{origin} ({count})" for origin, count in counts.items() if origin not in kept]
    told = [f"calls of other hosts are left out: {', '.join(others[:10])}"] if others else []
    return [call for call in calls if call.origin in kept], told


def matched(contract: Contract, calls: Iterable[RecordedCall]) -> tuple[list[Example], list[str]]:
    """Return the calls with a valid reply as examples; and what is wrong with the others, as sentences."""
    routes, found, unknown, wrong = Routes(contract), [], dict[str, list[str]](), []
    for call in calls:
        operation = _operation(contract, routes, call)
        if operation is None:
            unknown.setdefault(re.sub(r"\d+", "…", call.named), []).append(call.place)
        elif call.status and call.replied.text and len(call.replied.text) <= LONGEST:
            made = _example(operation, call)
            if isinstance(made, Example):
                found.append(made)
            else:
                wrong.append(f"{call.place}: {call.status} of {operation.name} {made}; left out")
    told = [f"{named} is not in the document ({', '.join(places[:3])})" for named, places in unknown.items()]
    return found, [*told, *wrong]


def _operation(contract: Contract, routes: Routes, call: RecordedCall) -> Operation | None:
    for mount in dict.fromkeys(("", *contract.mounts)):
        route = routes.find(mount + call.path)
        if route is not None and call.method in route.operations:
            return route.operations[call.method]
    return None


def _example(operation: Operation, call: RecordedCall) -> Example | str:
    """Return an example, or why the reply is none."""
    response = operation.responses.get(call.status)
    if response is None or response.is_added:
        return "is not in the document"
    for kind, media in response.media.items():
        if kind.partition(";")[0].strip().lower() == call.replied.kind or not call.replied.kind:
            return _of_media(operation, response, kind, media, call)
    return f"is of the type {call.replied.kind}, which the document has not"


def _of_media(operation: Operation, response: Response, kind: str, media: Media, call: RecordedCall) -> Example | str:
    value = call.replied.document if is_json(kind) else call.replied.text
    if value is NOTHING:
        return "is not JSON"
    for found in media.check.violations(value, "reply") if is_json(kind) else ():
        return f"does not fit the document: {found.pointer or '/'}: {found.sentence}"
    return Example(operation, response.status, kind, call, value)


def written(document: Document, examples: Iterable[Example], stem: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield actions of an OpenAPI Overlay for the examples that a document has not: a comment, target and update.

    `document` is as it came, with its own overlay applied; `stem` is what the names of examples begin with.
    """
    by_place: dict[tuple[str, ...], list[Example]] = {}
    for example in examples:
        steps = _steps_to(document, example)
        if steps is not None:
            by_place.setdefault(steps, []).append(example)
    for steps, found in by_place.items():
        media = _at(document, steps)
        known = [one.get("value") for one in media.get("examples", {}).values() if isinstance(one, dict)]
        known += [media["example"]] if "example" in media else []
        new: list[Example] = []
        for example in found:
            if len(known) < MOST and example.value not in known:
                known.append(example.value)
                new.append(example)
        if new:
            named = {
                f"{stem}-{number}": {"value": one.value} for number, one in enumerate(new, len(known) - len(new) + 1)
            }
            places = ", ".join(one.call.place for one in new)
            yield f"{new[0].operation.name} {new[0].status}: {places}", _target(steps), {"examples": named}


def _steps_to(document: Document, example: Example) -> tuple[str, ...] | None:
    """Return where the document describes the reply, by names of members; None if it does so in another file."""
    status, operation = str(example.status), example.operation
    path = next((one for one in document["paths"] if one.rstrip("/") == operation.path.rstrip("/")), operation.path)
    item = _followed(document, ("paths", path)) or ()
    start = _followed(document, (*item, operation.method.lower(), "responses"))
    responses = _at(document, start) if start else {}
    declared = next((one for one in (status, f"{status[0]}XX", f"{status[0]}xx", "default") if one in responses), "")
    steps = _followed(document, (*start, declared)) if start and declared else None
    return (*steps, "content", example.kind) if steps and _at(document, (*steps, "content", example.kind)) else None


def _followed(document: Document, steps: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the place of a value, of a reference that of its target; None if that is not in the document."""
    for _ in range(10):
        reference = _at(document, steps).get("$ref")
        if reference is None:
            return steps if _at(document, steps) else None
        if not str(reference).startswith("#/"):
            return None
        steps = tuple(steps_of(reference))
    return None


def _at(document: Document, steps: Iterable[str]) -> Mapping[str, Any]:
    found: Any = document
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _target(steps: Iterable[str]) -> str:
    """Return a JSONPath of child steps."""
    return "$" + "".join(f".{step}" if step.isidentifier() else _quoted(step) for step in steps)


def _quoted(step: str) -> str:
    return f'["{step}"]' if "'" in step else f"['{step}']"
