"""Checks the form of a contract's files, and reports mistakes with their places; runs before a user's own are used."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema_rs
import orjson

from emulator.contract.completion import complete
from emulator.contract.documents import CHOICES, METHODS, OPENAPI, is_schema, load
from emulator.contract.formats import FORMATS
from emulator.contract.nodes import At, Node, nodes_in, steps_to
from emulator.contract.overlays import load_document
from emulator.contract.schemas import Check, Schemas
from emulator.errors import ConfigurationError, unknown
from emulator.exchange import NOTHING, Document, pointer_to, steps_of
from emulator.files.yaml_file import place, read_text, short_name

ANNOTATING_FORMATS = ("binary", "int32", "int64")
EXPECTED = {
    "x-evidence": "level (documented, observed, inferred or assumed) and source",
    "x-conventions": "trailing-slash, missing-content-type, json-content-type, json-reading, headers and etag",
    "x-unmatched": "the responses to calls that no operation matches, by status",
    "operationId": "the operation's name, as handlers, faults and the journal use it",
    "tags": "a list of names, the first of which is the operation's group",
    "responses": "the operation's replies, by status",
    "servers": "the vendor's URLs, the documented base URL first",
    "value": "the value of the convention or example",
    "schema": "a JSON Schema",
    "payload": "the JSON Schema of what the root field returns",
    "source": 'a name that others can look up, such as "Acme documentation, Errors", or "no source"',
}
LONGEST_VALUE = 60
LONGEST_SENTENCE = 200

Problem: TypeAlias = tuple[str, str]
"""A JSON pointer into the document, and a sentence."""


def problems(vendor: str, files: Mapping[str, Path], is_public: bool = False) -> Sequence[str]:
    """Return a sentence with file and place for each mistake in a contract's `files`, by name.

    An `is_public` document may leave parts open: that is not a mistake.
    """
    return read_documents(vendor, files, is_public)[2]


def read_documents(
    vendor: str, files: Mapping[str, Path], is_public: bool = False
) -> tuple[Mapping[str, Document], Mapping[str, Sequence[Node]], Sequence[str]]:
    """Return the documents in a contract's `files`, by name, their nodes, and what `problems` says of them.

    An `is_public` document is completed.
    """
    if OPENAPI not in files:
        return {}, {}, [f"{vendor}: the contract has no {OPENAPI}"]
    documents, told = _loaded(files)
    try:
        if is_public and OPENAPI in documents:
            documents[OPENAPI] = complete(vendor, documents[OPENAPI], files)
        nodes = {name: nodes_in(document) for name, document in documents.items()}
    except RecursionError:
        return {}, {}, [f"{vendor}: the contract has too many levels"]
    for name in documents:
        found = _problems_in(name, documents, nodes[name], is_public)
        told += (f"{place(files[name], at)}: {said}" for at, said in found)
    if isinstance(documents.get(OPENAPI), dict):
        told += _graphql_problems(documents[OPENAPI], files)
    return documents, nodes, told


def _loaded(files: Mapping[str, Path]) -> tuple[dict[str, Document], list[str]]:
    """Return the documents in files, by name, and what is wrong with those that do not parse."""
    documents: dict[str, Document] = {}
    told: list[str] = []
    for name in [name for name in files if name == OPENAPI or is_schema(name)]:
        try:
            documents[name] = load_document(files) if name == OPENAPI else load(files[name])
        except ConfigurationError as problem:
            told.append(str(problem))
    return documents, told


def _problems_in(
    name: str, documents: Mapping[str, Document], nodes: Sequence[Node], is_public: bool
) -> Iterator[Problem]:
    document = documents[name]
    patterns = {str(node["pattern"]) for _, node, _ in nodes if "pattern" in node}
    is_sound = not any(map(_pattern_problem, patterns))
    yield from _openapi_problems(document, nodes, is_sound) if name == OPENAPI else _schema_problems(document, is_sound)
    yield from _reference_problems(name, nodes, documents)
    if not is_public:
        yield from _format_problems(nodes)


def _operation_names(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the JSON pointer and the name of each operation, as far as the document is readable."""
    for pointer, operation in _operations(document):
        name = operation.get("operationId")
        if isinstance(name, str):
            yield pointer, name


def handled_names(document: Document) -> Iterator[str]:
    """Yield the operations that need a handler: the GraphQL root fields instead of the operation that carries them."""
    for _, operation in _operations(document):
        described = operation.get("x-graphql")
        if isinstance(described, dict):
            yield from _mapping(described.get("operations"))
        elif isinstance(operation.get("operationId"), str):
            yield operation["operationId"]


RECORDINGS: Mapping[str, str] = {"log": "a HAR file", "item": "a Postman collection"}
"""What is not OpenAPI, by a field at its root."""


def declared_names(document: Document) -> Iterator[str]:
    """Yield the operations that say by `x-emulator` what they do."""
    for _, operation in _operations(document):
        if "x-emulator" in operation and isinstance(operation.get("operationId"), str):
            yield operation["operationId"]
        root_fields = _mapping(_mapping(operation.get("x-graphql")).get("operations"))
        yield from (name for name, field in root_fields.items() if "x-emulator" in _mapping(field))


def _openapi_problems(document: Document, nodes: Iterable[Node], is_sound: bool) -> Iterator[Problem]:
    """Yield the mistakes in an OpenAPI document with these nodes. If it `is_sound`, all patterns in it are."""
    if isinstance(document, dict) and "swagger" in document:
        yield "/swagger", f"Swagger {document['swagger']} is not read; convert it to OpenAPI 3 (swagger2openapi)"
        return
    if isinstance(document, dict) and "openapi" not in document and document.keys() & RECORDINGS.keys():
        kind = next(of for name, of in RECORDINGS.items() if name in document)
        yield "", f"{kind} is not OpenAPI; `emulator import NAME=FILE` makes a document of its calls"
        return
    for found in _form().violations(document, "document"):
        yield found.pointer, _sentence(found.pointer, found.rule, found.expected, found.actual, found.sentence)
    if not isinstance(document, dict):
        return
    yield from _operation_problems(document)
    yield from _switch_problems(_mapping(document.get("x-switches")))
    for name, convention in _mapping(document.get("x-conventions")).items():
        value = _mapping(convention).get("value")
        if name in CHOICES and isinstance(value, str) and value not in CHOICES[name]:
            yield f"/x-conventions/{name}/value", _not_one_of(value, CHOICES[name])
    for at, schema in _schemas(document, nodes):
        yield from ((_pointer(at) + inside, sentence) for inside, sentence in _schema_problems(schema, is_sound))


def _sentence(pointer: str, rule: str, expected: Any, actual: Any, sentence: str) -> str:
    name = (steps_of(pointer) or [""])[-1]
    if rule == "required":
        return f"{name} is missing" + (f"; expected {EXPECTED[name]}" if name in EXPECTED else "")
    if rule == "type":
        kinds = expected if isinstance(expected, list) else [expected]
        return f"expected {' or '.join(KINDS[kind] for kind in kinds)}, not {_shown(actual)}"
    if rule == "enum":
        return _not_one_of(actual, expected)
    if rule == "anyOf" and name == "type":
        return _not_one_of(actual, [*KINDS, "null"])
    if rule == "pattern" and name == "openapi":
        return f"expected 3.0 or 3.1, not {_shown(actual)}"
    if rule == "pattern" and name == "source":
        return f"expected {EXPECTED[name]}, not {_shown(actual)}"
    if rule in ("minItems", "minProperties", "minLength"):
        return f"expected something, not {_shown(actual)}"
    return sentence if len(sentence) <= LONGEST_SENTENCE else f"{sentence[:LONGEST_SENTENCE]}…"


KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


def _shown(value: Any) -> str:
    if value is NOTHING or value is None:
        return "nothing"
    if isinstance(value, dict | list) and value:
        return "a mapping" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _not_one_of(value: Any, choices: Iterable[Any]) -> str:
    return f"{_shown(value)} is not one of {', '.join(map(str, choices))}"


def _operation_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    names = Counter(name for _, name in _operation_names(document))
    for pointer, operation in _operations(document):
        name = operation.get("operationId")
        if isinstance(name, str) and names[name] > 1:
            yield f"{pointer}/operationId", f"{names[name]} operations have the name {name}"
        path = steps_of(pointer)[1]
        listed = operation.get("parameters")
        followed = [_followed(entry, document) for entry in (listed if isinstance(listed, list) else [])]
        declared = [entry.get("name") for entry in followed if entry.get("in") == "path"]
        for parameter in re.findall(r"\{([^{}]*)\}", path):
            if parameter not in declared and "x-graphql" not in operation:
                yield pointer, f"the path has {{{parameter}}}, but no path parameter has this name"


def _switch_problems(switches: Mapping[str, Any]) -> Iterator[Problem]:
    for name, switch in switches.items():
        schema = _mapping(_mapping(switch).get("schema"))
        choices = schema.get("enum")
        if isinstance(choices, list) and "default" in switch and not _is_in(switch["default"], choices):
            yield pointer_to("x-switches", name, "default"), _not_one_of(switch["default"], choices)


def _is_in(value: Any, choices: Sequence[Any]) -> bool:
    return any(type(value) is type(choice) and value == choice for choice in choices)


def _schema_problems(schema: Document, is_sound: bool) -> Iterator[Problem]:
    """Yield what is not a valid JSON Schema, or what the two libraries could judge differently: patterns."""
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str) and schema["$ref"].startswith("#/components/"):
        return
    if not isinstance(schema, dict | bool):
        yield "", f"expected a JSON Schema, not {_shown(schema)}"
        return
    # The fast library finds out whether there is anything to report.
    if not jsonschema_rs.meta.is_valid(schema):
        yield from _meta_problems(schema)
    for at, node, _ in () if is_sound else nodes_in(schema):
        pattern = node.get("pattern")
        if isinstance(pattern, str) and (problem := _pattern_problem(pattern)):
            yield _pointer((at, "pattern")), f"{_shown(pattern)} is not a regular expression: {problem}"


def _meta_problems(schema: Document) -> Iterator[Problem]:
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema):
        pointer = pointer_to(*error.absolute_path)
        yield pointer, _sentence(pointer, str(error.validator), error.validator_value, error.instance, error.message)


@cache
def _pattern_problem(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as problem:
        return str(problem)
    return ""


def _format_problems(nodes: Iterable[Node]) -> Iterator[Problem]:
    """Yield the formats that the two JSON Schema libraries could judge differently."""
    for at, node, _ in nodes:
        used = node.get("format")
        if isinstance(used, str) and "type" in node and used not in (*FORMATS, *ANNOTATING_FORMATS):
            yield _pointer((at, "format")), f"format {_not_one_of(used, (*FORMATS, *ANNOTATING_FORMATS))}"


def _reference_problems(name: str, nodes: Iterable[Node], documents: Mapping[str, Document]) -> Iterator[Problem]:
    told = cache(partial(_reference_problem, name, documents=documents))
    for at, node in [(at, node) for at, node, _ in nodes if "$ref" in node]:
        if isinstance(node["$ref"], str) and (sentence := told(node["$ref"])):
            yield _pointer((at, "$ref")), sentence


def _reference_problem(name: str, reference: str, documents: Mapping[str, Document]) -> str:
    target, _, inner = reference.partition("#")
    file = str(Path(name).parent / target) if target else name
    if file not in documents:
        near = get_close_matches(file, documents, 1, 0.0)
        return f"{reference} does not exist" + (f"; did you mean {near[0]}?" if near else "")
    return f"nothing is at {reference}" if _at(documents[file], inner) is NOTHING else ""


def _graphql_problems(document: Any, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the mistakes in the schema that a GraphQL operation names, and in the root fields that it declares."""
    for pointer, operation in _operations(document):
        described = _mapping(operation.get("x-graphql"))
        name = described.get("schema")
        if not isinstance(name, str):
            continue
        if name not in files:
            at = place(files[OPENAPI], f"{pointer}/x-graphql/schema")
            yield f"{at}: {unknown('file', name, files)}"
            continue
        fields, sentence = _root_fields(files[name])
        if sentence:
            yield sentence
            continue
        for field in _mapping(described.get("operations")):
            if field not in fields:
                at = place(files[OPENAPI], pointer + pointer_to("x-graphql", "operations", field))
                yield f"{at}: {unknown('root field', field, fields, f'of {short_name(files[name])}')}"
        yield from _alias_problems(document, described, f"{pointer}/x-graphql/type-aliases", files[OPENAPI])


def _alias_problems(document: Any, described: Mapping[str, Any], pointer: str, file: Path) -> Iterator[str]:
    switches = _mapping(document.get("x-switches"))
    for name, alias in _mapping(described.get("type-aliases")).items():
        switch = _mapping(alias).get("switch")
        if isinstance(switch, str) and switch not in switches:
            yield f"{place(file, pointer + pointer_to(name, 'switch'))}: {_not_one_of(switch, switches)}"


def _root_fields(file: Path) -> tuple[Sequence[str], str]:
    """Return the root fields of a schema, and the sentence about a mistake in it."""
    from graphql import GraphQLError, GraphQLSyntaxError, build_schema  # noqa: PLC0415

    try:
        schema = build_schema(read_text(file))
    except ConfigurationError as problem:
        return (), str(problem)
    except GraphQLSyntaxError as problem:
        line = problem.locations[0].line if problem.locations else 1
        return (), f"{short_name(file)} line {line}: {problem.message}"
    except (GraphQLError, TypeError) as problem:
        return (), f"{short_name(file)}: {problem}"
    return [name for root in (schema.query_type, schema.mutation_type) if root for name in root.fields], ""


def _operations(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, item in _mapping(_mapping(document).get("paths")).items():
        for method in METHODS:
            operation = _mapping(item).get(method)
            if isinstance(operation, dict):
                yield pointer_to("paths", path, method), operation


def _schemas(document: Mapping[str, Any], nodes: Iterable[Node]) -> Iterator[tuple[At, Document]]:
    """Yield each value in the place of a schema: below `schema`, `payload` and components/schemas."""
    components = _mapping(document.get("components"))
    for name, schema in _mapping(components.get("schemas")).items():
        yield (((None, "components"), "schemas"), name), schema
    for at, node in [(at, node) for at, node, is_named in nodes if not is_named]:
        if "schema" in node and "operations" not in node and isinstance(node["schema"], dict | bool):
            yield (at, "schema"), node["schema"]
        if "payload" in node and isinstance(node["payload"], dict | bool):
            yield (at, "payload"), node["payload"]


def _pointer(at: At) -> str:
    return pointer_to(*steps_to(at))


def _followed(entry: Any, document: Document) -> Mapping[str, Any]:
    reference = _mapping(entry).get("$ref")
    if isinstance(reference, str):
        return _mapping(_at(document, reference.removeprefix("#")))
    return _mapping(entry)


def _at(document: Document, pointer: str) -> Any:
    found: Any = document
    for key in steps_of(pointer):
        if not isinstance(found, dict) or key not in found:
            return NOTHING
        found = found[key]
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


@cache
def _form() -> Check:
    file = Path(__file__).with_name("form.schema.json")
    address = "file:///form.schema.json"
    return Schemas({address: orjson.loads(file.read_bytes())}).check(address)
