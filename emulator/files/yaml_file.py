"""Reading YAML files that people write: mistakes are reported with their line and key."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

from emulator.errors import ConfigurationError, reason_of
from emulator.files.package_data import CONTRACTS, FIXTURES, is_ours, parsed_file
from emulator.files.prepared import unpacked


def read_yaml(file: Path) -> Any:
    """Return the document in a file. Raises ConfigurationError, naming file and line, if it does not parse."""
    # Not orjson: it reads integers beyond 64 bits as floats.
    return json.loads(_built_in(file)) if is_ours(file) else _parse(_content(file), short_name(file))


def read_text(file: Path) -> str:
    """Return the text of a UTF-8 file. Raises ConfigurationError for other encodings, and other than regular files."""
    try:
        return _content(file).decode()
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise ConfigurationError(f"{short_name(file)} line {line}: expected UTF-8: {problem.reason}") from None


def _content(file: Path) -> bytes:
    try:
        # Reading a pipe or a device might never end, or never begin.
        if not S_ISREG(file.stat().st_mode):
            raise ConfigurationError(f"{short_name(file)}: expected a regular file")
        return file.read_bytes()
    except OSError as problem:
        raise ConfigurationError(f"{short_name(file)}: {reason_of(problem)}") from None


def _built_in(file: Path) -> str:
    """Return a built-in document as JSON: parsed by the wheel's build, or now, in a checkout."""
    with suppress(FileNotFoundError):
        return parsed_file(file).read_text("utf-8")
    if document := (unpacked(file.parent) or {}).get(file.name):
        return json.dumps(document)
    return _parsed_once(_content(file), short_name(file))


@cache
def _parsed_once(content: bytes, name: str) -> str:
    return json.dumps(_parse(content, name))


def _parse(content: bytes, name: str) -> Any:
    from emulator.files.yaml_parser import parse  # noqa: PLC0415 - documents in a wheel need no PyYAML

    return parse(content, name)


def place(file: Path, pointer: str) -> str:
    """Return "fixtures/secoda/scenarios.yaml line 12, /scenarios/slow/faults/0" for a JSON pointer into the file."""
    from emulator.files.yaml_parser import line_of  # noqa: PLC0415 - as above

    return f"{short_name(file)} line {line_of(_content(file), pointer)}, {pointer or 'the whole file'}"


def short_name(file: Path) -> str:
    """Return "fixtures/secoda/syncs.yaml" for a built-in file; for a user's own, a path that the user can open."""
    home = next((folder.parent for folder in (CONTRACTS, FIXTURES) if folder in file.parents), None)
    return str(file.relative_to(home) if home else file)
