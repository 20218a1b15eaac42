"""The files that `emulator import` writes for an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from emulator.catalogue import FIRST_RECORDS, vendor_homes
from emulator.contract.documents import OPENAPI, OVERLAY
from emulator.contract.evidence import INFERENCE
from emulator.contract.openapi import Contract, read_contract
from emulator.declared.first_records import examples_of, records_in
from emulator.declared.inference import Guesses, infer, with_words
from emulator.declared.reading import read_declarations
from emulator.errors import ConfigurationError
from emulator.exchange import Record
from emulator.files.yaml_file import read_text
from emulator.settings import Settings


def imported_files(settings: Settings, into: Path) -> dict[Path, str]:
    """Return the texts of the files of the documents in the settings; for a folder that exists, the document alone.

    Raises ConfigurationError for a document that cannot be served, and for a folder that was not imported.
    """
    files: dict[Path, str] = {}
    homes = vendor_homes(settings)
    for name, document in settings.openapi:
        contract, home = read_contract(homes[name], is_public=True, vendor=name), into / name
        if (home / OPENAPI).exists() and not (home / OVERLAY).exists():
            raise ConfigurationError(f"{home} was not imported (it has no {OVERLAY}); choose another name or folder")
        if not (home / OPENAPI).exists():
            guesses = infer(contract)
            files[home / OVERLAY] = "\n".join(_overlay(contract, guesses)) + "\n"
            files |= {home / file: text for file, text in _fixtures(contract, guesses).items()}
        files[home / OPENAPI] = read_text(Path(document))
    return files


def _overlay(contract: Contract, guesses: Guesses) -> Iterator[str]:
    """Yield the lines of an OpenAPI Overlay with an action for each operation, its rule as a comment."""
    yield "# What the operations do, inferred from paths and schemas: correct what is wrong. The rules are in"
    yield "# docs/reference/inference.md, the words in docs/reference/declared.md. An action may be removed."
    yield "overlay: 1.0.0"
    yield f'info: {{title: {_json(f"What {contract.vendor} does")}, version: "1"}}'
    yield "actions:"
    yield f"  - target: $\n    update: {_json({'x-emulator': guesses.root})}"
    for name, guess in guesses.operations.items():
        operation = contract.operations[name]
        quote = '"' if "'" in operation.path else "'"
        target = f"$.paths[{quote}{operation.path}{quote}].{operation.method.lower()}"
        evidence = {"level": "assumed", "source": INFERENCE, "note": guess.note}
        yield f"  # {name}: {guess.note}"
        yield f"  - target: {_json(target)}"
        yield f"    update: {_json({'x-emulator': guess.words, 'x-evidence': evidence})}"
    for name in contract.handled:
        if name not in guesses.operations:
            yield f"  # {name}: replies by example"


def _fixtures(contract: Contract, guesses: Guesses) -> dict[str, str]:
    """Return a file of first records for each collection: those in examples, or generated ones."""
    planner = read_declarations(with_words(contract, guesses)).planner
    records = records_in(examples_of(contract), planner) if planner else {}
    return {f"fixtures/{name}.yaml": _fixture(records.get(name, ())) for name in guesses.root["collections"]}


def _fixture(records: Sequence[Record]) -> str:
    lines = [f"populate: {0 if records else FIRST_RECORDS}", f"records:{'' if records else ' []'}"]
    lines += [f"  - {_json(record)}" for record in records]
    return "\n".join(["# The first records: `records` are yours, `populate` are generated.", *lines, ""])


def _json(value: Any) -> str:
    # JSON is YAML; an action fits into a line.
    return orjson.dumps(value).decode()
