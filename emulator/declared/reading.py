"""Reads the declarations of a contract into collections and handlers; reports all mistakes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from emulator.contract.documents import OPENAPI
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation
from emulator.declared.checks import (
    action_problem,
    collection_problems,
    operation_problems,
    query_parameters,
    strategy_problem,
)
from emulator.declared.dialect import NAMES as ERROR_NAMES
from emulator.declared.dialect import DeclaredFailures, DefaultDialect, ErrorWords
from emulator.declared.expressions import Problem, Scope
from emulator.declared.keeping import kept
from emulator.declared.life import pass_time
from emulator.declared.nested import NestedFields
from emulator.declared.paging import NAMES, Strategy
from emulator.declared.planning import Handle, Planner
from emulator.declared.populating import populated
from emulator.declared.purposes import Purposes
from emulator.declared.replying import reply_shape, success
from emulator.declared.resources import Resource
from emulator.declared.root_fields import ARGUMENT, as_declared, root_field_problems
from emulator.declared.shapes import Place, shapes_of
from emulator.declared.words import CollectionWords, OperationWords, form_problems
from emulator.errors import unknown
from emulator.exchange import pointer_to
from emulator.files.yaml_file import place, short_name
from emulator.store.collection import Collection
from emulator.store.world import World
from emulator.vendor import Dialect, Hooks, nothing_is_due

ROOT = "/x-emulator"


class Declarations(NamedTuple):
    """The declarations of a contract: collections, handlers by operation, the dialect for its errors.

    `problems` are sentences with their places; if there are any, the vendor must not be served, and nothing has a
    `planner`. `due` writes what is due by the clock.
    """

    collections: Sequence[Collection] = ()
    handlers: Mapping[str, Handle] = {}
    dialect: DefaultDialect | None = None
    problems: Sequence[str] = ()
    due: Callable[[World], None] = nothing_is_due
    planner: Planner | None = None


def read_declarations(
    contract: Contract,
    known: Sequence[Collection] = (),
    hooks: Hooks | None = None,
    wording: Dialect | None = None,
    *,
    has_valid_form: bool = False,
) -> Declarations:
    """Read the declarations of a contract; the collections `known`, `hooks` and `wording` are the vendor's Python.

    The form of those that are known to have a valid one is not checked.
    """
    return Reading(contract, known, hooks, wording, has_valid_form=has_valid_form).declarations()


class Reading:
    """Reads the declarations of a contract; `problems` are the mistakes: JSON pointers and sentences."""

    def __init__(
        self,
        contract: Contract,
        known: Sequence[Collection] = (),
        hooks: Hooks | None = None,
        wording: Dialect | None = None,
        *,
        has_valid_form: bool = False,
    ) -> None:
        self._form_problems = _unchecked if has_valid_form else form_problems
        self._contract = contract
        self._known = {one.name: one for one in known}
        self._hooks = hooks or Hooks()
        self._wording = wording
        self._root: Any = contract.document.get("x-emulator", {})
        self._shapes = shapes_of(contract.schemas)
        self._written = {name: found for name, found in self._found() if "x-emulator" in found}
        self._switches = {name: switch.choices for name, switch in contract.switches.items()}
        self._resources: dict[str, Resource] = {}
        self._purposes = Purposes(contract.operations, {})
        self._strategies: dict[str, Strategy] = {}
        self._dialect = DefaultDialect(contract)
        self.problems = list(dict.fromkeys(self._found_problems()))

    def declarations(self) -> Declarations:
        """Return the declarations, or the sentences about their mistakes."""
        if said := [*self._sentences()]:
            return Declarations(problems=said)
        resources = self._resources
        collections = [populated(resource, resources, self._shapes) for resource in resources.values()]
        living = [resource for resource in resources.values() if resource.words.life is not None]
        collections += [resource.lives for resource in living]
        due = partial(pass_time, living) if living else nothing_is_due
        return Declarations(collections, dict(self._handlers()), self._dialect, due=due, planner=self._planner)

    def _sentences(self) -> Iterator[str]:
        """Yield the mistakes with their places: those of the words, or else of what Python has for them."""
        for pointer, sentence in self.problems:
            yield f"{place(self._contract.files[OPENAPI], pointer)}: {sentence}"
        if self.problems:
            return
        code = short_name(self._contract.home / "vendor.py" if self._contract.home else self._contract.files[OPENAPI])
        for name in sorted(self._hooks.collections() - self._resources.keys()):
            yield f"{code}: {unknown('collection', name, self._resources, 'of a hook')}"
        named = {words.paging for words in self._purposes.words.values()}
        for name in sorted(self._hooks.strategies.keys() - named):
            said = unknown("paging", name, sorted(named - {""}), "of a hook", plural="words paging")
            yield f"{code}: {said}"

    @property
    def _planner(self) -> Planner:
        """What makes the handlers of valid declarations."""
        graphql = self._contract.graphql
        fail = partial(DeclaredFailures, self._dialect, self._wording)
        return Planner(self._purposes, self._resources, self._strategies, self._shapes, graphql, fail)

    def _found(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name, operation in self._contract.handled.items():
            described = self._contract.document["paths"][operation.path][operation.method.lower()]
            yield name, described["x-graphql"]["operations"][name] if operation.root else described

    def _found_problems(self) -> Iterator[Problem]:
        """Yield all mistakes; afterwards the valid declarations have been read."""
        found = [(f"{ROOT}{pointer}", sentence) for pointer, sentence in self._form_problems(self._root, "root")]
        for name, described in self._written.items():
            at = self._pointer(name)
            told = self._form_problems(described["x-emulator"], "operation")
            found += [(f"{at}{pointer}", said) for pointer, said in told]
        found += self._graphql_problems()
        yield from found
        if not found:
            yield from self._read()

    def _graphql_problems(self) -> Iterator[Problem]:
        """Yield the mistakes in the form of nested fields, and words where nothing reads them."""
        graphql = self._contract.graphql
        if graphql is not None:
            carrier = self._contract.operations[graphql.carrier]
            described = self._contract.document["paths"][carrier.path]["post"]
            if "x-emulator" in described:
                at = pointer_to("paths", carrier.path, "post") + ROOT
                yield at, "GraphQL is executed here; write x-emulator in x-graphql/operations, by root field"
            for name in graphql.nested:
                at, written = self._nested_words(name)
                yield from ((f"{at}{pointer}", said) for pointer, said in self._form_problems(written, "operation"))

    def _nested_words(self, name: str) -> tuple[str, Mapping[str, Any]]:
        """Return the place and the words of a nested field of GraphQL."""
        assert self._contract.graphql is not None
        path = self._contract.operations[self._contract.graphql.carrier].path
        types = self._contract.document["paths"][path]["post"]["x-graphql"]["types"]
        return pointer_to("paths", path, "post", "x-graphql", "types", name) + ROOT, types[name]["x-emulator"]

    def _nested_problems(self) -> Iterator[Problem]:
        if (nested := self._nested) is None:
            return
        for name in nested.graphql.nested:
            at, written = self._nested_words(name)
            yield from ((f"{at}{pointer}", said) for pointer, said in nested.problems(name, written))

    @property
    def _nested(self) -> NestedFields | None:
        """The nested fields of GraphQL; None if the contract has no schema."""
        graphql = self._contract.graphql
        return NestedFields(graphql, self._planner, self._switches) if graphql is not None else None

    def _handlers(self) -> Iterator[tuple[str, Handle]]:
        """Yield each operation, and each nested field, that has words with its handler."""
        yield from self._planner.handlers()
        if (nested := self._nested) is None:
            return
        for name in nested.graphql.nested:
            yield name, nested.handler(name, self._nested_words(name)[1])

    def _read(self) -> Iterator[Problem]:
        of_operations = {name: OperationWords.of(found["x-emulator"]) for name, found in self._written.items()}
        collections = self._root.get("collections", {})
        singletons = [name for name, written in collections.items() if "singleton" in written]
        self._purposes = Purposes(self._contract.operations, of_operations, singletons)
        self._strategies = {name: Strategy.of(name, one) for name, one in self._root.get("paging", {}).items()}
        self._dialect = DefaultDialect(self._contract, ErrorWords.of(self._root.get("errors", {})))
        yield from self._read_collections()
        yield from self._collection_problems()
        yield from self._template_problems()
        for name in self._purposes.words:
            yield from ((f"{self._pointer(name)}{pointer}", said) for pointer, said in self._operation_problems(name))
        yield from self._nested_problems()

    def _read_collections(self) -> Iterator[Problem]:
        """Read the collections' words; a collection that the vendor's Python has, too, keeps its key."""
        for name, written in self._root.get("collections", {}).items():
            words, at = CollectionWords.of(name, written), f"{ROOT}/collections/{name}"
            kept = self._known.get(f"{self._contract.vendor}.{name}")
            if kept is not None and words.key != kept.key:
                words = words._replace(key=kept.key, key_of=kept.key_of)
                if "key" in written:
                    yield f"{at}/key", f"the key of {kept.name} is {kept.key!r}"
            found = self._schema(words)
            if found is None:
                yield f"{at}/schema", unknown("schema", words.schema, self._schema_names())
            self._resources[name] = self._resource(words, found)

    def _collection_problems(self) -> Iterator[Problem]:
        for name, resource in self._resources.items():
            at, written = f"{ROOT}/collections/{name}", self._root["collections"][name]
            told = collection_problems(resource.words, written, resource, list(self._resources), self._switches)
            yield from ((f"{at}{pointer}", sentence) for pointer, sentence in told)
            for one, reference in resource.words.references.items():
                if reference.to in self._resources and self._resources[reference.to].words.key_of:
                    said = f"{reference.to} has a key of several fields, to which no field can refer"
                    yield f"{at}/references/{one}", said

    def _template_problems(self) -> Iterator[Problem]:
        scope = Scope(switches=self._switches, names=NAMES)
        for name, written in self._root.get("paging", {}).items():
            for word in ("size", "body", "headers", "empty"):
                yield from scope.problems(written.get(word), f"{ROOT}/paging/{name}/{word}")
            yield from self._parameter_problems(f"{ROOT}/paging/{name}/parameters", written["parameters"])
        errors = Scope(switches=self._switches, names=ERROR_NAMES, has_world=False)
        yield from errors.problems(self._root.get("errors", {}).get("body"), f"{ROOT}/errors/body")
        for kind in self._root.get("errors", {}).get("status", {}):
            if said := self._dialect.unknown_kind(kind):
                yield f"{ROOT}/errors/status/{kind}", said

    def _parameter_problems(self, at: str, parameters: Mapping[str, str]) -> Iterator[Problem]:
        """Yield the parameters of a paging strategy that no operation declares."""
        declared = {one for operation in self._contract.operations.values() for one in query_parameters(operation)}
        for role, name in parameters.items() if declared else ():
            # An object is one parameter, whatever is in its brackets.
            if declared.isdisjoint({name, name.partition("[")[0]}):
                yield f"{at}/{role}", unknown("query parameter", name, sorted(declared))

    def _operation_problems(self, name: str) -> Iterator[Problem]:
        words, operation = self._purposes.words[name], self._operation(name)
        if words.collection and words.collection not in self._resources:
            yield "/collection", unknown("collection", words.collection, self._resources)
            return
        resource = self._resources.get(words.collection)
        parameters = {
            where: [one.name for one in operation.parameters if one.place == where]
            for where in ("path", "query", "header", ARGUMENT)
        }
        scope = Scope(parameters, self._switches, ("record", "id"))
        yield from operation_problems(words, operation, resource, scope)
        if operation.root and self._contract.graphql is not None:
            key, action = (resource.words.key_fields, self._purposes.action(name)) if resource else ((), "")
            yield from root_field_problems(words, operation, action, key, self._contract.graphql)
        if resource is None:
            yield from self._words_without_collection(name)
            return
        action = self._purposes.action(name)
        if said := action_problem(action) if action else self._no_action(operation):
            yield "/action", said
            return
        if not operation.root and (
            said := strategy_problem(words.paging, self._strategies, self._hooks.strategies, operation)
        ):
            yield "/paging", said
        yield from self._path_problems(name, resource)
        if words.reply.status is None and success(operation, action, words.reply) is None:
            yield "", f"{operation.name} declares no 2xx"

    def _words_without_collection(self, name: str) -> Iterator[Problem]:
        for word in self._written[name]["x-emulator"]:
            if word not in ("reply", "x-evidence"):
                yield f"/{word}", f"{word!r} needs a collection; collections: {', '.join(self._resources) or 'none'}"
        reply = self._purposes.words[name].reply
        if reply.status is None and success(self._operation(name), "", reply) is None:
            yield "", f"{name} declares no 2xx"

    def _no_action(self, operation: Operation) -> str:
        named = operation.name if operation.root else f"{operation.method} {operation.path}"
        return f"{named} does not say what it does; write action"

    def _path_problems(self, name: str, resource: Resource) -> Iterator[Problem]:
        """Yield the path parameters without a known purpose."""
        for parameter, owner in self._purposes.owners(name).items():
            fields = resource.words.fields_to(owner) if owner else []
            is_known = owner in (resource.name, resource.words.singleton) and owner is not None
            if is_known or len(fields) == 1 or parameter in self._purposes.words[name].ignore:
                continue
            if owner is None:
                yield "", f"path parameter {parameter!r} is the key of no collection; use it in where, set or input"
            elif not fields:
                said = (
                    f"path parameter {parameter!r} belongs to {owner}, and {resource.name} has no reference to {owner}"
                )
                yield "", f"{said}; add one, or use it in where"
            else:
                said = f"path parameter {parameter!r} belongs to {owner}, to which {resource.name} refers by"
                yield "", f"{said} {' and '.join(fields)}; use it in where"

    def _pointer(self, name: str) -> str:
        operation = self._contract.operations[name]
        root_field = ("x-graphql", "operations", name) if operation.root else ()
        return pointer_to("paths", operation.path, operation.method.lower(), *root_field) + ROOT

    def _operation(self, name: str) -> Operation:
        return as_declared(self._contract.operations[name], self._contract.graphql)

    def _resource(self, words: CollectionWords, schema: Place | None) -> Resource:
        full_name = f"{self._contract.vendor}.{words.name}"
        is_known = schema is not None and schema.schema
        name = schema.address.partition(f"/{self._contract.vendor}/")[2] if schema is not None and is_known else None
        name = name and name.removeprefix(OPENAPI).removeprefix("schemas/").removesuffix("#")
        known = self._known.get(full_name)
        found = replace(self._kept(words.name), schema=name) if known is None else known
        found = replace(found, order=words.sort or found.order)
        if schema is None or not is_known:
            return Resource(words, found, None, None, self._hooks)
        check = self._contract.schemas.check(schema.address)
        return Resource(words, found, self._shapes.shape(schema), check, self._hooks)

    def _kept(self, name: str) -> Collection:
        operations = [
            one["x-emulator"] for one in self._written.values() if one["x-emulator"].get("collection") == name
        ]
        return kept(f"{self._contract.vendor}.{name}", self._root["collections"][name], operations)

    def _schema(self, words: CollectionWords) -> Place | None:
        """Return the schema of a record: the declared one, or else that of its get, its create, or its list."""
        base = f"file:///{self._contract.vendor}"
        if words.schema:
            if words.schema not in self._schema_names():
                return None
            file = (
                f"schemas/{words.schema}#" if "." in words.schema else f"{OPENAPI}#/components/schemas/{words.schema}"
            )
            return self._shapes.at(f"{base}/{file}")
        for wanted in ("get", "create", "list"):
            for name, operation_words in self._purposes.words.items():
                if operation_words.collection == words.name and self._purposes.action(name) == wanted:
                    found = self._replied(name, wanted, words.key_fields[-1])
                    if found is not None:
                        return found
        return Place("", "", {})

    def _replied(self, name: str, action: str, key: str) -> Place | None:
        """Return the schema of a record in an operation's reply, or None."""
        response = success(self._operation(name), action, self._purposes.words[name].reply)
        shape = reply_shape(response, action, key, self._shapes) if response is not None else None
        return shape.place if shape is not None and shape.record is not None and shape.record.properties else None

    def _schema_names(self) -> list[str]:
        of_document = self._contract.document.get("components", {}).get("schemas", {})
        files = [name.removeprefix("schemas/") for name in self._contract.files if name.startswith("schemas/")]
        return [*of_document, *files]


def _unchecked(written: Any, kind: str) -> Iterator[Problem]:
    yield from ()
