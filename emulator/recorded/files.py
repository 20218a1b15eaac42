"""Finds out whether a file has recorded calls, and reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from emulator.errors import ConfigurationError
from emulator.files.yaml_file import read_text, short_name
from emulator.recorded import har, postman
from emulator.recorded.calls import Recording, mapping

_NO_CALLS = ("HEAD", "OPTIONS", "TRACE", "CONNECT")
"""Methods that no vendor's operation has."""


def read_recording(file: Path) -> Recording | None:
    """Return the calls in a HAR file or a Postman collection; None for another file.

    Raises ConfigurationError for one of a version that is not read, and for one without calls.
    """
    document = _document(file)
    if har.is_har(document):
        found, title = har.calls_in(document), ""
    elif postman.is_postman(document):
        found, title = postman.calls_in(document), postman.title_of(document)
    elif "requests" in mapping(document) and "openapi" not in document:
        said = "expected a Postman collection of version 2.1; export it again as Collection v2.1"
        raise ConfigurationError(f"{short_name(file)}: {said}")
    elif file.suffix.lower() == ".har":
        raise ConfigurationError(f"{short_name(file)}: not a HAR file: log.entries is missing")
    else:
        return None
    calls = [call for call in found if call.method and call.method not in _NO_CALLS]
    if not calls:
        raise ConfigurationError(f"{short_name(file)}: there is no call in it")
    return Recording(title, calls)


def _document(file: Path) -> Any:
    """Return the JSON document in a file, None if it is something else."""
    if file.suffix.lower() not in (".har", ".json"):
        return None
    try:
        return orjson.loads(read_text(file).removeprefix("\ufeff"))
    except orjson.JSONDecodeError as problem:
        if file.suffix.lower() == ".json":
            return None
        where = f"{short_name(file)} line {problem.lineno} column {problem.colno}"
        raise ConfigurationError(f"{where}: {problem.msg}") from None
