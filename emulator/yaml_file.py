"""Reading a YAML file that people write: what is wrong in it is named with its line and key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from emulator.errors import ConfigurationError

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_SAFE):  # type: ignore[misc]
    """Loads what JSON can hold: keys are strings, times stay as they are written. A key twice is refused."""

    yaml_implicit_resolvers: ClassVar[Mapping[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in _SAFE.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """Return the mapping, keyed by what is written."""
        _refuse_twice(node)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _refuse_twice(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key is a name", problem_mark=key.start_mark)
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"{key.value} is there twice", problem_mark=key.start_mark)
        seen.add(key.value)


def read_yaml(file: Path) -> Any:
    """Return the document in a file. Raises ConfigurationError, naming file and line, if it does not parse."""
    try:
        return yaml.load(file.read_text("utf-8"), Loader=Loader)
    except yaml.MarkedYAMLError as problem:
        line = f" line {problem.problem_mark.line + 1}" if problem.problem_mark else ""
        what = ", ".join(filter(None, (problem.context, problem.problem)))
        raise ConfigurationError(f"{short_name(file)}{line}: {what}") from problem
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise ConfigurationError(f"{short_name(file)}: {problem}") from problem


def place(file: Path, pointer: str) -> str:
    """Return "fixtures/secoda/scenarios.yaml line 12, /scenarios/slow/faults/0" for a JSON pointer into the file."""
    return f"{short_name(file)} line {_line(file, pointer)}, {pointer or 'the whole file'}"


def short_name(file: Path) -> str:
    """Return the file's name with its two folders: people know which tree they gave."""
    return "/".join(file.parts[-3:])


def _line(file: Path, pointer: str) -> int:
    node = yaml.compose(file.read_text("utf-8"), Loader=Loader)
    line = node.start_mark.line + 1 if node is not None else 1
    for step in pointer.split("/")[1:]:
        found = _child(node, step.replace("~1", "/").replace("~0", "~"))
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


def _child(node: Any, step: str) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        return node.value[int(step)], node.value[int(step)]
    return None
