"""Parses YAML that people write, and finds the lines for messages."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import Any

import yaml

from emulator.errors import ConfigurationError
from emulator.exchange import steps_of
from emulator.files.yaml_loader import DEEPEST, Loader, load, with_pairs_of_json


def parse(content: bytes, name: str) -> Any:
    """Return the document in a file's content. Raises ConfigurationError, naming the file's `name` and line."""
    try:
        return load(content)
    except yaml.reader.ReaderError as problem:
        number = content.count(b"\n", 0, problem.position) + 1
        raise ConfigurationError(f"{name} line {number}: {problem.reason}") from problem
    except yaml.MarkedYAMLError as problem:
        line = f" line {problem.problem_mark.line + 1}" if problem.problem_mark else ""
        what = ", ".join(filter(None, (problem.context, problem.problem)))
        raise ConfigurationError(f"{name}{line}: {what}") from problem
    except (ValueError, yaml.YAMLError) as problem:
        raise ConfigurationError(f"{name}: {problem}") from problem


def line_of(content: bytes, pointer: str) -> int:
    """Return the line that a JSON pointer points to, or that of the nearest parent."""
    node = _composed(content)
    line = node.start_mark.line + 1 if node is not None else 1
    for step in steps_of(pointer):
        found = _child(node, step)
        if found is None:
            break
        key, node = found
        line = key.start_mark.line + 1
    return line


@lru_cache(maxsize=4)
def _composed(content: bytes) -> Any:
    """Return the nodes of a document, cached for the next place in the same file."""
    try:
        return with_pairs_of_json(_nodes, content)
    except yaml.YAMLError:
        # JSON may be indented with tabs, which YAML does not allow.
        return None


def _nodes(content: bytes) -> Any:
    return yaml.compose(content, Loader=Loader) if _levels(content) <= DEEPEST else None


def _levels(content: bytes) -> int:
    starts_and_ends = (
        isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        for event in yaml.parse(content, Loader=Loader)
    )
    return max(accumulate(starts_and_ends), default=0)


def _child(node: Any, step: str) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        return node.value[int(step)], node.value[int(step)]
    return None
