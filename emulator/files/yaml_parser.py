"""Parses YAML that people write. Imported when a file has to be parsed: what comes with us is kept parsed."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

import yaml

from emulator.errors import ConfigurationError
from emulator.files.yaml_shape import check_shape

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_SAFE):  # type: ignore[misc]
    """Loads what JSON can hold: keys are strings, times stay as they are written. A key twice is refused."""

    yaml_implicit_resolvers: ClassVar[Mapping[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in _SAFE.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """Return the mapping, keyed by what is written."""
        if not isinstance(node, yaml.MappingNode):
            raise yaml.MarkedYAMLError(problem="expected a mapping", problem_mark=node.start_mark)
        _refuse_twice(node)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _scalar(construct: Callable[[Loader, Any], Any], kind: str) -> Callable[[Loader, Any], Any]:
    """Return a constructor that names the line of a value that is none of its `kind`, or that JSON cannot hold."""

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
"""Python writes no longer integer, so it could not be served. Hexadecimal ones are read at any length."""

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
            raise yaml.MarkedYAMLError(problem="a key is a name", problem_mark=key.start_mark)
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"{key.value} is there twice", problem_mark=key.start_mark)
        seen.add(key.value)


def parse(text: str, name: str) -> Any:
    """Return the document in a text. Raises ConfigurationError, naming the file's `name` and line."""
    try:
        check_shape(text, Loader)
        return yaml.load(text, Loader=Loader)
    except yaml.MarkedYAMLError as problem:
        line = f" line {problem.problem_mark.line + 1}" if problem.problem_mark else ""
        what = ", ".join(filter(None, (problem.context, problem.problem)))
        raise ConfigurationError(f"{name}{line}: {what}") from problem
    except (ValueError, yaml.YAMLError) as problem:
        raise ConfigurationError(f"{name}: {problem}") from problem


def line_of(text: str, pointer: str) -> int:
    """Return the line that a JSON pointer leads to, or the nearest above it."""
    node = _composed(text)
    line = node.start_mark.line + 1 if node is not None else 1
    for step in pointer.split("/")[1:]:
        found = _child(node, step.replace("~1", "/").replace("~0", "~"))
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


@lru_cache(maxsize=4)
def _composed(text: str) -> Any:
    """Return the nodes of a text, kept for the next place in the same file."""
    try:
        check_shape(text, Loader)
        return yaml.compose(text, Loader=Loader)
    except yaml.YAMLError:
        # JSON may be indented with tabs, which YAML does not allow.
        return None


def _child(node: Any, step: str) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        return node.value[int(step)], node.value[int(step)]
    return None
