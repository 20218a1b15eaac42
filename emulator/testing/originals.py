"""What can be read of a test to write another one that calls it."""

from __future__ import annotations

import unittest
from collections.abc import Container, Iterator
from inspect import isasyncgenfunction, iscoroutinefunction, signature, unwrap
from typing import Any

import pytest

from emulator.explore.pasted import OriginalTest

__all__ = ["may_call", "original_of"]

WRITTEN_OTHERWISE = ("emulator", "parametrize")


def original_of(item: pytest.Item, calling: Container[str] = ()) -> OriginalTest:
    """Return how a test function is called, and what its markers are; `calling` are fixtures that may make calls."""
    function, owner = getattr(item, "function", None), getattr(item, "cls", None)
    assert callable(function)
    direct = set(_direct_parameters(item))
    callspec = getattr(item, "callspec", None)
    params, indices = getattr(callspec, "params", {}), getattr(callspec, "indices", {})
    fixtures = [name for name in signature(function).parameters if name != "self"]
    return OriginalTest(
        name=function.__name__,
        fixtures=fixtures,
        values={name: value for name, value in params.items() if name in direct},
        markers=[_written(mark) for mark in item.own_markers if mark.name not in WRITTEN_OTHERWISE],
        options={name: value for mark in reversed(_options(item)) for name, value in mark.kwargs.items()},
        case="_".join(map(str, indices.values())),
        calling=[name for name in fixtures if name in calling],
        is_async=iscoroutinefunction(function),
        is_method=owner is not None,
        is_unittest=isinstance(owner, type) and issubclass(owner, unittest.TestCase),
        can_be_called=not _is_indirect(item),
    )


def may_call(fixture: pytest.FixtureDef[Any], calling: Container[str]) -> bool:
    """Return True for a fixture that has the sandbox, directly or from one of `calling`, and that a test can ask for.

    Nobody can ask for an asynchronous fixture while the test's event loop runs, and for one with parameters at all.
    """
    is_async = any(test(unwrap(fixture.func)) for test in (iscoroutinefunction, isasyncgenfunction))
    has_sandbox = any(name == "emulator" or name in calling for name in fixture.argnames)
    return has_sandbox and not is_async and fixture.params is None


def _options(item: pytest.Item) -> list[pytest.Mark]:
    return [mark for mark in item.own_markers if mark.name == "emulator"]


def _is_indirect(item: pytest.Item) -> bool:
    return any(mark.kwargs.get("indirect") for mark in item.iter_markers("parametrize"))


def _direct_parameters(item: pytest.Item) -> Iterator[str]:
    """Yield the names of the parameters that are no fixtures."""
    for mark in item.iter_markers("parametrize"):
        names: Any = mark.args[0] if mark.args else mark.kwargs["argnames"]
        yield from (name.strip() for name in (names.split(",") if isinstance(names, str) else names))


def _written(mark: pytest.Mark) -> str:
    given = ", ".join([*map(repr, mark.args), *(f"{name}={value!r}" for name, value in mark.kwargs.items())])
    return f"@pytest.mark.{mark.name}" + (f"({given})" if given else "")
