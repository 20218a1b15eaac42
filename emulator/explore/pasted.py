"""A test to paste, which fails as the explored run did."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any

__all__ = ["OriginalTest", "pasted"]


@dataclass(frozen=True)
class OriginalTest:
    """A test function: the fixtures that it takes, the values of its parameters, its markers as they are written.

    `options` are those of its marker `emulator`, `case` tells the tests of one function with other parameters apart.
    `calling` are those fixtures that may make calls: their errors are judged as those of the test. A method of a
    unittest class takes no fixtures.
    """

    name: str
    fixtures: Sequence[str]
    values: Mapping[str, Any] = field(default_factory=dict)
    markers: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    case: str = ""
    is_async: bool = False
    is_method: bool = False
    is_unittest: bool = False
    can_be_called: bool = True
    calling: Sequence[str] = ()


def pasted(test: OriginalTest, faults: Sequence[Mapping[str, Any]], number: int = 1) -> str:
    """Return the test to paste beside `test` that runs it with these faults, and fails.

    If its values cannot be written: how to make `test` itself fail. `number` is that of several tests.
    """
    if not test.can_be_called or not all(_is_literal(value) for value in (*test.values.values(), test.options)):
        return f"{_told(test)}\n\n{_marker(faults, test.options.get('faults', ()), {})}"
    others = {name: value for name, value in test.options.items() if name != "faults"}
    marker = _marker(faults, test.options.get("faults", ()), others)
    name = "_".join(filter(None, (test.name, test.case, "explored", "" if number == 1 else str(number))))
    lines = _method(test, name, marker) if test.is_unittest else _function(test, name, marker)
    return "Paste this test:\n\n" + indent("\n".join(lines), "    " if test.is_method else "")


def _function(test: OriginalTest, name: str, marker: str) -> list[str]:
    owner, first = ("self.", ["self"]) if test.is_method else ("", [])
    fixtures = [name for name in test.fixtures if name not in test.values]
    taken = [name for name in fixtures if name not in test.calling]
    added = ["emulator", "request"] if test.calling else ["emulator"]
    parameters = [*first, *taken, *(name for name in added if name not in taken)]
    got = {name: f"request.getfixturevalue({name!r})" if name in test.calling else name for name in fixtures}
    given = [f"{name}={value}" for name, value in (got | {n: repr(v) for n, v in test.values.items()}).items()]
    call = f"{owner}{test.name}({', '.join(given)})"
    return [*test.markers, marker, *_body(test, f"{name}({', '.join(parameters)})", "emulator.exploring", call)]


def _method(test: OriginalTest, name: str, marker: str) -> list[str]:
    """Return a method of a unittest class, which gets the sandbox from a fixture beside it."""
    fixture = f"emulator_of_{name}"
    return [
        "@pytest.fixture",
        f"def {fixture}(self, emulator):",
        "    self.emulator_exploring = emulator.exploring",
        "",
        *test.markers,
        f'@pytest.mark.usefixtures("{fixture}")',
        marker,
        *_body(test, f"{name}(self)", "self.emulator_exploring", f"self.{test.name}()"),
    ]


def _body(test: OriginalTest, head: str, exploring: str, call: str) -> list[str]:
    define, wait = ("async def", "await ") if test.is_async else ("def", "")
    return [f"{define} {head}:", f"    with {exploring}:", f"        {wait}{call}"]


def _told(test: OriginalTest) -> str:
    taken = "" if "emulator" in test.fixtures else ", let it take the fixture `emulator`"
    return (
        f"The values of {test.name} cannot be written. Put this marker directly above it{taken}, and put its body into"
        " `with emulator.exploring:`; then it fails:"
    )


def _marker(faults: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]], others: Mapping[str, Any]) -> str:
    options = "".join(f"    {name}={value!r},\n" for name, value in others.items())
    listed = "".join(f"        {fault!r},\n" for fault in (*faults, *own))
    return f"@pytest.mark.emulator(\n{options}    faults=[\n{listed}    ],\n)"


def _is_literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False
