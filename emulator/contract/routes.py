"""Finds the operation of a path: a tree of path segments, built at the start from the contracts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple
from urllib.parse import unquote, unquote_to_bytes

from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.errors import ContractError
from emulator.exchange import UNDECODABLE, Violation

_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_ANY_SLASH = re.compile("(/|%2[fF])")


class Route(NamedTuple):
    """The route of a path: its operations by method, where the vendor's base URL ends, and the raw parameters.

    `violations` have the rule UNDECODABLE: parameters that the vendor refuses because they cannot be decoded.
    """

    operations: Mapping[str, Operation]
    mount: str
    params: Mapping[str, str]
    violations: Sequence[Violation] = ()


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    operations: dict[str, Operation] = field(default_factory=dict)
    mount: str = ""
    names: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)

    def child(self, segment: str, fixed: Callable[[str], str]) -> _Node:
        if not segment.startswith("{"):
            return self.children.setdefault(fixed(segment), _Node())
        if self.parameter is None:
            self.parameter = _Node()
        return self.parameter


class Routes:
    """The operations of one contract by path below the vendor's root ("/api/v1/integration/integrations").

    Others in their place are found as the vendor finds its own, by its mounts and its conventions, except that
    percent-encoding never matters in their fixed segments.
    """

    def __init__(self, contract: Contract, operations: Iterable[Operation] | None = None) -> None:
        self._root = _Node()
        self._slash_is_optional = contract.conventions.trailing_slash == "accepted"
        self._decoding = contract.conventions.path_decoding
        if operations is not None and self._decoding == "none":
            self._decoding = "segments"
        self._case_matters = contract.conventions.path_case == "matters"
        self._is_literal = self._case_matters and self._decoding != "segments"
        self._refuses_undecodable = contract.conventions.undecodable_parameter == "refused"
        for operation in contract.operations.values() if operations is None else operations:
            if not operation.root:
                for mount, (path, fixed) in product(contract.mounts, operation.routes):
                    self._add(mount, path, fixed, operation)

    def find(self, path: str) -> Route | None:
        """Return the route of a percent-encoded path, or None."""
        segments = self._segments(path)
        fixed = segments if self._is_literal else [self._fixed(segment) for segment in segments]
        found = _find(self._root, segments, fixed)
        if found is None:
            return None
        node, values = found
        mount = node.mount if path.startswith(node.mount) else self._spelled(node.mount, path)
        if "%" not in path:
            return Route(node.operations, mount, {**node.fixed, **dict(zip(node.names, values, strict=True))})
        decoded = values if self._decoding == "whole" else map(unquote, values)
        params = {**node.fixed, **dict(zip(node.names, decoded, strict=True))}
        violations = tuple(_undecodable(zip(node.names, values, strict=True))) if self._refuses_undecodable else ()
        return Route(node.operations, mount, params, violations)

    def _fixed(self, segment: str) -> str:
        """Return a path segment in the form in which fixed segments are compared."""
        return self._cased(unquote(segment) if self._decoding == "segments" else segment)

    def _cased(self, segment: str) -> str:
        # Only ASCII has upper and lower case here: other letters must not turn into one of it.
        return segment if self._case_matters or not segment.isascii() else segment.lower()

    def _segments(self, path: str) -> list[str]:
        path = unquote(path) if self._decoding == "whole" else path
        segments = path.split("/")[1:] or [""]
        if self._slash_is_optional and segments[-1] == "" and len(segments) > 1:
            segments.pop()
        return segments

    def _spelled(self, mount: str, path: str) -> str:
        """Return the mount as the caller spelled it: the same number of segments of the path."""
        depth = mount.count("/")
        if self._decoding != "whole" or "%" not in path:
            return "/".join(path.split("/")[: depth + 1])
        return "".join(_ANY_SLASH.split(path)[: 2 * depth + 1])

    def _add(self, mount: str, path: str, fixed: Mapping[str, str], operation: Operation) -> None:
        segments = self._segments(mount + path)
        node = self._root
        for segment in segments:
            node = node.child(segment, self._fixed)
        names = tuple(segment[1:-1] for segment in segments if segment.startswith("{"))
        taken = node.operations.get(operation.method)
        if taken is not None:
            raise ContractError(f"{operation.method} {mount}{path} is both {taken.name} and {operation.name}")
        if node.operations and node.names != names:
            raise ContractError(f"{mount}{path} names its parameters {names} here and {node.names} elsewhere")
        node.operations[operation.method] = operation
        node.mount, node.names, node.fixed = mount, names, fixed


def _undecodable(params: Iterator[tuple[str, str]]) -> Iterator[Violation]:
    for name, text in params:
        try:
            is_broken = _NO_ESCAPE.search(text) is not None
            unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            is_broken = True
        if is_broken:
            sentence = f"{text!r} is not percent-encoded UTF-8"
            yield Violation("path", f"/{name}", UNDECODABLE, "UTF-8", text, sentence)


def _find(root: _Node, segments: Sequence[str], fixed: Sequence[str]) -> tuple[_Node, tuple[str, ...]] | None:
    """Return the node of a path and the values of its parameters; a fixed segment goes before a parameter."""
    untried: list[tuple[_Node, tuple[str, ...], int]] = [(root, (), 0)]
    while untried:
        node, values, depth = untried.pop()
        for place in range(depth, len(segments)):
            child = node.children.get(fixed[place])
            if node.parameter is not None and segments[place] != "":
                untried.append((node.parameter, (*values, segments[place]), place + 1))
            if child is None:
                break
            node = child
        else:
            if node.operations:
                return node, values
    return None
