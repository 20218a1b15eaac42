"""What can be read of a test to write another one that calls it."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from inspect import iscoroutinefunction, signature
from typing import Any

import pytest

from emulator.explore.pasted import OriginalTest

__all__ = ["original_of"]

WRITTEN_OTHERWISE = ("emulator", "parametrize")


def original_of(item: pytest.Item) -> OriginalTest:
    """Return how a test function is called, and what its markers are."""
    function, owner = getattr(item, "function", None), getattr(item, "cls", None)
    assert callable(function)
    direct = set(_direct_parameters(item))
    callspec = getattr(item, "callspec", None)
    params, indices = getattr(callspec, "params", {}), getattr(callspec, "indices", {})
    return OriginalTest(
        name=function.__name__,
        fixtures=[name for name in signature(function).parameters if name != "self"],
        values={name: value for name, value in params.items() if name in direct},
        markers=[_written(mark) for mark in item.own_markers if mark.name not in WRITTEN_OTHERWISE],
        options={name: value for mark in reversed(_options(item)) for name, value in mark.kwargs.items()},
        case="_".join(map(str, indices.values())),
        is_async=iscoroutinefunction(function),
        is_method=owner is not None,
        is_unittest=isinstance(owner, type) and issubclass(owner, unittest.TestCase),
        can_be_called=not _is_indirect(item),
    )


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
