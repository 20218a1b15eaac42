"""Values in declarations: JSON in which strings that begin with `$` are OpenAPI's runtime expressions.

OpenAPI Specification, Runtime Expressions: $url, $method, $request.path, .query, .header and .body. Ours are $now,
$identity, $switch, and what the place of a value knows besides: $record, $id, $removed, in strategies $items and so on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from emulator.errors import unknown
from emulator.exchange import NOTHING, Call
from emulator.store.world import World

Problem: TypeAlias = tuple[str, str]
"""A JSON pointer below the declaration, and a sentence."""

_EMBEDDED = re.compile(r"\{(\$[^}]*)\}")
_PLACES = {"path": "path parameter", "query": "query parameter", "header": "header", "arguments": "argument"}


class Scope(NamedTuple):
    """What expressions may name: the parameters of an operation by place, switches, and other names without `$`.

    Outside a transaction (`has_world` is False) there is neither a time nor an identity.
    """

    parameters: Mapping[str, Iterable[str]] = {}
    switches: Iterable[str] = ()
    names: Iterable[str] = ()
    has_world: bool = True

    def problems(self, value: Any, pointer: str = "") -> Iterator[Problem]:
        """Yield the expressions in a value that contain unknown names."""
        if isinstance(value, dict):
            for name, one in value.items():
                yield from self.problems(one, f"{pointer}/{name}")
        elif isinstance(value, list):
            for number, one in enumerate(value):
                yield from self.problems(one, f"{pointer}/{number}")
        elif isinstance(value, str):
            yield from ((pointer, sentence) for text in _expressions(value) if (sentence := self._problem(text)))

    def _problem(self, text: str) -> str:
        source = text[1:].partition("#")[0]
        first, _, rest = source.partition(".")
        place, _, name = rest.partition(".")
        if first == "request" and place in _PLACES and name:
            known = list(self.parameters.get(place, ()))
            is_known = name in known or (place == "header" and name.lower() in map(str.lower, known))
            return "" if is_known else unknown(_PLACES[place], name, known)
        if first == "switch" and rest:
            return "" if rest in self.switches else unknown("switch", rest, self.switches, plural="switches")
        is_identity = first == "identity" and rest and self.has_world
        if source == "request.body" or is_identity or (not rest and first in self._bare()):
            return ""
        known = [*self._bare(), "request.path.NAME", "request.query.NAME", "request.header.NAME", "request.body"]
        known += ["identity.user"] if self.has_world else []
        return unknown("expression", text, [f"${one}" for one in [*known, "switch.NAME"]])

    def _bare(self) -> list[str]:
        return ["url", "method", *(["now"] if self.has_world else []), *self.names]


@dataclass(frozen=True)
class Context:
    """The values of expressions in one call; `names` are the names that are special to this place."""

    call: Call
    world: World | None = None
    names: Mapping[str, Any] = field(default_factory=dict)

    def value(self, written: Any) -> Any:
        """Return a value with its expressions replaced; NOTHING for a value that was not sent."""
        if isinstance(written, dict):
            found = {name: self.value(one) for name, one in written.items()}
            return {name: one for name, one in found.items() if one is not NOTHING}
        if isinstance(written, list):
            return [one for one in map(self.value, written) if one is not NOTHING]
        if not isinstance(written, str) or "$" not in written:
            return written
        if written.startswith("$$"):
            return written[1:]
        return self._named(written) if written.startswith("$") else _EMBEDDED.sub(self._embedded, written)

    def _embedded(self, found: re.Match[str]) -> str:
        value = self._named(found[1])
        return "" if value is NOTHING or value is None else str(value)

    def _named(self, text: str) -> Any:
        source, _, pointer = text[1:].partition("#")
        first, _, rest = source.partition(".")
        found = _SOURCES[first](self, rest) if first in _SOURCES else self.names.get(first, NOTHING)
        return _at(found, pointer)

    def _request(self, rest: str) -> Any:
        place, _, name = rest.partition(".")
        if place == "body":
            return self.call.document
        if place == "header":
            # A handler that only reads is given the declared headers alone, as parameters.
            name = next((known for known in self.call.params if known.lower() == name.lower()), name)
        return self.call.param(place, name)

    def _identity(self, rest: str) -> Any:
        try:
            identity = self.world.identity if self.world else None
        except LookupError:
            return NOTHING
        if identity is None:
            return NOTHING
        return identity.user if rest == "user" else identity.credential.get(rest, NOTHING)


_SOURCES: Mapping[str, Callable[[Context, str], Any]] = {
    "request": Context._request,
    "identity": Context._identity,
    "switch": lambda context, name: context.call.switches.get(name, NOTHING),
    "now": lambda context, _: written_time(context.world.now) if context.world else NOTHING,
    "url": lambda context, _: f"{context.call.base_url}{context.call.path}",
    "method": lambda context, _: context.call.method,
}


def written_time(now: datetime) -> str:
    """Return a time as most JSON APIs write it: RFC 3339, in UTC, with milliseconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z"


def names_in(value: Any, place: str) -> set[str]:
    """Return the parameters of a place ("path") that the expressions in a value name."""
    if isinstance(value, dict | list):
        return {name for one in (value.values() if isinstance(value, dict) else value) for name in names_in(one, place)}
    start = f"$request.{place}."
    found = _expressions(value) if isinstance(value, str) else []
    return {text.removeprefix(start).partition("#")[0] for text in found if text.startswith(start)}


def _expressions(text: str) -> list[str]:
    if text.startswith("$"):
        return [] if text.startswith("$$") else [text]
    return _EMBEDDED.findall(text)


def _at(value: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer, or NOTHING."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            value = value.get(key, NOTHING) if isinstance(value, dict) else NOTHING
    return value
