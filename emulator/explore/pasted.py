"""A test to paste, which fails as the explored run did."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import indent
from typing import Any

__all__ = ["OriginalTest", "pasted"]

SUFFIX = "_explored"


@dataclass(frozen=True)
class OriginalTest:
    """A test function: the fixtures that it takes, the values of its parameters, its markers as they are written.

    `options` are those of its marker `emulator`.
    """

    name: str
    fixtures: Sequence[str]
    values: Mapping[str, Any] = field(default_factory=dict)
    markers: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    is_async: bool = False
    is_method: bool = False
    can_be_called: bool = True


def pasted(test: OriginalTest, faults: Sequence[Mapping[str, Any]], number: int = 1) -> str:
    """Return the test beside `test` that runs it with these faults; only its marker if a value cannot be written.

    `number` is that of several tests.
    """
    marker = _marker(test, faults)
    if not test.can_be_called or not all(_is_literal(value) for value in (*test.values.values(), test.options)):
        return marker
    head, call = ("async def", "await ") if test.is_async else ("def", "")
    owner, first = ("self.", ["self"]) if test.is_method else ("", [])
    fixtures = [name for name in test.fixtures if name not in test.values]
    parameters = [*first, *fixtures, *([] if "emulator" in fixtures else ["emulator"])]
    given = [*(f"{name}={name}" for name in fixtures), *(f"{name}={value!r}" for name, value in test.values.items())]
    lines = [
        *test.markers,
        marker,
        f"{head} {test.name}{SUFFIX}{'' if number == 1 else f'_{number}'}({', '.join(parameters)}):",
        "    with emulator.exploring:",
        f"        {call}{owner}{test.name}({', '.join(given)})",
    ]
    return indent("\n".join(lines), "    " if test.is_method else "")


def _marker(test: OriginalTest, faults: Sequence[Mapping[str, Any]]) -> str:
    others = "".join(f"    {name}={value!r},\n" for name, value in test.options.items() if name != "faults")
    listed = "".join(f"        {fault!r},\n" for fault in (*faults, *test.options.get("faults", ())))
    return f"@pytest.mark.emulator(\n{others}    faults=[\n{listed}    ],\n)"


def _is_literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False
