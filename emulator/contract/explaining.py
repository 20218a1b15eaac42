"""The sentences for what a schema refuses (jsonschema). Imported with the first refusal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from emulator.contract.schemas import FORMATS
from emulator.exchange import NOTHING, Document, Violation


def registry_of(documents: Mapping[str, Document]) -> Registry[Document]:
    """Return the documents as jsonschema wants them."""
    registry: Registry[Document] = Registry()
    return registry.with_resources(
        (address, DRAFT202012.create_resource(document)) for address, document in documents.items()
    )


def validator_of(address: str, registry: Registry[Document]) -> Draft202012Validator:
    """Return what holds documents to the schema at `address`."""
    return Draft202012Validator({"$ref": address}, registry=registry, format_checker=FormatChecker(FORMATS))


def violations_of(
    document: Document, validator: Draft202012Validator, place: str, pointer: str = ""
) -> list[Violation]:
    """Return each place where the document departs from the schema; `pointer` goes before theirs."""
    errors = sorted(validator.iter_errors(document), key=lambda error: [str(step) for step in error.absolute_path])
    return [violation for error in errors for violation in _violations(error, place, pointer)]


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
