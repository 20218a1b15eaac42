"""Makes the handlers of declared operations: everything that is known before a call, worked out at the first one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple, TypeAlias

from emulator.contract.graphql import GraphQL
from emulator.contract.operation import Operation, Response
from emulator.declared.acting import Plan
from emulator.declared.actions import handle
from emulator.declared.checks import query_parameters
from emulator.declared.dialect import DeclaredFailures
from emulator.declared.paging import Strategy
from emulator.declared.purposes import Purposes
from emulator.declared.relay import ARGUMENTS, RELAY
from emulator.declared.replying import ReplyShape, input_wrapper, reply_shape, success
from emulator.declared.resources import Resource
from emulator.declared.root_fields import ON_A_RECORD, as_declared, wrapping_argument
from emulator.declared.shapes import Shapes
from emulator.declared.static import static_handler
from emulator.declared.words import OperationWords
from emulator.exchange import Call, Document, Record, Reply
from emulator.store.world import World

Handle: TypeAlias = Callable[[Call, World], Reply]


class Planner(NamedTuple):
    """The valid declarations of a contract."""

    purposes: Purposes
    resources: Mapping[str, Resource]
    strategies: Mapping[str, Strategy]
    shapes: Shapes
    graphql: GraphQL | None
    fail: Callable[[Call, Operation], DeclaredFailures]

    def handlers(self) -> Iterator[tuple[str, Handle]]:
        """Yield each operation that has words with its handler."""
        for name in self.purposes.words:
            yield name, _at_first_call(partial(self._handler, name))

    def _handler(self, name: str) -> Handle:
        words, operation = self.purposes.words[name], self._operation(name)
        response = success(operation, self.purposes.action(name) if words.collection else "", words.reply)
        assert response is not None
        if words.collection:
            return partial(handle, self._plan(name, operation, response))
        return static_handler(operation, words, response, self.shapes)

    def replies_a_list(self, name: str) -> bool:
        """Return True for an operation that lists records."""
        return name in self.purposes.words and self.purposes.action(name) == "list"

    def records_in(self, name: str, status: int, document: Document) -> Iterator[tuple[Resource, Record]]:
        """Yield the records in an operation's reply that have a key, with their collection."""
        words, response = self.purposes.words.get(name), self.purposes.operations[name].responses.get(status)
        action = self.purposes.action(name) if words else ""
        if words is None or not words.collection or action == "delete" or response is None or status >= 300:
            return
        resource = self.resources[words.collection]
        for record in reply_shape(response, action, resource.words.key_fields[-1], self.shapes).records_in(document):
            record = resource.kept.keyed(record)
            if isinstance(record.get(resource.key), str | int):
                yield resource, {**record, resource.key: resource.typed(resource.key, record[resource.key])}

    def _operation(self, name: str) -> Operation:
        return as_declared(self.purposes.operations[name], self.graphql)

    def _plan(self, name: str, operation: Operation, response: Response) -> Plan:
        words, action = self.purposes.words[name], self.purposes.action(name)
        resource, strategy = self.resources[words.collection], self._strategy(name, operation)
        key = resource.words.key_fields[-1]
        reply = reply_shape(response, action, key, self.shapes)
        shown = reply.record
        is_other = bool(shown and shown.properties and not shown.is_open and key not in shown.properties)
        is_other = is_other and not resource.words.singleton
        if shown is not None and operation.root and not is_other:
            # GraphQL selects the fields itself, and nested ones may need what no type shows.
            reply = reply._replace(record=shown._replace(is_open=shown.is_open or _allows_more(reply)))
        unwrap = self._unwrap(operation, resource.key) if words.input is None else ""
        return Plan(
            operation=operation,
            words=words,
            action=action,
            resource=resource,
            resources=self.resources,
            shapes=self.shapes,
            reply=reply,
            response=response,
            fail=self.fail,
            key_from=self._key_from(name, operation, resource),
            parents=self._parents(name, resource),
            filters=self.filters(operation, words, strategy),
            strategy=strategy,
            initial=self._initial(resource) if resource.words.singleton else {},
            unwrap=unwrap,
            accepted=self._accepted(operation, action, unwrap) if words.input is None else None,
            replies_by_example=bool(words.reply.example) or (is_other and not words.reply.has_body),
        )

    def _parents(self, name: str, resource: Resource) -> dict[str, tuple[str, Resource]]:
        return {
            parameter: (next(iter(resource.words.fields_to(owner)), ""), self.resources[owner])
            for parameter, owner in self.purposes.owners(name).items()
            if owner is not None and owner != resource.name
        }

    def _strategy(self, name: str, operation: Operation) -> Strategy | None:
        words, declared = self.purposes.words[name], query_parameters(operation)
        if words.paging == "none" or self.purposes.action(name) != "list" or operation.root:
            return None
        if words.paging in self.resources[words.collection].hooks.strategies:
            return None
        if words.paging:
            return self.strategies.get(words.paging) or Strategy.built_in(words.paging, declared)
        return next((one for one in self.strategies.values() if one.fits(declared)), None)

    def filters(
        self, operation: Operation, words: OperationWords, strategy: Strategy | None
    ) -> list[tuple[str, str, str]]:
        """Return the conditions of a list's caller: parameter, field, operator."""
        if words.filter is not None:
            return [(parameter, *_condition(condition)) for parameter, condition in words.filter.items()]
        taken = set(strategy.parameters.values()) if strategy else set(ARGUMENTS if words.paging == RELAY else ())
        shape = self.resources[words.collection].shape
        known = shape.properties if shape else {}
        return [(one, one, "eq") for one in query_parameters(operation) if one in known and one not in taken]

    def _key_from(self, name: str, operation: Operation, resource: Resource) -> dict[str, str]:
        """Return the parameters that have the key, each with its field: a parent's key may be a part of it."""
        fields = resource.words.key_fields
        if operation.root:
            return dict(zip(fields, fields, strict=True)) if self.purposes.action(name) in ON_A_RECORD else {}
        parents = [field for field, _ in self._parents(name, resource).values()]
        left = [field for field in fields if field not in parents]
        known = (resource.name, resource.words.singleton)
        own = [parameter for parameter, owner in self.purposes.owners(name).items() if owner and owner in known]
        return {own[-1]: own[-1] if own[-1] in left else left[-1]} if own and left else {}

    def _accepted(self, operation: Operation, action: str, unwrap: str) -> Collection[str] | None:
        """Return the properties of a record that a body may have; None if its schema leaves that open."""
        names: set[str] = set()
        for media in operation.body.media.values() if operation.body else ():
            shape = self.shapes.shape(self.shapes.at(media.check.address))
            shape = self.shapes.shape(shape.properties[unwrap]) if unwrap in shape.properties else shape
            if shape.kind == "array" and action != "create":
                # RFC 6902: operations, no record.
                continue
            shape = self.shapes.shape(shape.items) if shape.kind == "array" and shape.items else shape
            if shape.is_open or not shape.properties:
                return None
            names |= shape.properties.keys()
        return frozenset(names) if names else None

    def _initial(self, resource: Resource) -> Record:
        """Return a singleton as the contract shows it in an example of its get; {} without a valid one."""
        for name, words in self.purposes.words.items():
            operation = self._operation(name)
            response = success(operation, "get", words.reply)
            if words.collection == resource.name and self.purposes.action(name) == "get" and response is not None:
                shape = reply_shape(response, "get", resource.key, self.shapes)
                examples = [one for media in response.media.values() for one in media.examples.values()]
                for record in [record for example in examples for record in shape.records_in(example)]:
                    if resource.check is None or resource.check.accepts(record):
                        return record
        return {}

    def _unwrap(self, operation: Operation, key: str) -> str:
        if operation.root and self.graphql is not None:
            return wrapping_argument(operation, self.graphql, key)
        media = operation.body.media.values() if operation.body else ()
        return next((input_wrapper(self.shapes.at(one.check.address), self.shapes) for one in media), "")


def _at_first_call(make: Callable[[], Handle]) -> Handle:
    """Return a handler that is made when it is first called: a test calls few of the operations of a document."""
    made = cache(make)
    return lambda call, world: made()(call, world)


def _allows_more(reply: ReplyShape) -> bool:
    return reply.place is not None and reply.place.schema.get("additionalProperties") is not False


def _condition(written: str) -> tuple[str, str]:
    name, _, operator = written.partition(" ")
    return name, operator or "eq"
