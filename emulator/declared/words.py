"""The declarations of a contract: its collections, and what its operations do to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from emulator.contract.schemas import Check, Schemas
from emulator.declared.expressions import Problem
from emulator.declared.keeping import key_in
from emulator.errors import explained, unknown
from emulator.exchange import Violation

ACTIONS = ("list", "get", "create", "replace", "upsert", "patch", "delete")
ON_DELETE = ("keep", "clear", "cascade", "restrict")
NOT_BUILT = {
    "template": "there are no templates for replies; write body, in which {$…} are replaced, or a handler in vendor.py",
}
_SCHEMA = Path(__file__).with_name("words.schema.json")
_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_DURATION = re.compile(
    rf"P(?=.)(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?"
    rf"(?:T(?=.)(?:(?P<hours>{_NUMBER})H)?(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER})S)?)?"
)
_KINDS = {"collection": "a collection", "operation": "an operation"}


class Reference(NamedTuple):
    """A field with keys of another collection; `on_delete` may be a switch ("$switch.delete_with_flows")."""

    to: str
    on_delete: str = "keep"


class Deletion(NamedTuple):
    """What a delete does: it removes the record, or writes `set`; then the next one may remove it (`removes_later`).

    With `visible`, lists and gets still show a record that was deleted like this.
    """

    set: Mapping[str, Any] = {}
    removes_later: bool = False
    visible: bool = False


class Unique(NamedTuple):
    """Fields whose combination is unique among the records that match `where`."""

    fields: tuple[str, ...]
    where: Mapping[str, Any] = {}


class State(NamedTuple):
    """A state in a record's life: its value, how long it lasts (None: for ever), and what its beginning sets."""

    state: Any
    lasts: timedelta | None = None
    set: Mapping[str, Any] = {}


class Life(NamedTuple):
    """States that a record passes through by the sandbox's clock; `field` has the present one."""

    field: str
    states: tuple[State, ...]


class CollectionWords(NamedTuple):
    """The declaration of one collection."""

    name: str
    schema: str = ""
    key: str = "id"
    key_of: tuple[str, ...] = ()
    singleton: str = ""
    id: str = ""
    created: str = ""
    updated: str = ""
    unique: tuple[Unique, ...] = ()
    defaults: Mapping[str, Any] = {}
    references: Mapping[str, Reference] = {}
    delete: Deletion = Deletion()
    nulls: str = ""
    life: Life | None = None
    set: Mapping[str, Any] = {}
    sort: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, written: Mapping[str, Any]) -> CollectionWords:
        """Read the declaration of a collection, whose form is valid."""
        stamps, references = written.get("timestamps", {}), written.get("references", {})
        key, key_of = key_in(written)
        return cls(
            name=name,
            schema=written.get("schema", ""),
            key=key,
            key_of=key_of,
            singleton=written.get("singleton", ""),
            id=written.get("id", ""),
            created=stamps.get("created", ""),
            updated=stamps.get("updated", ""),
            unique=tuple(map(_unique, written.get("unique", ()))),
            defaults=written.get("defaults", {}),
            references={of: _reference(one) for of, one in references.items()},
            delete=_deletion(written.get("delete", "remove")),
            nulls=written.get("nulls", ""),
            life=_life(written["life"]) if "life" in written else None,
            set=written.get("set", {}),
            sort=_listed(written.get("sort", ())),
        )

    @property
    def key_fields(self) -> tuple[str, ...]:
        """The fields by whose values a record is found."""
        return self.key_of or (self.key,)

    def fields_to(self, collection: str) -> list[str]:
        """Return the fields with keys of another collection."""
        return [name for name, reference in self.references.items() if reference.to == collection]


class ReplyWords(NamedTuple):
    """A reply that replaces the contract's 2xx with records; NO_BODY means that no body is given."""

    status: int | None = None
    headers: Mapping[str, Any] = {}
    body: Any = None
    has_body: bool = False
    example: str = ""


class OperationWords(NamedTuple):
    """The declaration of one operation. `filter` is None if it does not say which parameters are conditions."""

    collection: str = ""
    action: str = ""
    where: Mapping[str, Any] = {}
    filter: Mapping[str, str] | None = None
    sort: tuple[str, ...] = ()
    set: Mapping[str, Any] = {}
    requires: Mapping[str, Any] = {}
    paging: str = ""
    ignore: tuple[str, ...] = ()
    input: Any = None
    reply: ReplyWords = ReplyWords()

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> OperationWords:
        """Read the declaration of an operation, whose form is valid."""
        filters, reply = written.get("filter"), written.get("reply", {})
        return cls(
            collection=written.get("collection", ""),
            action=written.get("action", ""),
            where=written.get("where", {}),
            filter={name: name for name in filters} if isinstance(filters, list) else filters,
            sort=_listed(written.get("sort", ())),
            set=written.get("set", {}),
            requires=written.get("requires", {}),
            paging=written.get("paging", ""),
            ignore=tuple(written.get("ignore", ())),
            input=written.get("input"),
            reply=ReplyWords(
                status=reply.get("status"),
                headers=reply.get("headers", {}),
                body=reply.get("body"),
                has_body="body" in reply,
                example=reply.get("example", ""),
            ),
        )


def form_problems(written: Any, kind: str) -> Iterator[Problem]:
    """Yield the mistakes in the form of a declaration of a `kind`: "root", "operation"."""
    found = [(one.pointer, _sentence(one, kind)) for one in _check(kind).violations(written, "document")]
    yield from found
    if kind == "root" and not found:
        yield from _duration_problems(written.get("collections", {}))


def _duration_problems(collections: Mapping[str, Any]) -> Iterator[Problem]:
    for name, collection in collections.items():
        for number, state in enumerate(collection.get("life", {}).get("states", ())):
            if "for" in state and duration(state["for"]) is None:
                said = f"invalid duration {state['for']!r}; write an ISO 8601 duration, such as PT30S"
                yield f"/collections/{name}/life/states/{number}/for", said


def _sentence(found: Violation, kind: str) -> str:
    name, steps = found.pointer.rpartition("/")[2], found.pointer.split("/")[1:]
    if found.rule != "additionalProperties":
        return explained(found)
    if name in NOT_BUILT:
        return NOT_BUILT[name]
    within = "collection" if kind == "root" and len(steps) == 3 and steps[0] == "collections" else kind
    other = {"collection": "operation", "operation": "collection"}.get(within, "")
    if other and name in _words(other):
        where = "/x-emulator/collections/NAME" if other == "collection" else "the x-emulator of the operation"
        return f"'{name}' belongs to {_KINDS[other]}; move it to {where}"
    return unknown("word", name, sorted(found.known or ()))


@cache
def _check(kind: str) -> Check:
    address = "file:///words.schema.json"
    return Schemas({address: orjson.loads(_SCHEMA.read_bytes())}).check(f"{address}#/$defs/{kind}")


@cache
def _words(kind: str) -> Sequence[str]:
    return list(orjson.loads(_SCHEMA.read_bytes())["$defs"][kind]["properties"])


def _listed(written: Any) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written)


def _unique(written: Any) -> Unique:
    if isinstance(written, dict):
        return Unique(tuple(written["fields"]), written.get("where", {}))
    return Unique(_listed(written))


def _reference(written: Any) -> Reference:
    return Reference(written) if isinstance(written, str) else Reference(written["to"], written.get("onDelete", "keep"))


def duration(text: str) -> timedelta | None:
    """Return an ISO 8601 duration of weeks, days, hours, minutes, seconds; None for another text."""
    found = _DURATION.fullmatch(text)
    return timedelta(**{unit: float(number) for unit, number in found.groupdict("0").items()}) if found else None


def _life(written: Mapping[str, Any]) -> Life:
    states = [State(one["state"], duration(one.get("for", "")), one.get("set", {})) for one in written["states"]]
    return Life(written["field"], tuple(states))


def _deletion(written: Any) -> Deletion:
    if isinstance(written, str):
        return Deletion()
    return Deletion(written["set"], written.get("then") == "remove", bool(written.get("visible")))
