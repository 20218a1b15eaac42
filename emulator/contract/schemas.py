"""JSON Schema: one fast verdict (jsonschema-rs) and, for what it refuses, the sentences (jsonschema)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, cast

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from emulator.exchange import NOTHING, Document, Violation

FORMATS = ("uuid", "date-time", "date")
"""The formats that are asserted; other values of `format` only annotate."""


class Schemas:
    """All schemas of one contract by the address of the file that holds them."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = dict(documents)

    def check(self, address: str) -> Check:
        """Return the check for the schema at `address` ("file:///secoda/openapi.yaml#/paths/…")."""
        return Check(address, self)

    @cached_property
    def fast(self) -> jsonschema_rs.Registry:
        """The documents as jsonschema-rs wants them."""
        return jsonschema_rs.Registry(list(self._documents.items()), draft=jsonschema_rs.Draft202012)

    @cached_property
    def explaining(self) -> Registry[Document]:
        """The documents as jsonschema wants them."""
        registry: Registry[Document] = Registry()
        return registry.with_resources(
            (address, DRAFT202012.create_resource(document)) for address, document in self._documents.items()
        )


class Check:
    """Holds documents to one schema. Compiled when first used."""

    def __init__(self, address: str, schemas: Schemas) -> None:
        self.address = address
        self._schemas = schemas

    def accepts(self, document: Document) -> bool:
        """Tell whether the document keeps to the schema."""
        return self._fast.is_valid(document)

    def violations(self, document: Document, place: str, pointer: str = "") -> list[Violation]:
        """Return each place where the document departs from the schema; `pointer` goes before theirs."""
        if self.accepts(document):
            return []
        errors = sorted(
            self._explaining.iter_errors(document), key=lambda error: [str(step) for step in error.absolute_path]
        )
        return [violation for error in errors for violation in _violations(error, place, pointer)]

    @cached_property
    def _fast(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            {"$ref": self.address}, registry=self._schemas.fast, validate_formats=True
        )

    @cached_property
    def _explaining(self) -> Draft202012Validator:
        return Draft202012Validator(
            {"$ref": self.address}, registry=self._schemas.explaining, format_checker=FormatChecker(FORMATS)
        )


def _violations(error: ValidationError, place: str, pointer: str) -> Iterator[Violation]:
    here = pointer + "".join(f"/{_escape(str(step))}" for step in error.absolute_path)
    rule, keyword, instance = str(error.validator), cast(Any, error.validator_value), cast(Any, error.instance)
    if rule == "required":
        # jsonschema reports each missing property by itself, and names it only in its sentence.
        missing = next(name for name in keyword if error.message.startswith(f"{name!r} is"))
        yield Violation(place, f"{here}/{_escape(missing)}", rule, True, NOTHING, error.message)
    elif rule == "additionalProperties":
        known = cast(Any, error.schema).get("properties", {})
        for name in sorted(set(instance) - set(known)):
            sentence = f"{name!r} is not one of the properties of the contract"
            yield Violation(place, f"{here}/{_escape(name)}", rule, False, instance[name], sentence)
    else:
        yield Violation(place, here, rule, keyword, instance, error.message)


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
