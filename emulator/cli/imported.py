"""The files that `emulator import` writes for an OpenAPI document, and for recorded calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import yaml

from emulator.catalogue import FIRST_RECORDS, vendor_homes
from emulator.contract.documents import OPENAPI, OVERLAY, contract_files
from emulator.contract.evidence import INFERENCE
from emulator.contract.openapi import Contract, read_contract
from emulator.contract.overlays import load_document
from emulator.declared.first_records import Replied, examples_of, records_in
from emulator.declared.inference import Guesses, infer
from emulator.declared.reading import Declarations, read_declarations
from emulator.declared.vendor import code_of, collections_of, hooks_of
from emulator.errors import ConfigurationError
from emulator.exchange import Document, Record
from emulator.files.yaml_file import read_text, short_name
from emulator.files.yaml_parser import parse
from emulator.recorded.calls import RecordedCall, Recording
from emulator.recorded.document import is_of_an_api, made_document
from emulator.recorded.examples import matched, of_one_host, written
from emulator.recorded.files import read_recording
from emulator.settings import Settings

MOST_TOLD = 20
"""How many sentences about calls are told."""


@dataclass
class Imported:
    """The texts of files to write, and what has not been imported, as sentences."""

    files: dict[Path, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def imported(settings: Settings, into: Path) -> Imported:
    """Return what the documents and the recorded calls in the settings become.

    Raises ConfigurationError for a document that cannot be served, and for a folder that was not imported.
    """
    found = Imported()
    homes = vendor_homes(settings)
    for name, file in settings.openapi:
        recording = read_recording(Path(file))
        if recording is None:
            found.files |= _of_document(name, homes[name], into / name)
        else:
            _add_calls(found, recording, Path(file), into / name)
    return found


def _of_document(name: str, document: Path, home: Path) -> dict[Path, str]:
    """Return the files of a document; for a folder that exists, the document alone."""
    contract, files = read_contract(document, is_public=True, vendor=name), {}
    if (home / OPENAPI).exists() and not (home / OVERLAY).exists():
        raise ConfigurationError(f"{home} was not imported (it has no {OVERLAY}); choose another name or folder")
    if not (home / OPENAPI).exists():
        found = infer(contract)
        files[home / OVERLAY] = _text(_overlay(contract, found.guesses))
        files |= _fixtures(home, found.declarations, found.guesses.root["collections"], examples_of(contract))
    return {**files, home / OPENAPI: read_text(document)}


def _add_calls(found: Imported, recording: Recording, file: Path, home: Path) -> None:
    """Add the examples and records of recorded calls: to a folder that exists, or to one made of them."""
    if (home / OPENAPI).exists():
        contract = read_contract(home, is_public=True, vendor=home.name)
        calls, told = of_one_host(recording.calls, contract.hosts)
        code = code_of(contract)
        declared = read_declarations(contract, collections_of(contract, code), hooks_of(code))
        overlay = read_text(home / OVERLAY).splitlines() if (home / OVERLAY).exists() else [*_head(contract)]
        names, document = [str(name) for name in _collections(contract.document)], load_document(contract_files(home))
    else:
        calls, told = of_one_host(recording.calls)
        calls = _of_an_api(calls, told, file)
        made = yaml.safe_dump(made_document(home.name, file.name, Recording(recording.title, calls)), sort_keys=False)
        contract, document = _read_made(made, home.name)
        inferred = infer(contract)
        declared, overlay = inferred.declarations, [*_overlay(contract, inferred.guesses)]
        found.files[home / OPENAPI] = made
        names = list(inferred.guesses.root["collections"])
    examples, wrong = matched(contract, calls)
    actions = [*written(document, examples, file.stem)]
    if actions or home / OPENAPI in found.files:
        found.files[home / OVERLAY] = _extended(overlay, actions, home / OVERLAY)
    # What was created and changed while calls were recorded was not there before.
    replied = [(one.operation.name, one.status, one.value) for one in examples if one.operation.safe]
    found.files |= _fixtures(home, declared, names, replied)
    found.told += [f"{short_name(file)}: {said}" for said in [*told, *wrong]]


def _of_an_api(calls: Sequence[RecordedCall], told: list[str], file: Path) -> list[RecordedCall]:
    found = [call for call in calls if is_of_an_api(call)]
    if not found:
        raise ConfigurationError(f"{short_name(file)}: no call has JSON in it")
    if len(found) < len(calls):
        told.append(f"calls without JSON are left out: {len(calls) - len(found)}")
    return found


def _collections(document: Document) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.get("x-emulator", {}).get("collections", {})
    return found


def _read_made(text: str, name: str) -> tuple[Contract, Document]:
    """Read a document that was made, as if it were in a file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / OPENAPI
        file.write_text(text, "utf-8")
        return read_contract(file, is_public=True, vendor=name), load_document(contract_files(file))


def _head(contract: Contract) -> Iterator[str]:
    yield "overlay: 1.0.0"
    yield f'info: {{title: {_json(f"What {contract.vendor} does")}, version: "1"}}'
    yield "actions:"


def _overlay(contract: Contract, guesses: Guesses) -> Iterator[str]:
    """Yield the lines of an OpenAPI Overlay with an action for each operation, its rule as a comment."""
    yield "# What the operations do, inferred from paths and schemas: correct what is wrong. The rules are in"
    yield "# docs/reference/inference.md, the words in docs/reference/declared.md. An action may be removed."
    yield from _head(contract)
    yield from _action("", "$", {"x-emulator": guesses.root})
    for name, guess in guesses.operations.items():
        operation = contract.operations[name]
        quote = '"' if "'" in operation.path else "'"
        target = f"$.paths[{quote}{operation.path}{quote}].{operation.method.lower()}"
        evidence = {"level": "assumed", "source": INFERENCE, "note": guess.note}
        yield from _action(f"{name}: {guess.note}", target, {"x-emulator": guess.words, "x-evidence": evidence})
    for name in contract.handled:
        if name not in guesses.operations:
            yield f"  # {name}: replies by example"


def _action(comment: str, target: str, update: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an action."""
    if comment:
        yield f"  # {comment}"
    yield f"  - target: {_json(target)}"
    yield f"    update: {_json(update)}"


def _extended(lines: Sequence[str], actions: Iterable[tuple[str, str, dict[str, Any]]], file: Path) -> str:
    """Return the text of an overlay with more actions at its end: what a user has written stays as it is.

    Raises ConfigurationError if its end is not its actions, one a line.
    """
    added = [*actions]
    text = _text([*lines, *(line for action in added for line in _action(*action))])
    wanted = [*_actions(_text(lines), file), *({"target": target, "update": update} for _, target, update in added)]
    if _actions(text, file) != wanted:
        raise ConfigurationError(
            f"{short_name(file)}: actions must be its last part, as a list with two spaces before -"
        )
    return text


def _actions(text: str, file: Path) -> list[Any]:
    try:
        found = parse(text.encode(), short_name(file))
    except ConfigurationError:
        return []
    return (found.get("actions") or []) if isinstance(found, dict) else []


def _fixtures(
    home: Path, declared: Declarations, collections: Iterable[str], replied: Iterable[Replied]
) -> dict[Path, str]:
    """Return a file of first records for each collection: those in replies, or generated ones.

    A file that somebody has changed stays as it is.
    """
    records = records_in(replied, declared.planner) if declared.planner else {}
    files = {home / "fixtures" / f"{name}.yaml": _fixture(records.get(name, ())) for name in collections}
    return {file: text for file, text in files.items() if not file.exists() or file.read_text("utf-8") == _fixture(())}


def _fixture(records: Sequence[Record]) -> str:
    lines = [f"populate: {0 if records else FIRST_RECORDS}", f"records:{'' if records else ' []'}"]
    lines += [f"  - {_json(record)}" for record in records]
    return _text(["# The first records: `records` are yours, `populate` are generated.", *lines])


def _text(lines: Iterable[str]) -> str:
    return "\n".join([*lines, ""])


def _json(value: Any) -> str:
    # JSON is YAML; an action fits into a line.
    return orjson.dumps(value).decode()
