"""Loads YAML into values that JSON has. It needs only PyYAML: the wheel's build runs it, too.

Values are built from the parser's events, in one pass: a document that is cyclic, too deep or too large is refused
before it takes the memory, and large documents take half the time that nodes in between would.
"""

from __future__ import annotations

import json
import math
import re
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
    return with_pairs_of_json(_load, text)


def with_pairs_of_json(parse: Callable[[str], Any], text: str) -> Any:
    """Parse a text: JSON, which is YAML, may write a character as two escapes, but libyaml refuses them."""
    try:
        return parse(text)
    except yaml.scanner.ScannerError:
        joined = _PAIR.sub(lambda pair: pair[1] + json.loads(f'"{pair[2]}"'), text)
        if joined == text:
            raise
        return parse(joined)


_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
"""The escapes of two surrogates, which are a character beyond U+FFFF, after escaped backslashes."""


def _load(text: str) -> Any:
    loader = Loader(text)
    try:
        building = _Building(loader)
        take, next_event = building.take, loader.get_event
        while (event := next_event()) is not None:
            take[type(event)](event)
        return building.documents[0] if building.documents else None
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

_NEXT: Any = object()
"""The key of a mapping that comes next."""

_MERGE: Any = object()
"""The key `<<`: its mappings are merged into the one that has it."""

_ITEM: Any = object()
"""What a list has instead of a key."""

_UNKNOWN: Any = object()


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
    key: Any = _ITEM
    merged: list[dict[str, Any]] | None = None


class _Building:
    """Builds the `documents` from events: `take` has the method for each kind of them."""

    def __init__(self, loader: Any) -> None:
        self.documents: list[Any] = []
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
        self._open = [_Node(self.documents)]
        self._anchored: dict[str, _Node | None] = {}
        self._plain: dict[str, Any] = {}

    def _begin_document(self, event: Any) -> None:
        if self.documents:
            raise _refusal("expected a single document in the stream, but found another document", event)

    def _scalar(self, event: Any) -> None:
        # Most of a large document is this: it calls others for what is rare alone.
        text, above = event.value, self._open[-1]
        if event.tag is not None:
            _check_tag(event)
        if above.key is _NEXT:
            value = self._name(above, text, event, may_merge=event.implicit[0])
        else:
            is_plain = event.tag is None and event.implicit[0]
            value = self._plain.get(text, _UNKNOWN) if is_plain else _UNKNOWN
            if value is _UNKNOWN:
                value = self._value(text, event)
            above.values += 1
            self._put(above, value, event)
        if event.anchor is not None:
            self._keep(event.anchor, _Node(value, text), event)

    def _value(self, text: str, event: Any) -> Any:
        """Return the value of a scalar: by its tag, or else, if it is plain, by what it looks like."""
        if event.tag not in (None, "!"):
            return self._constructed(event.tag, text, event)
        if not event.implicit[0]:
            return text
        resolvers = Loader.yaml_implicit_resolvers.get(text[:1], ())
        found = next((tag for tag, pattern in resolvers if pattern.match(text)), "")
        self._plain[text] = value = self._constructed(found, text, event)
        return value

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
        self._begin(_Node({}, anchor=event.anchor, key=_NEXT), f"{_PREFIX}map", event)

    def _begin_list(self, event: Any) -> None:
        self._begin(_Node([], anchor=event.anchor), f"{_PREFIX}seq", event)

    def _begin(self, node: _Node, tag: str, event: Any) -> None:
        if event.tag not in (None, "!", tag):
            _check_tag(event)
            raise _refusal(f"expected {_COLLECTIONS.get(event.tag, 'a scalar')}", event)
        if self._open[-1].key is _NEXT:
            raise _refusal("expected a name as key", event)
        if len(self._open) > DEEPEST:
            raise _refusal(f"more than {DEEPEST} levels", event)
        self._open.append(node)
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
        self._put_counted(node, node.value, node.aliased, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchored:
            raise _refusal(f"unknown alias *{event.anchor}", event)
        known = self._anchored[event.anchor]
        if known is None:
            raise _refusal(f"*{event.anchor} refers to a value that contains it", event)
        if self._open[-1].key is _NEXT:
            self._name(self._open[-1], known.text, event, may_merge=False)
        else:
            # A copy: who changes one of the values does not mean the other.
            self._put_counted(known, json.loads(json.dumps(known.value)), known.values, event)

    def _keep(self, anchor: str, node: _Node | None, event: Any) -> None:
        if anchor in self._anchored:
            raise _refusal(f"duplicate anchor &{anchor}", event)
        self._anchored[anchor] = node

    def _name(self, above: _Node, text: str | None, event: Any, *, may_merge: bool) -> str:
        """Take the key of the next value, and return it."""
        if text is None:
            raise _refusal("expected a name as key", event)
        if text in above.value or (text == "<<" and above.merged is not None):
            raise _refusal(f"duplicate key {text}", event)
        above.values += 1
        above.key = _MERGE if may_merge and text == "<<" else text
        return text

    def _put_counted(self, node: _Node, value: Any, aliased: int, event: Any) -> None:
        """Put the value of a node into the collection around it, which is as large and as deep then."""
        above = self._open[-1]
        above.values += node.values
        above.aliased += aliased
        above.levels = max(above.levels, node.levels + 1)
        if above.levels > DEEPEST and len(self._open) > 1:
            raise _refusal(f"more than {DEEPEST} levels", event)
        if above.aliased > MOST_VALUES:
            raise _refusal(f"its aliases expand to more than {MOST_VALUES} values", event)
        self._put(above, value, event)

    def _put(self, above: _Node, value: Any, event: Any) -> None:
        """Put a value into the collection around it."""
        if above.key is _ITEM:
            above.value.append(value)
            return
        if above.key is _MERGE:
            above.merged = _mappings(value, event)
        else:
            above.value[above.key] = value
        above.key = _NEXT


def _mappings(value: Any, event: Any) -> list[dict[str, Any]]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, dict) for one in found):
        raise _refusal("expected a mapping or list of mappings for merging", event)
    return found


def _check_tag(event: Any) -> None:
    if event.tag != "!" and event.tag not in _TAGS:
        name = event.tag.replace(_PREFIX, "!!")
        raise _refusal(f"unsupported tag {name}: JSON has no such value", event)


def _refusal(sentence: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=sentence, problem_mark=event.start_mark)
