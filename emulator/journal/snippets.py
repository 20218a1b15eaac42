"""A call of the journal as something to paste: a curl command, an assertion for pytest."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from emulator.journal.entry import Exchange, JournalledCall, JournalledPart, plain
from emulator.journal.masking import MASK

OWN_HEADERS = {"host", "content-length", "accept-encoding", "connection", "user-agent", "transfer-encoding"}
"""Headers that curl writes itself, or that no longer match."""

MOST_FIELDS = 5
"""How many fields of a body an assertion names."""


def curl_of(call: JournalledCall, credential: Mapping[str, str]) -> str:
    """Return a command that repeats a call; the headers of `credential` replace masked ones.

    The file of a part is named as it was sent: it has to be in the folder where the command runs.
    """
    has_body = bool(call.body or call.parts)
    words = ["curl", "-i", *(() if call.method == ("POST" if has_body else "GET") else ("-X", call.method))]
    for name, value in _headers(call, credential):
        words += ["-H", f"{name}: {value}"]
    for part in call.parts:
        words += _part(part)
    if call.body and not call.parts:
        words += ["--data-raw", call.text() or ""]
    command: str = plain(shlex.join([*words, call.url]))
    return command


def _part(part: JournalledPart) -> tuple[str, str]:
    if part.filename is None:
        # -F would read a file if the text began with "@".
        return "--form-string", f"{part.name}={part.text or ''}"
    return "-F", f"{part.name}=@{PurePosixPath(part.filename).name}"


def _headers(call: JournalledCall, credential: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    given = {name.lower(): value for name, value in credential.items()}
    for name, value in call.headers:
        if name.lower() in OWN_HEADERS or (call.parts and name.lower() == "content-type"):
            continue
        yield name, given.get(name.lower(), value) if MASK in value else value


def assertion_of(exchange: Exchange) -> str | None:
    """Return an assertion that such a call was made, None for a call that no operation matches."""
    if not exchange.operations:
        return None
    query = dict(exchange.call.query)
    expected = {
        "vendor": exchange.vendor,
        "count": 1,
        "query": {} if any(MASK in value for value in query.values()) else query,
        "body": _plain_fields(exchange.call),
        "status": exchange.status,
    }
    given = [f"{name}={_python(value)}" for name, value in expected.items() if value != {}]
    assertion: str = plain(f"emulator.verify({', '.join([_python(exchange.operations[0]), *given])})")
    return assertion


def _plain_fields(call: JournalledCall) -> dict[str, Any]:
    """Return what of a body identifies a call: its first fields with a text, a number or a boolean."""
    try:
        document = json.loads("" if call.body_cut else call.body)
    except ValueError:
        return {}
    if not isinstance(document, dict) or "query" in document:
        return {}
    fields = [
        (name, value) for name, value in document.items() if isinstance(value, str | int | float) and value != MASK
    ]
    return dict(fields[:MOST_FIELDS])


def _python(value: Any) -> str:
    """Return a value as Python code, its texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_python(name)}: {_python(one)}' for name, one in value.items())}}}"
    return repr(value)
