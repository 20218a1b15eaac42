"""A vendor's contract as an OpenAPI document for people and tools: this emulator's URLs, and the evidence in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.contract.bundling import bundle
from emulator.contract.documents import METHODS, is_schema, load
from emulator.contract.openapi import Contract
from emulator.exchange import Document

EVIDENCE = "x-evidence"
GRAPHQL = "x-graphql"
FOR_THE_EMULATOR = ("x-conventions", "x-unmatched", "x-switches")
"""Extensions that say how the emulator reads and writes, not what the vendor serves."""

OF_DATA = ("example", "examples", "default", "const", "enum")
"""Keywords with JSON of calls and replies, which is left as it is."""


def vendor_document(contract: Contract, handled_by: Mapping[str, str], servers: Sequence[str]) -> Document:
    """Return a contract as one document, without outside references, whose `servers` are URLs of this emulator.

    Wherever the contract has evidence, the description says it: of operations, statuses, parameters and fields.
    `handled_by` says by what each operation is handled.
    """
    document = {name: value for name, value in contract.document.items() if name not in FOR_THE_EMULATOR}
    schemas = {name.rpartition("/")[2]: load(file) for name, file in contract.files.items() if is_schema(name)}
    taken = document.get("components", {}).get("schemas", {})
    made = bundle(document, schemas, "/components/schemas", lambda stem: f"{stem}-file" if stem in taken else stem)
    made = _with_evidence(made)
    made["servers"] = [{"url": url} for url in servers]
    operations = list(_operations(made))
    for operation in operations:
        _add(operation, *_handling(operation, contract, handled_by))
    # Tags of GraphQL's root fields would be empty.
    used = {tag for operation in operations for tag in operation.get("tags", ())}
    made["tags"] = [tag for tag in made.get("tags", ()) if tag["name"] in used]
    return made


def _operations(document: Document) -> Iterator[Document]:
    for item in document["paths"].values():
        item.pop("servers", None)
        for method in METHODS:
            if method in item:
                item[method].pop("servers", None)
                yield item[method]


def _with_evidence(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_evidence(value) for value in part]
    if not isinstance(part, dict):
        return part
    made = {name: value if name in OF_DATA else _with_evidence(value) for name, value in part.items()}
    if isinstance(fields := part.get("properties"), dict):
        # A field may be called "default".
        made["properties"] = {name: _with_evidence(field) for name, field in fields.items()}
    evidence = part.get(EVIDENCE)
    if isinstance(evidence, dict) and "level" in evidence:
        _add(made, _sentence(evidence))
    return made


def _sentence(evidence: Mapping[str, Any]) -> str:
    note = f" — {evidence['note']}" if evidence.get("note") else ""
    return f"Evidence: **{evidence['level']}**, {evidence['source']}{note}"


def _add(described: Document, *paragraphs: str) -> None:
    described["description"] = "\n\n".join(filter(None, [described.get("description", ""), *paragraphs]))


def _handling(operation: Mapping[str, Any], contract: Contract, handled_by: Mapping[str, str]) -> Iterator[str]:
    name = operation.get("operationId", "")
    if name in handled_by:
        yield f"Handled by: {handled_by[name]}."
    elif contract.graphql is not None and name == contract.graphql.carrier:
        yield "\n".join(["| root field | evidence | what it does |", "|---|---|---|", *_root_fields(contract)])


def _root_fields(contract: Contract) -> Iterator[str]:
    for name, field in contract.handled.items():
        if field.root:
            yield f"| `{name}` ({field.root}) | **{field.evidence.level}** | {field.summary} |"
