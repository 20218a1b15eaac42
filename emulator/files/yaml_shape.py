"""Checks that a YAML text unfolds into a JSON document of bounded size, before anything is built from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import yaml

DEEPEST = 200
"""The maximum depth of a document, in levels. libyaml recurses without a limit, and would crash the process."""

MOST_VALUES = 1_000_000
"""How many values a document may have once its aliases are expanded."""

_PREFIX = "tag:yaml.org,2002:"
_TAGS = frozenset(f"{_PREFIX}{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map"))


@dataclass(slots=True)
class _Shape:
    """How many values a node expands to, how many of these by aliases, and how many levels it has."""

    values: int = 1
    aliased: int = 0
    levels: int = 1

    def add(self, child: _Shape) -> None:
        self.values += child.values
        self.aliased += child.aliased
        self.levels = max(self.levels, child.levels + 1)


@dataclass(slots=True)
class _Shapes:
    """The open nodes, outermost first, and those with an anchor."""

    open: list[tuple[str | None, _Shape]] = field(default_factory=list)
    anchored: dict[str, _Shape | None] = field(default_factory=dict)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(*self.open.pop(), event)
        elif isinstance(event, yaml.ScalarEvent):
            _check_tag(event)
            self._close(event.anchor, _Shape(), event)
        elif isinstance(event, yaml.AliasEvent):
            # The composer refuses an unknown alias.
            known = self.anchored.get(str(event.anchor), _Shape())
            if known is None:
                raise _refusal(f"*{event.anchor} refers to a value that contains it", event)
            self._close(None, replace(known, aliased=known.values), event)

    def _begin(self, event: Any) -> None:
        _check_tag(event)
        self.open.append((event.anchor, _Shape()))
        if len(self.open) > DEEPEST:
            raise _refusal(f"more than {DEEPEST} levels", event)
        if event.anchor:
            self.anchored[event.anchor] = None

    def _close(self, anchor: str | None, shape: _Shape, event: Any) -> None:
        if anchor:
            self.anchored[anchor] = shape
        if not self.open:
            return
        above = self.open[-1][1]
        above.add(shape)
        if above.levels > DEEPEST:
            raise _refusal(f"more than {DEEPEST} levels", event)
        if above.aliased > MOST_VALUES:
            raise _refusal(f"its aliases expand to more than {MOST_VALUES} values", event)


@lru_cache(maxsize=4)
def check_shape(text: str, loader: Any) -> None:
    """Raise yaml.MarkedYAMLError for a text that is cyclic, too deep or too large, or has tags unknown to JSON."""
    shapes = _Shapes()
    for event in yaml.parse(text, Loader=loader):
        shapes.take(event)


def _check_tag(event: Any) -> None:
    if event.tag and event.tag != "!" and event.tag not in _TAGS:
        name = event.tag.replace(_PREFIX, "!!")
        raise _refusal(f"unsupported tag {name}: JSON has no such value", event)


def _refusal(sentence: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=sentence, problem_mark=event.start_mark)
