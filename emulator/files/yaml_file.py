"""Reading a YAML file that people write: what is wrong in it is named with its line and key."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

import orjson

from emulator.errors import ConfigurationError
from emulator.files.disk_cache import Kept
from emulator.files.package_data import CONTRACTS, FIXTURES, PACKAGE, is_ours


def read_yaml(file: Path) -> Any:
    """Return the document in a file. Raises ConfigurationError, naming file and line, if it does not parse."""
    text = read_text(file)
    return _kept(file, text) if is_ours(file) else _parse(file, text)


def read_text(file: Path) -> str:
    """Return a file's text, which is UTF-8. Raises ConfigurationError for another, and for what is no regular file."""
    try:
        # A pipe or a device might never end, or never begin.
        if not S_ISREG(file.stat().st_mode):
            raise ConfigurationError(f"{short_name(file)}: expected a regular file")
        return file.read_text("utf-8")
    except OSError as problem:
        raise ConfigurationError(f"{short_name(file)}: {(problem.strerror or str(problem)).lower()}") from None
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise ConfigurationError(f"{short_name(file)} line {line}: expected UTF-8: {problem.reason}") from None


def _kept(file: Path, text: str) -> Any:
    """Return the document as it was kept when it was first parsed: that takes a twentieth of the time."""
    kept = Kept(PACKAGE / "-".join(file.parts[-3:]), (text.encode(), _parser()))
    content = kept.read()
    if content is not None:
        return orjson.loads(content)
    document = _parse(file, text)
    try:
        content = orjson.dumps(document)
    except TypeError:
        return document
    if orjson.loads(content) == document:
        kept.write(content)
    return document


@cache
def _parser() -> bytes:
    return Path(__file__).with_name("yaml_parser.py").read_bytes()


def _parse(file: Path, text: str) -> Any:
    from emulator.files.yaml_parser import parse  # noqa: PLC0415 - what is kept needs no PyYAML

    return parse(text, short_name(file))


def place(file: Path, pointer: str) -> str:
    """Return "fixtures/secoda/scenarios.yaml line 12, /scenarios/slow/faults/0" for a JSON pointer into the file."""
    from emulator.files.yaml_parser import line_of  # noqa: PLC0415 - as above

    return f"{short_name(file)} line {line_of(read_text(file), pointer)}, {pointer or 'the whole file'}"


def short_name(file: Path) -> str:
    """Return "fixtures/secoda/syncs.yaml" for a file of ours; a user's own is named as the user can open it."""
    home = next((folder.parent for folder in (CONTRACTS, FIXTURES) if folder in file.parents), None)
    return str(file.relative_to(home) if home else file)
