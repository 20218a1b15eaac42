"""The fields of a list's records in the reply: include and exclude."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from emulator.errors import Refusal
from emulator.exchange import NOTHING, REFUSED, Call, Record, Violation
from emulator.vendors.celigo.errors import query_refused

Tree: TypeAlias = "dict[str, Tree]"
"""Fields by name, each with the requested fields below it; if empty, all of them."""

ALWAYS = ("_id", "name", "adaptorType")
"""Fields that are always in the reply (Celigo developer pages, Integrations)."""


class Projection(NamedTuple):
    """What to include, or else what to exclude; if neither, everything."""

    include: Tree
    exclude: Tree

    def apply(self, record: Record) -> Record:
        """Return the record with the requested fields; unknown ones are ignored."""
        if self.include:
            included: Record = _including(record, {**{name: {} for name in ALWAYS}, **self.include})
            return included
        kept = {name: tree for name, tree in self.exclude.items() if name not in ALWAYS}
        left: Record = _excluding(record, kept)
        return left


def projection(call: Call) -> Projection:
    """Read include and exclude; empty ones are ignored. Raises Refusal (400) if both are given."""
    include, exclude = (_tree(call.params.get(name, "")) for name in ("include", "exclude"))
    if include and exclude:
        sentence = "Please provide either include or exclude param in the request query and not both."
        raise Refusal(query_refused(sentence), [Violation("query", "/exclude", REFUSED, NOTHING, NOTHING, sentence)])
    return Projection(include, exclude)


def _tree(value: str) -> Tree:
    tree: Tree = {}
    for path in filter(None, value.split(",")):
        branch = tree
        for step in filter(None, path.split(".")):
            branch = branch.setdefault(step, {})
    return tree


def _including(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_including(item, tree) for item in value]
    if not tree or not isinstance(value, dict):
        return value
    return {name: _including(item, tree[name]) for name, item in value.items() if name in tree}


def _excluding(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_excluding(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    kept = ((name, item) for name, item in value.items() if name not in tree or tree[name])
    return {name: _excluding(item, tree[name]) if name in tree else item for name, item in kept}
