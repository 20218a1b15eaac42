"""Loads YAML into values that JSON has. It needs only PyYAML: the wheel's build runs it, too."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import yaml

from emulator.files.yaml_shape import check_shape

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_SAFE):  # type: ignore[misc]
    """Loads values that JSON has: keys are strings, times stay as written. Duplicate keys are refused."""

    yaml_implicit_resolvers: ClassVar[Mapping[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in _SAFE.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """Return the mapping, with keys as written."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.MarkedYAMLError(problem="expected a mapping", problem_mark=node.start_mark)
        _refuse_twice(node)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _scalar(construct: Callable[[Loader, Any], Any], kind: str) -> Callable[[Loader, Any], Any]:
    """Return a constructor that reports the line of a value not of its `kind`, or that JSON cannot represent."""

    def checked(loader: Loader, node: Any) -> Any:
        try:
            value = construct(loader, node)
        except (ValueError, KeyError):
            raise _wrong(node, kind) from None
        is_held = abs(value) < _TOO_LARGE if isinstance(value, int) else math.isfinite(value)
        if not is_held:
            raise _wrong(node, kind)
        return value

    return checked


def _wrong(node: Any, kind: str) -> yaml.MarkedYAMLError:
    written = node.value if len(node.value) <= 40 else f"{node.value[:40]}…"
    return yaml.MarkedYAMLError(problem=f"{written!r} is not {kind}", problem_mark=node.start_mark)


_DIGITS = sys.get_int_max_str_digits() or 4300
_TOO_LARGE = 10**_DIGITS
"""Python does not print longer integers, so they could not be served. Hexadecimal ones are parsed at any length."""

for _tag, _construct, _kind in (
    ("int", Loader.construct_yaml_int, f"an integer of at most {_DIGITS} digits"),
    ("float", Loader.construct_yaml_float, "a number that JSON has"),
    ("bool", Loader.construct_yaml_bool, "a boolean"),
):
    Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _scalar(_construct, _kind))


def _refuse_twice(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="expected a name as key", problem_mark=key.start_mark)
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"duplicate key {key.value}", problem_mark=key.start_mark)
        seen.add(key.value)


def load(text: str) -> Any:
    """Return the document in a text. Raises yaml.YAMLError, with its place if known, or ValueError."""
    check_shape(text, Loader)
    return yaml.load(text, Loader=Loader)
