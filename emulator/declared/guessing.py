"""What names and types of a document suggest: keys, timestamps, references, filters and pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from emulator.contract.operation import Operation, Parameter
from emulator.declared.paging import ROLES
from emulator.declared.shapes import Place, Shape, type_of

KEYS = ("id", "_id", "uid", "uuid", "gid")
COMPOSED = {"allOf", "anyOf", "oneOf", "properties"}
"""The keywords of a schema without a type."""

_CREATED = ("created", "createdat", "createdon", "createdtime", "datecreated", "creationtime", "creationdate")
_UPDATED = ("updated", "updatedat", "modified", "modifiedat", "lastmodified", "lastupdated", "dateupdated")
_SEARCH = ("search", "q", "query")
_FROM, _TO = ("start", "from", "since", "min", "after"), ("end", "to", "until", "max", "before")


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name without case and separators: "created_at" and "createdAt" are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def singular(name: str) -> str:
    """Return the singular of an English plural, as far as its ending shows it: "categories", "boxes", "pets"."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("ss", "ss")):
        if name.endswith(ending):
            return name.removesuffix(ending) + instead
    return name.removesuffix("s")


def key_for(parameter: str, collection: str, shape: Shape) -> str:
    """Return the property that identifies a record, by the path parameter with its value (""); "" if none does."""
    names = key_names(parameter, collection, shape.properties)
    return next((name for name in names if _is_scalar(shape.properties[name])), "")


def key_names(parameter: str, collection: str, properties: Iterable[str]) -> Iterator[str]:
    """Yield the properties that may identify a record of a collection, the likeliest first."""
    one = plain(singular(collection))
    named = {plain(name): name for name in reversed(list(properties))}
    short = re.sub(r"(id|gid|uuid|key)$", "", plain(parameter))
    wanted = [plain(parameter), *([short] if short and short != one else []), *KEYS[:1], "uid", "uuid", "gid"]
    wanted += [f"{one}id", f"{one}uuid", f"{one}gid", *(["name"] if plain(parameter).endswith("name") else [])]
    yield from (named[name] for name in wanted if name in named)


def _is_scalar(place: Place) -> bool:
    kind = type_of(place)
    return kind in ("string", "integer", "number") or (not kind and not place.schema.keys() & COMPOSED)


def id_for(key: Place, is_required: bool) -> str:
    """Return how keys are made; "client" if the body of a create requires a key, "uuid" if their schema says it."""
    if type_of(key) in ("integer", "number"):
        return "integer"
    if is_required and key.schema.get("readOnly") is not True:
        return "client"
    if "pattern" in key.schema:
        return "uuid"
    example = key.schema.get("example", "")
    if isinstance(example, str) and example.isdecimal() and len(example) < 19:
        return f"{{digits:{len(example)}}}"
    longest = key.schema.get("maxLength", 36)
    return "uuid" if longest >= 36 else f"{{alnum:{longest}}}"


def timestamps_for(shape: Shape) -> dict[str, str]:
    """Return the date-time properties that the server sets at create, and at each write."""
    times = {plain(name): name for name, place in shape.properties.items() if place.schema.get("format") == "date-time"}
    pairs = (("created", _CREATED), ("updated", _UPDATED))
    found = {stamp: next((times[name] for name in names if name in times), "") for stamp, names in pairs}
    return {stamp: name for stamp, name in found.items() if name}


def reference_for(parameter: str, owner: str, shape: Shape) -> str:
    """Return the property with the key of another collection, by the path parameter that has it, or ""."""
    one, named = plain(singular(owner)), {plain(name): name for name in shape.properties}
    short = re.sub(r"(id|gid)$", "", plain(parameter))
    wanted = ([plain(parameter)] if short else []) + [f"{one}id", f"{one}gid"]
    return next((named[name] for name in wanted if name in named and _is_scalar(shape.properties[named[name]])), "")


def roles_for(operation: Operation, shape: Shape) -> dict[str, str]:
    """Return the names of the query parameters that select the page of a list, by role; {} if none does."""
    declared = {one.name: one for one in operation.parameters if one.place == "query"}
    roles: dict[str, str] = {}
    for role, names in ROLES.items():
        for name in names:
            if name in declared and _fits(role, declared[name]):
                roles.setdefault(role, name)
    if "cursor" in roles and roles.keys() & {"page", "offset"}:
        del roles["cursor"]
    if "page" in roles:
        roles.pop("offset", None)
    if not roles.keys() & {"page", "offset", "cursor"}:
        return {}
    known = set(map(plain, shape.properties))
    search = next((name for name in _SEARCH if name in declared and plain(name) not in known), "")
    return {**roles, "search": search} if search else roles


def _fits(role: str, parameter: Parameter) -> bool:
    """Return True if a parameter has the type of its role; a sort order by a list of words is not one of fields."""
    if role in ("page", "size", "offset"):
        return parameter.type in ("integer", "number", "string") and not parameter.is_list
    return parameter.type == "string" and role != "sort" and not parameter.is_list


def filters_for(operation: Operation, shape: Shape, taken: Iterable[str]) -> dict[str, str]:
    """Return the conditions of a list's query parameters: "field", or "field operator"."""
    found: dict[str, str] = {}
    dates = _dates(shape)
    for parameter in operation.parameters:
        if parameter.place == "query" and parameter.name not in taken:
            condition = _condition(parameter, shape, dates)
            if condition:
                found[parameter.name] = condition
    return found


def _condition(parameter: Parameter, shape: Shape, dates: Sequence[str]) -> str:
    name = plain(parameter.name)
    exact = [one for one in shape.properties if plain(one) == name]
    longer = [one for one in shape.properties if name and plain(one).startswith(name) and one not in dates]
    for one in exact or (longer if len(longer) == 1 and len(name) > 3 else []):
        return one if _same_type(parameter, shape.properties[one]) else ""
    rests = {name.removeprefix(word).removesuffix(word) or name: operator for word, operator in _RANGES if word in name}
    if len(dates) == 1 and parameter.type == "string" and rests:
        rest, operator = next(iter(rests.items()))
        is_range = rest != name or name in (*_FROM, *_TO)
        if is_range and rest in ("", "date", "time", "at", name):
            return f"{dates[0]} {operator}"
    return _bound(parameter, name, shape)


def _bound(parameter: Parameter, name: str, shape: Shape) -> str:
    """Return the condition of a parameter named as a property, or the start of a date, with a bound: created_after."""
    for word, operator in (*_RANGES, *_COMPARED):
        rest = name.removesuffix(word) if name.endswith(word) else name.removeprefix(word)
        if rest != name and len(rest) > 2:
            exact = [one for one in shape.properties if plain(one) == rest]
            begun = [one for one in _of_dates(shape) if plain(one).startswith(rest)]
            for one in exact or (begun if len(begun) == 1 else []):
                return f"{one} {operator}" if _same_type(parameter, shape.properties[one]) else ""
    return ""


_COMPARED = (("gte", "gte"), ("gt", "gt"), ("lte", "lte"), ("lt", "lt"))
_RANGES: Sequence[tuple[str, str]] = [*((word, "gte") for word in _FROM), *((word, "lte") for word in _TO)]


def _dates(shape: Shape) -> list[str]:
    """Return the properties with a date, without those that the server sets."""
    stamps = timestamps_for(shape).values()
    return [name for name in _of_dates(shape) if name not in stamps]


def _of_dates(shape: Shape) -> list[str]:
    return [name for name, place in shape.properties.items() if place.schema.get("format") in ("date", "date-time")]


def _same_type(parameter: Parameter, place: Place) -> bool:
    kind = type_of(place)
    if kind == "array":
        return type_of(Place(place.file, "", _mapping(place.schema.get("items")))) == parameter.type
    return (
        (not kind and not place.schema.keys() & COMPOSED)
        or kind == parameter.type
        or {kind, parameter.type} == {"integer", "number"}
    )


def strategy_for(roles: Mapping[str, str], operation: Operation, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the paging strategy of these roles: with the sizes that the document names."""
    described = {one["name"]: one.get("schema", {}) for one in _parameters(operation, document)}
    schema = described.get(roles.get("size", ""), {})
    sizes = {word: schema[of] for word, of in (("default", "default"), ("maximum", "maximum")) if of in schema}
    sizes = {word: size for word, size in sizes.items() if isinstance(size, int) and size > 0}
    return {"parameters": dict(roles), **({"size": sizes} if sizes else {})}


def _parameters(operation: Operation, document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in document["paths"][operation.path][operation.method.lower()].get("parameters", ()):
        if "$ref" not in entry:
            yield entry
            continue
        found: Any = document
        for step in entry["$ref"].removeprefix("#/").split("/"):
            found = _mapping(found).get(step.replace("~1", "/").replace("~0", "~"))
        if isinstance(found, dict):
            yield found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
