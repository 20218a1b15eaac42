"""Scenarios: named bundles of faults, switches and record changes that can be turned on, and their files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.errors import ConfigurationError, explained, spelled, unknown
from emulator.exchange import Record, pointer_to
from emulator.faults.rule import Fault, fault_of
from emulator.files.package_data import FIXTURES, is_ours
from emulator.files.yaml_file import place, read_yaml
from emulator.store.collection import Collection
from emulator.store.populating import add_more
from emulator.store.world import World

if TYPE_CHECKING:
    from faker import Faker

    from emulator.contract.schemas import Check

FILE = "scenarios.yaml"


@dataclass(frozen=True)
class Scenario:
    """A vendor's scenario. The ids of `faults` begin with its name; `switches` and `records` are as in the file."""

    vendor: str
    name: str
    description: str
    faults: tuple[Fault, ...] = ()
    switches: Mapping[str, Any] = field(default_factory=dict)
    records: Record = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Return "<vendor>/<name>"."""
        return f"{self.vendor}/{self.name}"

    def change_records(self, world: World, collections: Sequence[Collection], faker: Callable[[str], Faker]) -> None:
        """Apply the scenario's record changes."""
        of = {collection.own_name: collection for collection in collections}
        clear = self.records.get("clear", [])
        for name in [name for name in of if name != "credentials"] if clear == "*" else clear:
            world[of[name]].delete_all()
        for name, ids in self.records.get("delete", {}).items():
            for id in ids:
                world[of[name]].delete(id)
        for name, changes in self.records.get("merge", {}).items():
            _merge(world, of[name], changes)
        for name, records in self.records.get("insert", {}).items():
            for record in records:
                # It already exists if the scenario is turned on again.
                world[of[name]].delete(record[of[name].key])
                world[of[name]].insert(record)
        for name, count in self.records.get("populate", {}).items():
            add_more(world, of[name], repeat({}, int(count)), faker)


def _merge(world: World, collection: Collection, changes: Mapping[str, Record]) -> None:
    records = world[collection]
    for id, fields in changes.items():
        found = records.all() if id == "*" else [record for record in [records.get(id)] if record is not None]
        for record in found:
            records.replace({**record, **fields})


@dataclass(frozen=True)
class ScenarioReader:
    """Reads scenario files.

    `check` validates a file against its schema, `check_fault` a fault against its vendor's contract, `problems_in`
    yields (JSON pointer, sentence) for mistakes in the records of a collection. `switches` are each vendor's switches
    with their choices, `collections` its collections. `records` returns a sandbox's first records, against which
    record changes are validated (None: they are not). `homes` are the folders of vendors that are not built in, which
    contain their scenarios. `trusts_built_in` leaves out what tests have validated: the built-in files, as long as the
    built-in contracts are as they came.
    """

    check: Check
    check_fault: Callable[[Fault], None]
    problems_in: Callable[[Sequence[Record], Collection], Iterable[tuple[str, str]]]
    switches: Mapping[str, Mapping[str, Sequence[Any]]]
    collections: Mapping[str, Mapping[str, Collection]]
    records: Callable[[Collection], Sequence[Record]] | None = None
    homes: Mapping[str, Path] = field(default_factory=dict)
    trusts_built_in: bool = False

    def read(self, folders: Sequence[Path]) -> dict[str, Scenario]:
        """Return all scenarios by full name; a later folder replaces one of the same name.

        Within one folder, a vendor's own scenario replaces one for all vendors.
        """
        scenarios: dict[str, Scenario] = {}
        for folder in folders:
            found = [*self._read_shared(folder / FILE)]
            found += [scenario for vendor in self.switches for scenario in self._read_own(folder, vendor)]
            scenarios |= {scenario.full_name: scenario for scenario in found}
        return dict(sorted(scenarios.items(), key=lambda item: item[1].vendor))

    def _file(self, folder: Path, vendor: str) -> Path:
        return (self.homes[vendor] if vendor in self.homes and folder == FIXTURES else folder / vendor) / FILE

    def problems(self, folder: Path) -> Iterator[str]:
        """Yield a sentence, with its place, for each mistake in the scenario files of a folder."""
        yield from self._file_problems(folder / FILE, list(self.switches))
        for vendor in self.switches:
            yield from self._file_problems(self._file(folder, vendor), [vendor])

    def _file_problems(self, file: Path, vendors: Sequence[str]) -> Iterator[str]:
        if not file.is_file():
            return
        try:
            document = read_yaml(file)
        except ConfigurationError as problem:
            yield str(problem)
            return
        departures = self.check.violations(document, "body")
        yield from (f"{place(file, found.pointer)}: {explained(found)}" for found in departures)
        wrong = [found.pointer for found in departures]
        scenarios = document.get("scenarios") if isinstance(document, dict) else None
        for name, described in scenarios.items() if isinstance(scenarios, dict) else ():
            sound = _sound(described, pointer_to("scenarios", name), wrong)
            of_each = [list(self._problems(vendor, name, sound)) for vendor in vendors]
            if all(of_each):
                yield from (f"{place(file, pointer_to('scenarios', name) + at)}: {told}" for at, told in of_each[0])

    def _read_shared(self, file: Path) -> Iterator[Scenario]:
        """Yield each scenario for each vendor that it is valid for. Raises ConfigurationError.

        A built-in one may be valid for none: a vendor alone that only reads has no writes that could fail.
        """
        reader = self._reader_of(file)
        for problem in () if is_ours(file) else reader._file_problems(file, list(self.switches)):
            raise ConfigurationError(problem)
        for name, described in _scenarios_in(file):
            for vendor in self.switches:
                if not any(reader._problems(vendor, name, described)):
                    yield _scenario_of(vendor, name, described)

    def _read_own(self, folder: Path, vendor: str) -> Iterator[Scenario]:
        """Yield the scenarios in a vendor's own file. Raises ConfigurationError."""
        file = self._file(folder, vendor)
        is_trusted = self.trusts_built_in and is_ours(file)
        for problem in () if is_trusted else self._reader_of(file)._file_problems(file, [vendor]):
            raise ConfigurationError(problem)
        yield from (_scenario_of(vendor, name, described) for name, described in _scenarios_in(file))

    def _reader_of(self, file: Path) -> ScenarioReader:
        # Tests validate the record changes of built-in files.
        return replace(self, records=None) if is_ours(file) else self

    def _problems(self, vendor: str, name: str, described: Record) -> Iterator[tuple[str, str]]:
        """Yield (JSON pointer, sentence) for the parts of a scenario that are invalid for a vendor."""
        for number, document in enumerate(described.get("faults", [])):
            if document is None:
                continue
            if document.get("vendor", vendor) != vendor:
                yield f"/faults/{number}/vendor", f"expected {vendor}, the vendor of the scenario"
            try:
                self.check_fault(fault_of(document, "", vendor=vendor))
            except ConfigurationError as problem:
                yield f"/faults/{number}", str(problem)
        yield from self._switch_problems(vendor, described.get("switches", {}))
        yield from self._record_problems(vendor, described.get("records", {}))

    def _switch_problems(self, vendor: str, switches: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        known = self.switches[vendor]
        for switch, value in switches.items():
            if switch not in known:
                yield f"/switches/{switch}", unknown("switch", switch, known, f"of {vendor}", plural="switches")
            elif not any(value == choice and type(value) is type(choice) for choice in known[switch]):
                yield (
                    f"/switches/{switch}",
                    f"{spelled(value)} is not one of {', '.join(map(spelled, known[switch]))}",
                )

    def _record_problems(self, vendor: str, records: Record) -> Iterator[tuple[str, str]]:
        known = self.collections[vendor]
        for at, name in _collections_named(records):
            if name not in known:
                yield f"/records/{at}", unknown("collection", name, known, f"of {vendor}")
            elif at.startswith("populate") and known[name].populate is None:
                names = ", ".join(name for name, collection in known.items() if collection.populate)
                yield f"/records/{at}", f"{name} cannot be populated; collections that can: {names or 'none'}"
            elif at.startswith("insert"):
                for pointer, problem in self.problems_in(records["insert"][name], known[name]):
                    yield f"/records/{at}{pointer}", problem
            elif at.startswith("delete"):
                yield from self._delete_problems(known[name], name, records)
            elif at.startswith("merge"):
                yield from self._merge_problems(known[name], name, records)

    def _delete_problems(self, collection: Collection, name: str, records: Record) -> Iterator[tuple[str, str]]:
        if self.records is None:
            return
        known = _by_id(self.records(collection), collection) | _by_id(
            records.get("insert", {}).get(name, []), collection
        )
        for number, id in enumerate(records["delete"][name]):
            if str(id) not in known:
                yield f"/records/delete/{name}/{number}", _unknown(id, collection, known)

    def _merge_problems(self, collection: Collection, name: str, records: Record) -> Iterator[tuple[str, str]]:
        if self.records is None:
            return
        known = _by_id(self.records(collection), collection)
        for id, fields in records["merge"][name].items():
            at = pointer_to("records", "merge", name, id)
            if id != "*" and id not in known:
                yield at, _unknown(id, collection, known)
            if collection.key in fields:
                yield (
                    f"{at}/{collection.key}",
                    f"{collection.key} identifies the record, and cannot be changed",
                )
                continue
            merged = [{**record, **fields} for record in (known.values() if id == "*" else [known.get(id)]) if record]
            found = ((pointer.split("/", 2)[2:], told) for pointer, told in self.problems_in(merged, collection))
            # A mistake applies to every record: report it once.
            yield from dict.fromkeys((f"{at}/{rest[0] if rest else ''}", told) for rest, told in found)


def _scenarios_in(file: Path) -> Iterable[tuple[str, Record]]:
    found: Mapping[str, Record] = read_yaml(file)["scenarios"] if file.is_file() else {}
    return found.items()


def refuse_scenarios(folder: Path, known: Iterable[Path], vendors: Iterable[str]) -> None:
    """Raise ConfigurationError if a folder has scenarios, and is not one of the `known` ones that were read."""
    if folder.resolve() in [one.resolve() for one in known]:
        return
    files = (folder / FILE, *(folder / vendor / FILE for vendor in vendors))
    for file in filter(Path.is_file, files):
        raise ConfigurationError(
            f"{file}: scenarios are read at the start only; give the folder to `emulator serve --fixtures`,"
            " or in pytest to emulator_fixtures in the ini file"
        )


def _sound(described: Any, pointer: str, wrong: Sequence[str]) -> Record:
    """Return a scenario without its invalid parts; an invalid fault becomes None, to keep the numbering."""

    def is_wrong(part: str) -> bool:
        return any(f"{one}/".startswith(f"{pointer}{part}/") or one == pointer for one in wrong)

    if not isinstance(described, dict):
        return {}
    faults, switches, records = (described.get(name) for name in ("faults", "switches", "records"))
    sound: Record = {}
    if isinstance(faults, list):
        sound["faults"] = [None if is_wrong(f"/faults/{number}") else fault for number, fault in enumerate(faults)]
    if isinstance(switches, dict):
        sound["switches"] = switches
    if isinstance(records, dict):
        sound["records"] = {name: part for name, part in records.items() if not is_wrong(pointer_to("records", name))}
    return sound


def _by_id(records: Sequence[Record], collection: Collection) -> dict[str, Record]:
    return {str(record[collection.key]): record for record in records if collection.key in record}


def _unknown(id: Any, collection: Collection, known: Mapping[str, Record]) -> str:
    return unknown("record", id, known, f"of {collection.name}")


def _collections_named(records: Record) -> Iterator[tuple[str, str]]:
    """Yield (JSON pointer, collection) for each collection in record changes."""
    clear = records.get("clear", [])
    for number, name in enumerate(clear if isinstance(clear, list) else []):
        yield f"clear/{number}", name
    for change in ("delete", "merge", "insert", "populate"):
        for name in records.get(change, {}):
            yield f"{change}/{name}", name


def _scenario_of(vendor: str, name: str, described: Record) -> Scenario:
    full_name = f"{vendor}/{name}"
    faults = tuple(
        fault_of({**document, "vendor": vendor}, f"{full_name}#{number}", full_name)
        for number, document in enumerate(described.get("faults", []), 1)
    )
    return Scenario(
        vendor, name, described["description"], faults, described.get("switches", {}), described.get("records", {})
    )
