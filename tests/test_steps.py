"""Twice as much of what a client sends costs twice as many steps, not four times or a thousand times as many.

A step is a call of a function, Python's own included, in any thread of the emulator: their number is the same on every
machine. `make soak` measures the same kinds, and larger ones, in seconds and bytes.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import httpx
import pytest

from tests.conftest import EmulatorUnderTest
from tests.vendors.test_secoda_artifacts import with_member
from tests.vendors.test_secoda_dbt import run_results, upload

CSV = "col_name,database,schema,name\n"
INTEGRATION = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
CELIGO = "5fc5e0e66cfe5b44bb95de70"
LIST = "listCustomIntegrations"

Send: TypeAlias = Callable[[EmulatorUnderTest, int], object]


def body(vendor: str, method: str, path: str, make: Callable[[int], Any], rights: str | None = "full") -> Send:
    """Return what sends a JSON body of a size."""
    return lambda emulator, size: emulator.call(vendor, method, path, rights=rights, json=make(size))


def send_form(emulator: EmulatorUnderTest, kind: str, files: Mapping[str, Any]) -> None:
    """Send a form as one piece: httpx sends part by part, and each piece that comes alone costs steps."""
    form = httpx.Request("POST", "http://emulator", files=files)
    path = f"/integration/integrations/{INTEGRATION}/{kind}"
    emulator.call("secoda", "POST", path, content=form.read(), headers={"Content-Type": form.headers["Content-Type"]})


def upload_of(kind: str, part: str, make: Callable[[int], str]) -> Send:
    return lambda emulator, size: send_form(emulator, kind, {part: ("file", make(size))})


def document(make: Callable[[int], str], rights: str | None = "full") -> Send:
    return body("paradime", "POST", "", lambda size: {"query": make(size)}, rights)


def doubling(levels: int) -> str:
    fragments = [f"fragment f{level} on Query {{ ...f{level + 1} ...f{level + 1} }}" for level in range(levels)]
    return f"{{ ...f0 }} {' '.join(fragments)} fragment f{levels} on Query {{ {LIST} {{ ok }} }}"


def side_by_side(size: int) -> str:
    fragments = " ".join(f"fragment f{number} on Query {{ {LIST} {{ ok }} }}" for number in range(size))
    return f"{{ {' '.join(f'...f{number}' for number in range(size))} }} {fragments}"


def copies(size: int) -> Any:
    add = {"op": "add", "path": "/settings", "value": {"a": [1, 2]}}
    return [add, *[{"op": "copy", "from": "/settings/a", "path": "/settings/a/-"}] * size]


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


def nesting_patch(size: int) -> Any:
    add = {"op": "add", "path": "/settings", "value": {"a": [1, 2]}}
    return [add, *[{"op": "add", "path": "/settings/a/0", "value": [{}]}] * size]


def artifact(emulator: EmulatorUnderTest, size: int) -> None:
    odd = {"deep": nested(40), "many": [[]] * size}
    upload(emulator, with_member(json.dumps(odd).encode()), run_results({}))


def parts(emulator: EmulatorUnderTest, size: int) -> None:
    fields = {f"field{number}": (None, "x") for number in range(size)}
    send_form(emulator, "import_metadata", {**fields, "file": ("a.csv", CSV)})


def unknown_paths(emulator: EmulatorUnderTest, size: int) -> None:
    for number in range(size):
        emulator.call("celigo", "GET", f"/{'/'.join(['integratoins', str(number)] * 10)}")


def verified(emulator: EmulatorUnderTest, size: int) -> None:
    for number in range(size):
        emulator.call("celigo", "POST", "/integrations", json={"name": "a", "settings": {"number": number}})
    wanted = {"operation": "createIntegration", "where": {"body": {"/settings/number": -1}}}
    assert httpx.post(f"{emulator.root}/_emulator/journal/verify", json=wanted).status_code == 200


def columns(column: Mapping[str, Any]) -> Send:
    def make(size: int) -> Any:
        return {"metadata": [{**column, "name": f"c{number}"} if column else {} for number in range(size)]}

    return body("immuta", "PUT", "/dictionary/1", make)


def aliases(entry: Callable[[int], Any]) -> Send:
    def make(size: int) -> Any:
        return {"name": "a", "aliases": [entry(number) for number in range(size)]}

    return body("celigo", "PUT", f"/integrations/{CELIGO}", make)


KINDS: dict[str, tuple[Send, int]] = {
    "tags": (body("immuta", "POST", "/tag", lambda size: {"tags": [{"name": f"t{n}"} for n in range(size)]}), 200),
    "columns": (columns({"dataType": "text", "remoteType": "text"}), 200),
    "wrong columns": (columns({}), 400),
    "wrong teams": (
        body(
            "secoda",
            "POST",
            "/integration/integrations",
            lambda size: {"name": "a", "type": "b", "teams": ["x"] * size},
        ),
        400,
    ),
    "unknown keys": (body("celigo", "POST", "/integrations", lambda size: {f"k{n}": n for n in range(size)}), 400),
    "aliases": (aliases(lambda n: {"alias": f"a{n}", "_connectionId": "5fc5de876cfe5b44bb95dd01"}), 200),
    "wrong aliases": (aliases(lambda n: {"alias": f"a{n}", "_connectionId": f"{n:024x}"}), 200),
    "settings": (
        body("celigo", "POST", "/integrations", lambda size: {"name": "a", "settings": {"a": [[]] * size}}),
        400,
    ),
    "settings with credentials": (
        body(
            "celigo",
            "POST",
            "/integrations",
            lambda size: {"name": "a", "settings": {f"token{n}": "x" for n in range(size)}},
        ),
        200,
    ),
    "a patch that copies what it copied": (body("celigo", "PATCH", f"/integrations/{CELIGO}", copies), 20),
    "a patch that nests": (body("celigo", "PATCH", f"/integrations/{CELIGO}", nesting_patch), 100),
    "fragments that double": (document(doubling), 8),
    "fragments that double, of a stranger": (document(doubling, None), 8),
    "fragments side by side": (document(side_by_side), 100),
    "too many fields": (document(lambda size: f"{{ {LIST} {{ {'ok ' * size} }} }}"), 2100),
    "aliases of root fields": (
        document(lambda size: f"{{ {' '.join(f'a{n}: {LIST} {{ ok }}' for n in range(size))} }}"),
        40,
    ),
    "too many aliases": (
        document(lambda size: f"{{ {' '.join(f'a{n}: {LIST} {{ ok }}' for n in range(size))} }}"),
        400,
    ),
    "unknown fields": (document(lambda size: f"{{ {LIST} {{ {' '.join(f'x{n}' for n in range(size))} }} }}"), 40),
    "rows of CSV": (upload_of("import_metadata", "file", lambda size: CSV + "c,d,s,t\n" * size), 200),
    "columns of CSV": (upload_of("import_metadata", "file", lambda size: ",".join(map(str, range(size))) + "\n"), 400),
    "lines of JSONL": (
        upload_of(
            "import_jsonl_metadata", "resources_file", lambda size: "".join(f'{{"a": {n}}}\n' for n in range(size))
        ),
        200,
    ),
    "values of an artifact": (artifact, 400),
    "parts": (parts, 200),
    "paths that nothing is at": (unknown_paths, 10),
    "parameters": (
        lambda emulator, size: emulator.call(
            "immuta", "GET", "/dataSource?" + "&".join(f"a{n}=b" for n in range(size))
        ),
        200,
    ),
    "exchanges that a test looks through": (verified, 20),
}


class Steps:
    """Counts the calls of functions in the emulator's threads."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        self.count += event in ("call", "c_call")


def steps_of(emulator: EmulatorUnderTest, send: Send, size: int) -> int:
    """Return how many steps the emulator takes for a size, in a fresh state."""
    emulator.reset()
    steps = Steps()

    async def profile(counter: Steps | None) -> None:
        sys.setprofile(counter)

    threading.setprofile(steps)
    try:
        emulator.run(lambda: profile(steps))
        send(emulator, size)
    finally:
        emulator.run(lambda: profile(None))
        threading.setprofile(None)
    return steps.count


@pytest.mark.parametrize("name", KINDS)
def test_twice_as_much_costs_twice_as_many_steps(emulator: EmulatorUnderTest, name: str) -> None:
    send, size = KINDS[name]
    send(emulator, 2)  # what is imported and compiled only once
    once, twice = steps_of(emulator, send, size), steps_of(emulator, send, 2 * size)
    assert twice <= 2.25 * once, (once, twice)
