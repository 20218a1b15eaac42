"""JSON Schema: fast validation (jsonschema-rs), and sentences for what is invalid (jsonschema)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from emulator.contract.formats import ANNOTATED, is_email
from emulator.contract.nodes import Node, steps_to
from emulator.contract.reached import reached
from emulator.errors import ContractError
from emulator.exchange import Document, Record, Violation, steps_of
from emulator.json_text import without_surrogates

if TYPE_CHECKING:
    from emulator.contract.explaining import Explaining


def _annotate(_: str) -> bool:
    return True


_FORMATS = {**dict.fromkeys(ANNOTATED, _annotate), "email": is_email}
"""jsonschema-rs would assert these in its own way; jsonschema asserts FORMATS alone."""


class Schemas:
    """All schemas of one contract by the address of their file."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self.documents = documents
        self._checks: dict[str, Check] = {}

    def check(self, address: str) -> Check:
        """Return the check for the schema at `address` ("file:///secoda/openapi.yaml#/paths/…")."""
        # Shared: a response of many operations is compiled once.
        return self._checks.setdefault(address, Check(address, self))

    def sample(self, address: str) -> Record:
        """Return the fields that the schema at `address` requires, as its first example has them."""
        file, _, pointer = address.partition("#")
        schema: Any = self.documents.get(file, {})
        for step in steps_of(pointer):
            schema = schema.get(step, {})
        examples = schema.get("examples", ()) if isinstance(schema, dict) else ()
        example = examples[0] if examples and isinstance(examples[0], dict) else {}
        return {name: example[name] for name in schema.get("required", ()) if name in example} if example else {}

    def compile(self, others: Iterable[str] = ()) -> None:
        """Compile the schemas of all checks, and those at `others`. Raises ContractError, naming an invalid one."""
        addresses = dict.fromkeys([*self._checks, *others])
        try:
            # All in one, of which a check is a property: what many schemas refer to is compiled once.
            schema = {"properties": {address: {"$ref": address} for address in addresses}}
            together = self.compiled(schema, self.documents)
        except (ValueError, jsonschema_rs.ReferencingError):
            for check in self._checks.values():
                check.compile()
        else:
            for address in addresses:
                self.check(address).together = together

    def compiled(self, schema: Document, documents: Mapping[str, Document]) -> jsonschema_rs.Draft202012Validator:
        """Return the validator for a schema that may refer to these documents. Raises jsonschema-rs's errors."""
        registry = jsonschema_rs.Registry(list(documents.items()), draft=jsonschema_rs.Draft202012)
        return jsonschema_rs.Draft202012Validator(schema, registry=registry, validate_formats=True, formats=_FORMATS)

    @cached_property
    def explaining(self) -> Explaining:
        """Explains in sentences why a document is invalid."""
        from emulator.contract.explaining import Explaining  # noqa: PLC0415

        return Explaining(self.documents)


def without_required(
    documents: Mapping[str, Document], nodes: Mapping[str, Iterable[Node]], mark: str
) -> dict[str, Document]:
    """Return documents whose schemas do not require what is only read (or written): `mark` is readOnly or writeOnly.

    OpenAPI requires such a property in replies (in requests) only. Parts without it are those of the documents.
    """
    return {name: _without_required(document, nodes[name], mark) for name, document in documents.items()}


def _without_required(document: Document, nodes: Iterable[Node], mark: str) -> Document:
    for at, node in [(at, node) for at, node, _ in nodes if "required" in node]:
        required, properties = node["required"], node.get("properties")
        if isinstance(required, list) and isinstance(properties, dict):
            marked = [name for name, of in properties.items() if isinstance(of, dict) and of.get(mark) is True]
            kept = [name for name in required if name not in marked]
            if len(kept) < len(required):
                document = _changed(document, [*steps_to(at), "required"], kept)
    return document


def _changed(document: Document, steps: Sequence[Any], value: Any) -> Document:
    """Return a document with another value at a place; what is not around the place is the same."""
    if not steps:
        return value
    copy = document.copy()
    copy[steps[0]] = _changed(document[steps[0]], steps[1:], value)
    return copy


class Check:
    """Validates documents against one schema, which is compiled at its first use, or `together` with others before."""

    def __init__(self, address: str, schemas: Schemas) -> None:
        self.address = address
        self.together: jsonschema_rs.Draft202012Validator | None = None
        self._schemas = schemas

    def compile(self) -> None:
        """Compile the schema. Raises ContractError, naming it, if it is invalid."""
        try:
            _ = self._fast
        except (ValueError, jsonschema_rs.ReferencingError) as problem:
            raise ContractError(f"{self.address.removeprefix('file:///')}: {problem}") from problem

    def accepts(self, document: Document) -> bool:
        """Return True if the document is valid."""
        try:
            return self._is_valid(document)
        except UnicodeEncodeError:
            # A lone surrogate has no UTF-8, which jsonschema-rs needs for its strings.
            return self._is_valid(without_surrogates(document))

    def _is_valid(self, document: Document) -> bool:
        if self.together is None:
            return self._fast.is_valid(document)
        return self.together.is_valid({self.address: document})

    def violations(self, document: Document, place: str, pointer: str = "") -> list[Violation]:
        """Return the document's violations of the schema; `pointer` is the prefix of their pointers."""
        if self.accepts(document):
            return []
        return self._schemas.explaining.violations(self.address, document, place, pointer)

    @cached_property
    def _fast(self) -> jsonschema_rs.Draft202012Validator:
        # All documents would take 3 MB for each vendor.
        return self._schemas.compiled({"$ref": self.address}, reached(self.address, self._schemas.documents))
