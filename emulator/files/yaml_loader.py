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
from typing import Any, ClassVar, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

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


def load(content: bytes) -> Any:
    """Return the document in UTF-8, which a parser of C takes undecoded.

    Raises yaml.YAMLError, with its place if known, or ValueError.
    """
    return with_pairs_of_json(_load, content)


def with_pairs_of_json(parse: Callable[[bytes], Any], content: bytes) -> Any:
    """Parse YAML: JSON, which is YAML, may write a character as two escapes, but libyaml refuses them."""
    try:
        return parse(content)
    except yaml.scanner.ScannerError:
        joined = _PAIR.sub(lambda pair: pair[1] + json.loads(b'"%b"' % pair[2]).encode(), content)
        if joined == content:
            raise
        return parse(joined)


_PAIR = re.compile(rb"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")
"""The escapes of two surrogates, which are a character beyond U+FFFF, after escaped backslashes."""


def _load(content: bytes) -> Any:
    loader = Loader(content)
    try:
        return _Building(loader).document()
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

_UNKNOWN: Any = object()
_TOO_DEEP = f"more than {DEEPEST} levels"


class _Anchored(NamedTuple):
    """What an anchor names: a value, and the text of a scalar."""

    value: Any
    text: str | None = None


class _Building:
    """Builds a document from events; `depth` is how many collections are around a value."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._next = loader.get_event
        self._anchored: dict[str, _Anchored | None] = {}
        self._aliased = 0
        self._plain: dict[str, Any] = {}

    def document(self) -> Any:
        """Return the only document in the stream; None if it is empty."""
        self._next()
        if type(self._next()) is StreamEndEvent:
            return None
        value = self._value(self._next(), 0)
        self._next()
        if type(event := self._next()) is not StreamEndEvent:
            raise _refusal("expected a single document in the stream, but found another document", event)
        return value

    def _value(self, event: Any, depth: int) -> Any:
        """Return the value that begins with an event."""
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._repeated(event, depth)
        tag = f"{_PREFIX}map" if kind is MappingStartEvent else f"{_PREFIX}seq"
        if event.tag not in (None, "!", tag):
            _check_tag(event)
            raise _refusal(f"expected {_COLLECTIONS.get(event.tag, 'a scalar')}", event)
        if depth >= DEEPEST:
            raise _refusal(_TOO_DEEP, event)
        if event.anchor is not None:
            self._keep(event.anchor, None, event)
        value = self._mapping(depth + 1) if kind is MappingStartEvent else self._list(depth + 1)
        if event.anchor is not None:
            self._anchored[event.anchor] = _Anchored(value)
        return value

    def _mapping(self, depth: int) -> dict[str, Any]:
        value: dict[str, Any] = {}
        merged: list[dict[str, Any]] | None = None
        next_event = self._next
        while type(event := next_event()) is not MappingEndEvent:
            name = self._name(event)
            if name in value or (name == "<<" and merged is not None):
                raise _refusal(f"duplicate key {name}", event)
            of = self._value(next_event(), depth)
            if name == "<<" and type(event) is ScalarEvent and event.implicit[0]:
                merged = _mappings(of, event)
            else:
                value[name] = of
        # The first of several mappings goes before the others, the own values before all.
        return {name: of for one in [*reversed(merged), value] for name, of in one.items()} if merged else value

    def _list(self, depth: int) -> list[Any]:
        value: list[Any] = []
        while type(event := self._next()) is not SequenceEndEvent:
            value.append(self._value(event, depth))
        return value

    def _name(self, event: Any) -> str:
        """Return the key that an event is."""
        kind = type(event)
        if kind is ScalarEvent:
            text: str | None = event.value
            if event.tag is not None:
                _check_tag(event)
            if event.anchor is not None:
                self._keep(event.anchor, _Anchored(text, text), event)
        else:
            text = self._known(event).text if kind is AliasEvent else None
        if text is None:
            raise _refusal("expected a name as key", event)
        return text

    def _scalar(self, event: Any) -> Any:
        """Return the value of a scalar: by its tag, or else, if it is plain, by what it looks like."""
        text, tag = event.value, event.tag
        if tag is not None and tag != "!":
            _check_tag(event)
            value = self._constructed(tag, text, event)
        elif not event.implicit[0]:
            value = text
        elif (value := self._plain.get(text, _UNKNOWN)) is _UNKNOWN:
            resolvers = Loader.yaml_implicit_resolvers.get(text[:1], ())
            found = next((tag for tag, pattern in resolvers if pattern.match(text)), "")
            self._plain[text] = value = self._constructed(found, text, event)
        if event.anchor is not None:
            self._keep(event.anchor, _Anchored(value, text), event)
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

    def _repeated(self, event: Any, depth: int) -> Any:
        """Return a copy of the value that an alias repeats: who changes one of the two does not mean the other."""
        value = self._known(event).value
        values, levels = _extent(value)
        if depth + levels > DEEPEST:
            raise _refusal(_TOO_DEEP, event)
        self._aliased += values
        if self._aliased > MOST_VALUES:
            raise _refusal(f"its aliases expand to more than {MOST_VALUES} values", event)
        return json.loads(json.dumps(value))

    def _known(self, event: Any) -> _Anchored:
        """Return what an alias refers to."""
        if event.anchor not in self._anchored:
            raise _refusal(f"unknown alias *{event.anchor}", event)
        known = self._anchored[event.anchor]
        if known is None:
            raise _refusal(f"*{event.anchor} refers to a value that contains it", event)
        return known

    def _keep(self, anchor: str, anchored: _Anchored | None, event: Any) -> None:
        if anchor in self._anchored:
            raise _refusal(f"duplicate anchor &{anchor}", event)
        self._anchored[anchor] = anchored


def _extent(value: Any) -> tuple[int, int]:
    """Return how many values a value has in it, with keys and itself, and how many levels of collections."""
    if not isinstance(value, dict | list):
        return 1, 0
    below = [_extent(one) for one in (value.values() if isinstance(value, dict) else value)]
    keys = len(value) if isinstance(value, dict) else 0
    return 1 + keys + sum(values for values, _ in below), 1 + max((levels for _, levels in below), default=0)


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
