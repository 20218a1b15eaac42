"""Makes an OpenAPI document from recorded calls: what it says is guessed, and marked `assumed`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from emulator.contract.documents import METHODS
from emulator.declared.paths import parameters_of
from emulator.exchange import FORM, NOTHING, Document, is_json
from emulator.journal.credential_shapes import names_credential
from emulator.journal.har import UNKNOWN_TYPE
from emulator.journal.masking import is_masked
from emulator.recorded.calls import Message, RecordedCall, Recording
from emulator.recorded.paths import base_of, keys_in, template
from emulator.recorded.records import Records
from emulator.recorded.schemas import schema_of

_NO_SCHEME = re.compile(r"cookie|csrf|xsrf", re.IGNORECASE)
"""Names of headers with credentials that browsers send by themselves."""


def made_document(vendor: str, source: str, recording: Recording) -> Document:
    """Return a document for the calls of one host; `source` is the name of their file."""
    calls = recording.calls
    base = base_of(call.path for call in calls)
    origin = next((call.origin for call in calls if call.origin), "")
    keys = {key for call in calls for key in keys_in(call.replied.document)}
    templates = _templates(calls, base, keys)
    grouped: dict[str, dict[str, list[RecordedCall]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        grouped[templates[call.path]][call.method.lower()].append(call)
    records = Records(grouped)
    schemes = _schemes(calls)
    said = f"Made from the calls in {source} by `emulator import`: all that it says is guessed."
    return {
        "openapi": "3.1.0",
        "info": {"title": recording.title or vendor, "version": "1", "description": said},
        "servers": [{"url": f"{origin}{base}" or "/"}],
        **({"security": [{name: []} for name in schemes]} if schemes else {}),
        "paths": {
            path: {method: _operation(path, base, of, source, records) for method, of in methods.items()}
            for path, methods in grouped.items()
        },
        "components": {"schemas": records.schemas(), **({"securitySchemes": schemes} if schemes else {})},
    }


def is_of_an_api(call: RecordedCall) -> bool:
    """Return True for a call with JSON in it or without a body: browsers load pages and images, too."""
    documents = (call.sent.document, call.replied.document)
    has_json = any(document is not NOTHING for document in documents)
    is_empty = not call.replied.text and (call.status in (0, 204) or call.replied.kind in ("", UNKNOWN_TYPE))
    return call.method.lower() in METHODS and (has_json or is_empty)


def _templates(calls: Iterable[RecordedCall], base: str, keys: set[str]) -> dict[str, str]:
    """Return the path of the document for each path that was called: one name for each parameter."""
    found: dict[str, str] = {}
    named: dict[str, str] = {}
    for call in sorted(calls, key=lambda call: "{" not in call.path):
        made = template(call.path.removeprefix(base) or "/", keys)
        found[call.path] = named.setdefault(re.sub(r"\{.*?\}", "{}", made), made)
    return found


def _operation(path: str, base: str, calls: Sequence[RecordedCall], source: str, records: Records) -> dict[str, Any]:
    note = f"Made from {len(calls)} recorded call{'s' if len(calls) > 1 else ''}."
    sent = _body([call.sent for call in calls])
    parameters = [*_path_parameters(path, base, calls), *_query_parameters(calls)]
    return {
        "x-evidence": {"level": "assumed", "source": source, "note": note},
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": sent} if sent else {}),
        "responses": _responses(path, calls, records),
    }


def _path_parameters(path: str, base: str, calls: Sequence[RecordedCall]) -> list[dict[str, Any]]:
    segments = path.split("/")
    places = [number for number, segment in enumerate(segments) if segment.startswith("{")]
    called = [(call.path.removeprefix(base) or "/").split("/") for call in calls]
    values = [[one[place] for one in called if not one[place].startswith("{")] for place in places]
    return [
        {"name": name, "in": "path", "required": True, "schema": _of_texts(of) if of else {"type": "string"}}
        for name, of in zip(parameters_of(path), values, strict=True)
    ]


def _query_parameters(calls: Sequence[RecordedCall]) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = defaultdict(list)
    for call in calls:
        for name, value in call.query.items():
            if name and not names_credential(name):
                found[name].append(value)
    return [{"name": name, "in": "query", "schema": _of_texts(values)} for name, values in found.items()]


def _of_texts(values: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a parameter by its values."""
    if all(value.isascii() and value.isdecimal() and len(value) < 19 for value in values):
        return {"type": "integer"}
    if all(value in ("true", "false") for value in values):
        return {"type": "boolean"}
    return {"type": "string"}


def _body(sent: Sequence[Message]) -> dict[str, Any]:
    """Return a Request Body Object; nothing in it is required, because nobody knows."""
    kinds: dict[str, list[Any]] = defaultdict(list)
    for message in sent:
        if message.document is not NOTHING or message.kind.startswith("multipart/"):
            kinds[message.kind or "application/json"].append(message.document)
    content = {
        kind: {"schema": schema_of(documents, False) if is_json(kind) or kind == FORM else {"type": "object"}}
        for kind, documents in kinds.items()
    }
    return {"content": content} if content else {}


def _responses(path: str, calls: Sequence[RecordedCall], records: Records) -> dict[str, Any]:
    """Return the Responses Object: with a 2xx that nobody recorded, if there is none."""
    by_status: dict[int, list[Message]] = defaultdict(list)
    for call in calls:
        if 200 <= call.status < 600 and call.status != 304:
            by_status[call.status].append(call.replied)
    found = {str(status): _response(path, status, of, records) for status, of in sorted(by_status.items())}
    return found if any(200 <= status < 400 for status in by_status) else {"200": {"description": "Unknown."}, **found}


def _response(path: str, status: int, replied: Sequence[Message], records: Records) -> dict[str, Any]:
    kinds: dict[str, list[Any]] = defaultdict(list)
    for message in replied:
        if message.text:
            kinds[message.kind or "application/json"].append(message.document)
    content = {}
    for kind, documents in kinds.items():
        known = [document for document in documents if document is not NOTHING]
        is_success = is_json(kind) and status < 300
        schema = (
            records.schema(path, known) if is_success else schema_of(known) if is_json(kind) else {"type": "string"}
        )
        content[kind] = {"schema": schema}
    return {"description": "As recorded.", **({"content": content} if content else {})}


def _schemes(calls: Iterable[RecordedCall]) -> dict[str, Any]:
    """Return the security schemes by the names of the credentials that were sent."""
    found: dict[str, Any] = {}
    for call in calls:
        for name, value in call.headers.items():
            if names_credential(name) and is_masked(value) and not _NO_SCHEME.search(name):
                found |= _scheme(name, value.partition(" ")[0].lower())
        for name in filter(names_credential, call.query):
            found[name] = {"type": "apiKey", "in": "query", "name": name}
    return found


def _scheme(name: str, kind: str) -> dict[str, Any]:
    if name.lower() == "authorization" and kind in ("bearer", "basic"):
        return {kind: {"type": "http", "scheme": kind}}
    return {name: {"type": "apiKey", "in": "header", "name": name}}
