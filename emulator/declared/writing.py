"""Writes declared records: keys, times, uniqueness, references, and the effects of deletion on other records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from emulator.declared.expressions import Context
from emulator.declared.ids import new_id
from emulator.declared.life import begin
from emulator.declared.resources import Resource, matches, written_values
from emulator.declared.samples import Samples
from emulator.declared.shapes import Shape, Shapes
from emulator.errors import FieldError, Refusal
from emulator.exchange import Record
from emulator.store.world import World
from emulator.vendor import Write


class Failures(Protocol):
    """The refusals that depend on the state of the records. Each method returns one for its caller to raise."""

    def missing(self, collection: str, key: str, value: Any) -> Refusal | FieldError:
        """Refuse a call that needs a missing record."""

    def conflict(self, collection: str, detail: str) -> Refusal | FieldError:
        """Refuse a call that the state of a record, or another record, does not allow."""

    def reference(self, collection: str, field: str, value: Any) -> Refusal | FieldError:
        """Refuse a reference to a missing record of another collection."""

    def invalid(self, pointer: str, detail: str) -> Refusal | FieldError:
        """Refuse an invalid value in the call."""


class Writer(NamedTuple):
    """Writes the records of one declared collection in one call."""

    resource: Resource
    resources: Mapping[str, Resource]
    shapes: Shapes
    context: Context
    world: World
    failures: Failures

    def create(self, given: Mapping[str, Any], fixed: Mapping[str, Any], sets: Mapping[str, Any]) -> Record:
        """Add a record: defaults, the caller's values, fixed values, the server's values, key and times."""
        resource, world = self.resource, self.world
        record = {**self.defaults(), **self._first_state(), **resource.writable(given)}
        record |= {name: resource.typed(name, value) for name, value in fixed.items() if not isinstance(value, list)}
        record |= self.values(resource.words.set) | self.values(sets)
        record |= self._key(record, given, fixed)
        for name in filter(None, (resource.words.created, resource.words.updated)):
            record[name] = resource.time_for(name, world.now)
        self._fill(record)
        record = self._checked(None, record)
        world[resource.kept].insert(record)
        if resource.words.life is not None:
            begin(resource, resource.words.life, record, self.context, world)
        self._follow(None, record)
        return record

    def replace(self, record: Record, given: Mapping[str, Any], sets: Mapping[str, Any]) -> Record:
        """Put a record in the place of one: what is left out is erased, defaults are put back."""
        kept = self.resource.kept_by_replace(record)
        after = {**self.defaults(), **self.resource.writable(given), **kept}
        self._fill(after)
        return self.change(record, after, sets)

    def change(self, before: Record, after: Record, sets: Mapping[str, Any]) -> Record:
        """Keep a record that was changed, with what the server sets. The key stays."""
        resource, world = self.resource, self.world
        after = {**after, **self.values(resource.words.set), **self.values(sets), **self._identity(before)}
        if resource.words.updated:
            after[resource.words.updated] = resource.time_for(resource.words.updated, world.now)
        after = self._checked(before, after)
        world[resource.kept].replace(after)
        life = resource.words.life
        if life is not None and after.get(life.field) != before.get(life.field):
            begin(resource, life, after, self.context, world)
        self._follow(before, after)
        return after

    def delete(self, record: Record) -> bool:
        """Delete a record as its collection says; return True if it is gone."""
        deletion = self.resource.words.delete
        if deletion.set and not (deletion.removes_later and self.resource.is_deleted(record)):
            self.change(record, record, deletion.set)
            return False
        self.resource.hooks.before(self.world, self._write(record, None))
        self._follow_references(record)
        self.world[self.resource.kept].delete(record[self.resource.key])
        self._follow(record, None)
        return True

    def _write(self, before: Record | None, after: Record | None) -> Write:
        return Write(self.resource.name, self.context.call, before, after)

    def _checked(self, before: Record | None, after: Record) -> Record:
        """Return a record as the hooks leave it. Raises the refusal if it cannot be kept."""
        hooked = self.resource.hooks.before(self.world, self._write(before, after)) or after
        after = {**hooked, **self._identity(after)}
        self._check(before or {}, after)
        return after

    def _follow(self, before: Record | None, after: Record | None) -> None:
        self.resource.hooks.after(self.world, self._write(before, after))

    def values(self, written: Mapping[str, Any]) -> Record:
        """Return fields with their expressions replaced; what was not sent is left out."""
        return written_values(self.resource, self.context, written)

    def defaults(self) -> Record:
        """Return what a create may leave out: the defaults of the schema, and those of the collection."""
        shape = self.resource.shape
        of_schema = {name: place.schema["default"] for name, place in _with_default(shape.properties)} if shape else {}
        return {**of_schema, **self.values(self.resource.words.defaults)}

    def _first_state(self) -> Record:
        life = self.resource.words.life
        return self.values({life.field: life.states[0].state, **life.states[0].set}) if life is not None else {}

    def _identity(self, record: Record) -> Record:
        """Return the fields of a record that never change."""
        return {name: record[name] for name in (self.resource.key, *self.resource.words.key_of)}

    def _key(self, record: Record, given: Mapping[str, Any], fixed: Mapping[str, Any]) -> Record:
        """Return the key of a new record: the path's, else the caller's if it may give one, else a new one."""
        if self.resource.words.key_of:
            return self._made_key(record)
        return {self.resource.key: self._single_key(given, fixed)}

    def _made_key(self, record: Record) -> Record:
        """Return a key that is made of several fields: the caller gives them all."""
        resource = self.resource
        for name in [name for name in resource.words.key_of if record.get(name) is None]:
            raise self.failures.invalid(f"/{name}", f"{name} is required")
        key = {resource.key: resource.kept.keyed(record)[resource.key]}
        if key[resource.key] in self.world[resource.kept]:
            said = ", ".join(f"{name} {record[name]!r}" for name in resource.words.key_of)
            raise self.failures.conflict(resource.name, f"{said} is taken")
        return key

    def _single_key(self, given: Mapping[str, Any], fixed: Mapping[str, Any]) -> Any:
        resource, records = self.resource, self.world[self.resource.kept]
        key = fixed.get(resource.key, resource.writable(given).get(resource.key))
        if key is None:
            if resource.strategy == "client":
                raise self.failures.invalid(f"/{resource.key}", f"{resource.key} is required")
            return new_id(resource.strategy, self.world, resource.kept)
        key = resource.typed(resource.key, key)
        if key in records:
            raise self.failures.conflict(resource.name, f"{resource.key} {key!r} is taken")
        return key

    def _fill(self, record: Record) -> None:
        """Generate what a record needs and nobody gave."""
        shape = self.resource.shape or Shape("other")
        for name in [name for name in shape.properties if name in shape.required - record.keys()]:
            record[name] = Samples(self.shapes, self.world).value(shape.properties[name])
            self.world.generated.append(f"{self.resource.name}.{name}")

    def _check(self, before: Record, after: Record) -> None:
        described = self.resource.kept.described(after)
        for found in self.resource.check.violations(described, "body") if self.resource.check else ():
            raise self.failures.invalid(found.pointer, found.sentence)
        for unique in self.resource.words.unique:
            if matches(after, unique.where) and all(after.get(name) is not None for name in unique.fields):
                self._check_unique(after, unique.fields, unique.where)
        for name, reference in self.resource.words.references.items():
            if after.get(name) != before.get(name):
                self._check_reference(name, after.get(name), self.resources[reference.to])

    def _check_unique(self, record: Record, fields: Sequence[str], where: Mapping[str, Any]) -> None:
        conditions = {**where, **{name: record[name] for name in fields}}
        same = [one for one in self.world[self.resource.kept].all(conditions) if self.resource.is_shown(one)]
        if any(one[self.resource.key] != record[self.resource.key] for one in same):
            said = ", ".join(f"{name} {record[name]!r}" for name in fields)
            raise self.failures.conflict(self.resource.name, f"another one of {self.resource.name} has {said}")

    def _check_reference(self, name: str, value: Any, target: Resource) -> None:
        for one in value if isinstance(value, list) else [value]:
            found = one is None or any(map(target.is_shown, target.find(self.world, {target.key: one})))
            if not found:
                raise self.failures.reference(target.name, name, one)

    def _follow_references(self, record: Record) -> None:
        """Treat the records that refer to a deleted one as their collections say."""
        key = record[self.resource.key]
        for other in self.resources.values():
            for name, reference in other.words.references.items():
                if reference.to == self.resource.name:
                    rule = self.context.value(reference.on_delete)
                    for child in other.find(self.world, {name: key}) if rule in _RULES else ():
                        _RULES[rule](self._of(other), child, name)

    def _of(self, resource: Resource) -> Writer:
        return Writer(resource, self.resources, self.shapes, self.context, self.world, self.failures)


def _restrict(writer: Writer, child: Record, name: str) -> None:
    said = f"{writer.resource.name} {child[writer.resource.key]!r} refers to it by {name}"
    raise writer.failures.conflict(writer.resource.name, said)


def _cascade(writer: Writer, child: Record, name: str) -> None:
    records = writer.world[writer.resource.kept]
    if child[writer.resource.key] in records:
        # Removed first: records may refer to each other in a circle.
        records.delete(child[writer.resource.key])
        writer._follow_references(child)
        writer._follow(child, None)


def _clear(writer: Writer, child: Record, name: str) -> None:
    check, cleared = writer.resource.check, {**child, name: None}
    if check is not None and not check.accepts(cleared):
        del cleared[name]
    writer.change(child, cleared, {})


_RULES: Mapping[str, Callable[[Writer, Record, str], None]] = {
    "restrict": _restrict,
    "cascade": _cascade,
    "clear": _clear,
}


def _with_default(properties: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, place) for name, place in properties.items() if "default" in place.schema]
