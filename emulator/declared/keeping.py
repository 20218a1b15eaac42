"""The collections in which declared records are kept, by their declarations as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from emulator.store.collection import HIDDEN_KEY, Collection


def key_in(written: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the field with the key, and those that it is made of, if there are several."""
    key = HIDDEN_KEY if "singleton" in written else written.get("key", "id")
    return (key, ()) if isinstance(key, str) else (HIDDEN_KEY, tuple(key))


def waiting(name: str) -> Collection:
    """Return the waiting records of the collection `name`: key, number of the state, its value, when it ends."""
    return Collection(f"{name}_life", order=("due",), indexes=("due",))


def kept(name: str, written: Mapping[str, Any], operations: Iterable[Mapping[str, Any]]) -> Collection:
    """Return the collection of a declaration, with an index for what its records are found or sorted by.

    `operations` are the declarations of the operations on it.
    """
    sorts = [fields[0] for one in operations if (fields := _listed(one.get("sort", ())))]
    deletion = written.get("delete", "remove")
    marks = list(deletion["set"])[:1] if isinstance(deletion, dict) else []
    key, key_of = key_in(written)
    fields = [*key_of[:1], *written.get("references", ()), *_first_unique(written.get("unique", ())), *marks, *sorts]
    order = _listed(written.get("sort", ()))
    return Collection(name, key, tuple(order), tuple(dict.fromkeys(fields)), key_of=key_of)


def _first_unique(written: Iterable[Any]) -> Iterator[str]:
    for one in written:
        yield _listed(one["fields"] if isinstance(one, dict) else one)[0]


def _listed(written: str | Sequence[str]) -> Sequence[str]:
    return [written] if isinstance(written, str) else written
