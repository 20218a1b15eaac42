"""Operations without records: they reply with what their contract says, or has as an example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation, Response
from emulator.declared.expressions import Context
from emulator.declared.replying import example_reply, success, with_body
from emulator.declared.root_fields import as_declared, payload, without_nulls
from emulator.declared.samples import Samples
from emulator.declared.shapes import Place, Shapes, shapes_of
from emulator.declared.words import OperationWords, ReplyWords
from emulator.exchange import JSON, NOTHING, Call, Reply, is_json
from emulator.store.world import World


def static_handler(
    operation: Operation, words: OperationWords, response: Response, shapes: Shapes
) -> Callable[[Call, World], Any]:
    """Return the handler of an operation without records: its reply, or else its example, or a value of its schema."""
    handler = partial(_static, operation, words, response, shapes)
    if not operation.root:
        return handler
    return lambda call, world: payload(
        handler(without_nulls(call), world).document, operation, shapes, "", words.reply.has_body
    )


def _static(
    operation: Operation, words: OperationWords, response: Response, shapes: Shapes, call: Call, world: World
) -> Reply:
    context, reply = Context(call, world), example_reply(operation, response, shapes, words.reply.example)
    if words.reply.has_body:
        reply = with_body(Reply(response.status), response, context.value(words.reply.body))
    elif reply is None:
        reply = _sampled(response, Samples(shapes, world), shapes)
    headers = {name: context.value(value) for name, value in words.reply.headers.items()}
    reply.headers |= {name: str(value) for name, value in headers.items() if value not in (None, NOTHING)}
    return reply


def _sampled(response: Response, samples: Samples, shapes: Shapes) -> Reply:
    """Return a reply whose document is a value of its schema: of two ways to make one, the first that is valid."""
    kind, media = next(iter(response.media.items()))
    if not is_json(kind):
        return Reply(response.status, content=b"example", content_type=kind)
    place: Place = shapes.at(media.check.address)
    document = samples.value(place)
    if not media.check.accepts(document):
        document = samples.structured(place)
    return Reply(response.status, document, content_type="" if kind == JSON else kind)


def example_handlers(contract: Contract, names: Sequence[str]) -> dict[str, Callable[[Call, World], Any]]:
    """Return handlers that return the contract's examples, or a value of its schemas."""
    shapes, found = shapes_of(contract.schemas), {}
    for name in names:
        operation = as_declared(contract.operations[name], contract.graphql)
        response = success(operation, "", ReplyWords()) or next(iter(operation.responses.values()))
        found[name] = static_handler(operation, OperationWords(), response, shapes)
    return found
