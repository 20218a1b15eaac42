"""JSON Schema: one fast verdict (jsonschema-rs) and, for what it refuses, the sentences (jsonschema)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import jsonschema_rs

from emulator.errors import ContractError
from emulator.exchange import Document, Violation
from emulator.json_text import without_surrogates

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from referencing import Registry


class Schemas:
    """All schemas of one contract by the address of the file that holds them."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = dict(documents)
        self._checks: dict[str, Check] = {}

    def check(self, address: str) -> Check:
        """Return the check for the schema at `address` ("file:///secoda/openapi.yaml#/paths/…")."""
        # One for all who refer to it: what many operations answer is compiled once.
        return self._checks.setdefault(address, Check(address, self))

    def compile(self) -> None:
        """Compile every check there is. Raises ContractError for a schema that is none."""
        for check in list(self._checks.values()):
            try:
                check.compile()
            except (ValueError, jsonschema_rs.ReferencingError) as problem:
                raise ContractError(f"{check.address.removeprefix('file:///')}: {problem}") from problem

    @cached_property
    def fast(self) -> jsonschema_rs.Registry:
        """The documents as jsonschema-rs wants them."""
        return jsonschema_rs.Registry(list(self._documents.items()), draft=jsonschema_rs.Draft202012)

    @cached_property
    def explaining(self) -> Registry[Document]:
        """The documents as jsonschema wants them."""
        from emulator.contract.explaining import registry_of  # noqa: PLC0415 - as in Check.violations

        return registry_of(self._documents)


class Check:
    """Holds documents to one schema. Compiled when first used."""

    def __init__(self, address: str, schemas: Schemas) -> None:
        self.address = address
        self._schemas = schemas

    def compile(self) -> None:
        """Make it ready to be used. Raises jsonschema-rs's errors."""
        _ = self._fast

    def accepts(self, document: Document) -> bool:
        """Return True if the document keeps to the schema."""
        try:
            return self._fast.is_valid(document)
        except UnicodeEncodeError:
            # A lone surrogate has no UTF-8, in which jsonschema-rs is handed its strings.
            return self._fast.is_valid(without_surrogates(document))

    def violations(self, document: Document, place: str, pointer: str = "") -> list[Violation]:
        """Return each place where the document departs from the schema; `pointer` goes before theirs."""
        if self.accepts(document):
            return []
        from emulator.contract.explaining import violations_of  # noqa: PLC0415 - 0.05 s that no right call should cost

        return violations_of(document, self._explaining, place, pointer)

    @cached_property
    def _fast(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            {"$ref": self.address}, registry=self._schemas.fast, validate_formats=True
        )

    @cached_property
    def _explaining(self) -> Draft202012Validator:
        from emulator.contract.explaining import validator_of  # noqa: PLC0415 - as in violations

        return validator_of(self.address, self._schemas.explaining)
