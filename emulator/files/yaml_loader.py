"""Loads YAML into values that JSON has. It needs only PyYAML: the wheel's build runs it, too.

Values are built from the parser's events, in one pass: a document that is cyclic, too deep or too large is refused
before it takes the memory, and large documents take half the time that nodes in between would.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

DEEPEST = 200
"""The maximum depth of a document, in levels. libyaml's composer recurses without a limit, and crashes the process."""

MOST_VALUES = 1_000_000
"""How many values a document may have once its aliases are expanded."""

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(_SAFE):  # type: ignore[misc]
    """Parses YAML whose scalars are those of JSON: times stay as written."""

    yaml_implicit_resolvers: ClassVar[Mapping[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in _SAFE.yaml_implicit_resolvers.items()
    }


def load(text: str) -> Any:
    """Return the document in a text. Raises yaml.YAMLError, with its place if known, or ValueError."""
    loader = Loader(text)
    try:
        building = _Building(loader)
        while (event := loader.get_event()) is not None:
            building.take[type(event)](event)
        return building.document
    finally:
        loader.dispose()


_PREFIX = "tag:yaml.org,2002:"
_DIGITS = sys.get_int_max_str_digits() or 4300
_TOO_LARGE = 10**_DIGITS
"""Python does not print longer integers, so they could not be served. Hexadecimal ones are parsed at any length."""

_SCALARS: Mapping[str, tuple[Callable[[Any, Any], Any], str]] = {
    f"{_PREFIX}null": (lambda _loader, _node: None, "null"),
    f"{_PREFIX}int": (Loader.construct_yaml_int, f"an integer of at most {_DIGITS} digits"),
    f"{_PREFIX}float": (Loader.construct_yaml_float, "a number that JSON has"),
    f"{_PREFIX}bool": (Loader.construct_yaml_bool, "a boolean"),
}
"""What makes a value of a scalar, and what it is, by its tag. Other scalars are texts."""

_COLLECTIONS = {f"{_PREFIX}seq": "a list", f"{_PREFIX}map": "a mapping"}
_TAGS = {*_SCALARS, *_COLLECTIONS, f"{_PREFIX}str"}

_NO_KEY: Any = object()
_MERGE: Any = object()
"""The key `<<`: its mappings are merged into the one that has it."""


@dataclass(slots=True)
class _Node:
    """A value: to how many it expands, how many of these by aliases, how many levels it has, and a scalar's text.

    Of an open collection, `anchor` is its name, `key` that of the next value, `merged` the mappings at `<<`.
    """

    value: Any
    text: str | None = None
    values: int = 1
    aliased: int = 0
    levels: int = 1
    anchor: str | None = None
    key: Any = _NO_KEY
    merged: list[dict[str, Any]] | None = None


class _Building:
    """Builds the `document` from events: `take` has the method for each kind of them."""

    def __init__(self, loader: Any) -> None:
        self.document: Any = None
        self.take: Mapping[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._begin_mapping,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceStartEvent: self._begin_list,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin_document,
            **dict.fromkeys((yaml.DocumentEndEvent, yaml.StreamStartEvent, yaml.StreamEndEvent), lambda _event: None),
        }
        self._loader = loader
        self._open: list[_Node] = []
        self._anchored: dict[str, _Node | None] = {}
        self._plain: dict[str, Any] = {}
        self._documents = 0

    def _begin_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _refusal("expected a single document in the stream, but found another document", event)

    def _scalar(self, event: Any) -> None:
        text, tag = event.value, event.tag
        if tag is not None and tag != "!":
            _check_tag(event)
        above = self._open[-1] if self._open else None
        if above is not None and above.key is _NO_KEY and type(above.value) is dict:
            self._name(above, text, event, may_merge=event.implicit[0])
            value = text
        else:
            value = self._value(text, tag, event)
            self._put(value, event)
        if event.anchor is not None:
            self._keep(event.anchor, _Node(value, text), event)

    def _value(self, text: str, tag: str | None, event: Any) -> Any:
        if tag is not None and tag != "!":
            return self._constructed(tag, text, event)
        if not event.implicit[0]:
            return text
        if text not in self._plain:
            resolvers = Loader.yaml_implicit_resolvers.get(text[:1], ())
            found = next((tag for tag, pattern in resolvers if pattern.match(text)), "")
            self._plain[text] = self._constructed(found, text, event)
        return self._plain[text]

    def _constructed(self, tag: str, text: str, event: Any) -> Any:
        """Return the value of a scalar. Refuses, with its line, one not of its kind, or that JSON cannot represent."""
        if tag in _COLLECTIONS:
            raise _refusal(f"expected {_COLLECTIONS[tag]}", event)
        construct, kind = _SCALARS.get(tag, (None, ""))
        if construct is None:
            return text
        try:
            value = construct(self._loader, yaml.ScalarNode(tag, text))
        except (ValueError, KeyError):
            value = math.nan
        if value is not None and not (abs(value) < _TOO_LARGE if isinstance(value, int) else math.isfinite(value)):
            written = text if len(text) <= 40 else f"{text[:40]}…"
            raise _refusal(f"{written!r} is not {kind}", event)
        return value

    def _begin_mapping(self, event: Any) -> None:
        self._begin({}, f"{_PREFIX}map", event)

    def _begin_list(self, event: Any) -> None:
        self._begin([], f"{_PREFIX}seq", event)

    def _begin(self, value: Any, tag: str, event: Any) -> None:
        if event.tag not in (None, "!", tag):
            _check_tag(event)
            raise _refusal(f"expected {_COLLECTIONS.get(event.tag, 'a scalar')}", event)
        if self._open and self._open[-1].key is _NO_KEY and type(self._open[-1].value) is dict:
            raise _refusal("expected a name as key", event)
        self._open.append(_Node(value, anchor=event.anchor))
        if len(self._open) > DEEPEST:
            raise _refusal(f"more than {DEEPEST} levels", event)
        if event.anchor is not None:
            self._keep(event.anchor, None, event)

    def _end(self, event: Any) -> None:
        node = self._open.pop()
        if node.merged is not None:
            # The first of several mappings goes before the others, the own values before all.
            merged = {name: value for one in reversed(node.merged) for name, value in one.items()}
            node.value = {**merged, **node.value}
        if node.anchor is not None:
            self._anchored[node.anchor] = node
        self._count(node.values, node.aliased, node.levels, event)
        self._put(node.value, event, is_counted=True)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchored:
            raise _refusal(f"unknown alias *{event.anchor}", event)
        known = self._anchored[event.anchor]
        if known is None:
            raise _refusal(f"*{event.anchor} refers to a value that contains it", event)
        above = self._open[-1]
        if above.key is _NO_KEY and type(above.value) is dict:
            self._name(above, known.text, event, may_merge=False)
            return
        self._count(known.values, known.values, known.levels, event)
        self._put(known.value, event, is_counted=True)

    def _keep(self, anchor: str, node: _Node | None, event: Any) -> None:
        if anchor in self._anchored:
            raise _refusal(f"duplicate anchor &{anchor}", event)
        self._anchored[anchor] = node

    def _count(self, values: int, aliased: int, levels: int, event: Any) -> None:
        """Count a value with what is in it, in the collection around it."""
        if not self._open:
            return
        above = self._open[-1]
        above.values += values
        above.aliased += aliased
        above.levels = max(above.levels, levels + 1)
        if above.levels > DEEPEST:
            raise _refusal(f"more than {DEEPEST} levels", event)
        if above.aliased > MOST_VALUES:
            raise _refusal(f"its aliases expand to more than {MOST_VALUES} values", event)

    def _name(self, above: _Node, text: str | None, event: Any, *, may_merge: bool) -> None:
        """Take the key of the next value."""
        if text is None:
            raise _refusal("expected a name as key", event)
        above.values += 1
        if text in above.value or (text == "<<" and above.merged is not None):
            raise _refusal(f"duplicate key {text}", event)
        above.key = _MERGE if may_merge and text == "<<" else text

    def _put(self, value: Any, event: Any, *, is_counted: bool = False) -> None:
        """Put a value into the collection around it."""
        if not self._open:
            self.document = value
            return
        above = self._open[-1]
        if not is_counted:
            above.values += 1
            above.levels = max(above.levels, 2)
        if type(above.value) is list:
            above.value.append(value)
        elif above.key is _MERGE:
            above.merged = _mappings(value, event)
            above.key = _NO_KEY
        else:
            above.value[above.key] = value
            above.key = _NO_KEY


def _mappings(value: Any, event: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in found):
        raise _refusal("expected a mapping or list of mappings for merging", event)
    return found


def _check_tag(event: Any) -> None:
    if event.tag not in _TAGS:
        name = event.tag.replace(_PREFIX, "!!")
        raise _refusal(f"unsupported tag {name}: JSON has no such value", event)


def _refusal(sentence: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=sentence, problem_mark=event.start_mark)
