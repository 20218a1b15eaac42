"""Validates calls against the contract; parses their bodies and types their parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from emulator.contract.conventions import Conventions
from emulator.contract.numbers import NUMBERS
from emulator.contract.operation import Body, Field, Media, Operation, Parameter
from emulator.errors import Departure, MalformedBody
from emulator.exchange import FORM, JSON, MULTIPART, NOTHING, Call, Part, Violation
from emulator.json_text import Reading, UnsupportedCharset, is_deeper

JSON_SUFFIX = re.compile(r"application/.+\+json")


class UnsupportedType(Departure):
    """The operation does not accept the body's content type."""

    def __init__(self, accepted: Sequence[str], kind: str) -> None:
        super().__init__(f"expected one of {', '.join(accepted)}")
        self.accepted = accepted
        sentence = f"{kind!r} is not one of the content types of the contract: {', '.join(accepted)}"
        self.violation = Violation("header", "/content-type", "enum", list(accepted), kind, sentence)


def read_call(call: Call, operation: Operation, conventions: Conventions, max_depth: int) -> list[Violation]:
    """Fill in the call's `params` and `document`; return its violations of the contract.

    Before, `call.params` contains the raw path parameters. Raises UnsupportedType, or MalformedBody, also for JSON
    with more than `max_depth` levels.
    """
    violations: list[Violation] = []
    if operation.parameters or call.query:
        _read_parameters(call, operation.parameters, conventions, violations)
    if not all(map(operation.query_names.__contains__, call.query)):
        violations += _undeclared(call, operation.query_names)
    if operation.body is not None:
        violations += _read_body(call, operation.body, conventions, max_depth)
    return violations


def _read_parameters(
    call: Call, parameters: Sequence[Parameter], conventions: Conventions, violations: list[Violation]
) -> None:
    raw_path, call.params = call.params, {}
    for parameter in parameters:
        texts = _texts(call, parameter, raw_path)
        if texts:
            value = _value(parameter, texts, conventions)
            if parameter.check.accepts(value):
                _keep(call, parameter, value)
            else:
                violations += parameter.check.violations(value, parameter.place, f"/{parameter.name}")
        elif parameter.required:
            sentence = f"{parameter.name!r} is a required {parameter.place} parameter"
            violations.append(Violation(parameter.place, f"/{parameter.name}", "required", True, NOTHING, sentence))


def _keep(call: Call, parameter: Parameter, value: Any) -> None:
    if not parameter.is_shared:
        call.params[parameter.name] = value
        return
    by_place = {**call.shared.get(parameter.name, {}), parameter.place: value}
    call.shared = {**call.shared, parameter.name: by_place}
    call.params[parameter.name] = by_place.get("path", value)


def _undeclared(call: Call, declared: Collection[str]) -> Iterator[Violation]:
    for name in dict.fromkeys(name for name in call.query if name not in declared):
        sentence = f"{name!r} is not one of the query parameters of the contract"
        yield Violation("query", f"/{name}", "additionalProperties", False, call.query[name], sentence, declared)


def _texts(call: Call, parameter: Parameter, raw_path: Mapping[str, str]) -> Sequence[str]:
    """Return the values that were sent for a parameter."""
    if parameter.place == "path":
        return [raw_path[parameter.name]] if parameter.name in raw_path else []
    sent = call.query if parameter.place == "query" else call.headers
    return sent.getall(parameter.name, [])


def _value(parameter: Parameter, texts: Sequence[str], conventions: Conventions) -> Any:
    """Type a parameter; an invalid value stays a string, which the schema refuses."""
    if parameter.is_list:
        if parameter.separator:
            texts = texts[0].split(parameter.separator)
        return [_scalar(parameter.type, text, conventions) for text in texts]
    if len(texts) > 1 and parameter.place == "query" and conventions.repeated_parameter == "list":
        return list(texts)
    chosen = texts[-1] if conventions.repeated_parameter == "last" else texts[0]
    return _scalar(parameter.type, chosen, conventions)


def _scalar(kind: str, text: str, conventions: Conventions) -> Any:
    if kind == "boolean":
        # Python clients send True and False: fh-immuta-utils does.
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "string":
        return text
    number = NUMBERS[conventions.number_parameter](text)
    return text if number is None else number


def _read_body(call: Call, body: Body, conventions: Conventions, max_depth: int) -> Sequence[Violation]:
    if not call.body and not call.parts and call.content_type != MULTIPART:
        return [_missing_body()] if body.required else []
    kind = call.content_type or conventions.missing_content_type
    if conventions.json_suffix == "read" and JSON_SUFFIX.fullmatch(kind):
        kind = JSON
    media = body.media.get(kind)
    if media is None:
        raise UnsupportedType(list(body.media), kind)
    if not _is_parsed(kind):
        return []
    if kind == MULTIPART:
        return list(_check_parts(call.parts, media))
    if kind == FORM:
        call.document = dict(parse_qsl(call.body.decode("utf-8", "replace"), True))
    else:
        call.document = parse_json(call, body, conventions.reading, max_depth)
    return media.check.violations(call.document, "body")


def _is_parsed(kind: str) -> bool:
    return kind in (MULTIPART, FORM) or "json" in kind


def _missing_body() -> Violation:
    return Violation("body", "", "required", True, NOTHING, "a body is required")


def parse_json(call: Call, body: Body, reading: Reading, max_depth: int) -> Any:
    """Return the document in a JSON body, as a framework reads it. Raises like read_call."""
    try:
        document = reading.read(call.body, call.charset) if call.parsed is NOTHING else call.parsed
    except UnsupportedCharset:
        raise UnsupportedType(list(body.media), f"charset={call.charset}") from None
    if call.body.count(b"[") + call.body.count(b"{") > max_depth and is_deeper(document, max_depth):
        raise MalformedBody(f"nested deeper than {max_depth} levels")
    return document


def _check_parts(parts: Mapping[str, Part], media: Media) -> Iterator[Violation]:
    fields = {field.name: field for field in media.fields}
    for name, field in fields.items():
        if name in parts:
            yield from _check_part(parts[name], field)
        elif field.required:
            yield Violation("body", f"/{name}", "required", True, NOTHING, f"{name!r} is a required property")
    for name in [name for name in parts if name not in fields]:
        sentence = f"{name!r} is not one of the parts of the contract"
        yield Violation("body", f"/{name}", "additionalProperties", False, parts[name].filename, sentence, fields)


def _check_part(part: Part, field: Field) -> Iterator[Violation]:
    pointer = f"/{part.name}"
    if not field.file:
        yield from field.check.violations(part.text(), "body", pointer)
    elif part.filename is None:
        kind = field.schema["contentMediaType"]
        yield Violation("body", pointer, "contentMediaType", kind, part.text(), f"{part.name!r} is not a file")
    elif part.size < field.schema.get("minLength", 0):
        yield Violation("body", pointer, "minLength", field.schema["minLength"], "", f"the file {part.name!r} is empty")
