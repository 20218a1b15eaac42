"""The replies of declared operations: the contract's 2xx, with one or several records as in its schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from emulator.contract.operation import Operation, Response
from emulator.declared.paging import ENVELOPE, Page
from emulator.declared.shapes import Place, Shape, Shapes
from emulator.declared.words import ReplyWords
from emulator.exchange import JSON, NOTHING, Document, Record, Reply, is_json
from emulator.store.collection import HIDDEN_KEY

_USUAL = {"create": 201, "delete": 204}
"""The status of an action if the contract declares several 2xx."""


class ReplyShape(NamedTuple):
    """The reply of an operation: its status and content type, and the places of records.

    `record` is the shape of one (None: as it is kept), `place` its schema. `list_field` is the property that has them
    in a list, `wrapper` the one that has a single one, `envelope` what is beside it, by property; `never_null` are the
    types of those that cannot be null. Without `has_body`, nothing goes out.
    """

    status: int
    content_type: str = ""
    has_body: bool = False
    is_list: bool = False
    record: Shape | None = None
    list_field: str = ""
    wrapper: str = ""
    place: Place | None = None
    envelope: Mapping[str, str] = {}
    never_null: Mapping[str, str] = {}

    def of_record(self, record: Record) -> Reply:
        """Return the reply with one record."""
        if not self.has_body:
            return Reply(self.status)
        shown = shown_as(self.record, record)
        return self._sent({self.wrapper: shown} if self.wrapper else [shown] if self.is_list else shown)

    def of_records(self, records: Sequence[Record], page: Page | None = None) -> Reply:
        """Return the reply with records, in the schema's envelope, with the values of the page."""
        if not self.has_body:
            return Reply(self.status)
        items = [shown_as(self.record, record) for record in records]
        return self.of_items(items, page.values if page else {"count": len(items), "hasMore": False})

    def of_items(self, items: Sequence[Record], values: Mapping[str, Any]) -> Reply:
        """Return the reply with shown records; `values` are for the envelope."""
        if not self.list_field:
            return self._sent(items)
        whole = {"page": 1, "pages": 1, "size": len(items), "offset": 0, **values}
        beside = {name: whole.get(meaning) for name, meaning in self.envelope.items()}
        beside = {name: str(value) if self._is_text(name, value) else value for name, value in beside.items()}
        beside = {name: value for name, value in beside.items() if value is not None or name not in self.never_null}
        return self._sent({**beside, self.list_field: items})

    def records_in(self, document: Document) -> list[Record]:
        """Return the records in the document of such a reply."""
        for name in filter(None, (self.list_field, self.wrapper)):
            document = document.get(name) if isinstance(document, dict) else None
        found = document if isinstance(document, list) else [document]
        return [one for one in found if isinstance(one, dict)]

    def _is_text(self, name: str, value: Any) -> bool:
        return isinstance(value, int) and self.never_null.get(name) == "string"

    def _sent(self, document: Any) -> Reply:
        return Reply(self.status, document, content_type=self.content_type)


def shown_as(shape: Shape | None, record: Record) -> Record:
    """Return the properties of a record that a schema names, in its order, except write-only ones."""
    if shape is None or not shape.properties:
        return record
    hidden = shape.marked("writeOnly")
    shown = {name: record[name] for name in shape.properties if name in record and name not in hidden}
    if shape.is_open:
        shown |= {name: value for name, value in record.items() if name not in shown and name not in hidden}
    return shown


def success(operation: Operation, action: str, words: ReplyWords) -> Response | None:
    """Return the response for success: the declared one, or else one of the operation's 2xx."""
    if words.status is not None:
        return operation.responses.get(words.status)
    usual = _USUAL.get(action, 200)
    if usual in operation.responses:
        return operation.responses[usual]
    found = [status for status in operation.responses if 200 <= status < 300]
    return operation.responses[min(found)] if found else None


def reply_shape(response: Response, action: str, key: str, shapes: Shapes) -> ReplyShape:
    """Return the shape of a response with records."""
    kind = next((kind for kind in response.media if is_json(kind)), "")
    if not kind:
        return ReplyShape(response.status)
    place = shapes.at(response.media[kind].check.address)
    shape, kind = shapes.shape(place), "" if kind == JSON else kind
    if shape.kind == "array":
        items = shapes.shape(shape.items) if shape.items else None
        return ReplyShape(response.status, kind, True, True, items, place=shape.items)
    if action == "list":
        return _envelope(response.status, kind, shape, shapes)
    wrapper = _wrapper(shape, key, shapes)
    place = shape.properties[wrapper] if wrapper else place
    return ReplyShape(response.status, kind, True, False, shapes.shape(place), wrapper=wrapper, place=place)


def _envelope(status: int, kind: str, shape: Shape, shapes: Shapes) -> ReplyShape:
    arrays = {name: shapes.shape(place) for name, place in shape.properties.items()}
    arrays = {name: of for name, of in arrays.items() if of.kind == "array"}
    own = next((name for name, of in arrays.items() if of.items and shapes.shape(of.items).kind == "object"), "")
    own = own or next(iter(arrays), "")
    items = arrays[own].items if own else None
    beside = {name: ENVELOPE[name] for name in shape.properties if name in ENVELOPE and name != own}
    record = shapes.shape(items) if items else None
    types = {name: shape.properties[name].schema.get("type") for name in beside}
    never_null = {name: one for name, one in types.items() if isinstance(one, str) and one != "null"}
    return ReplyShape(status, kind, True, True, record, own, place=items, envelope=beside, never_null=never_null)


def _wrapper(shape: Shape, key: str, shapes: Shapes) -> str:
    """Return the property with the record, if the record is not the whole body: `{data: {…}}`."""
    if key in shape.properties:
        return ""
    if key == HIDDEN_KEY:
        return _only_object(shape, shapes)
    objects = {name: shapes.shape(place) for name, place in shape.properties.items()}
    having = [name for name, of in objects.items() if of.kind == "object" and key in of.properties]
    return having[0] if len(having) == 1 else ""


def input_wrapper(place: Place, shapes: Shapes) -> str:
    """Return the only property of a body, if that is an object (`{data: {…}}`)."""
    return _only_object(shapes.shape(place), shapes)


def _only_object(shape: Shape, shapes: Shapes) -> str:
    if len(shape.properties) != 1 or shape.is_open:
        return ""
    (name,) = shape.properties
    return name if shapes.shape(shape.properties[name]).kind == "object" else ""


def with_body(reply: Reply, response: Response, body: Any) -> Reply:
    """Return a reply with a body that was written: a text as it is, where the contract has no JSON."""
    kind = next(iter(response.media), "")
    if not isinstance(body, str) or not kind or any(map(is_json, response.media)):
        return replace(reply, document=body)
    return replace(reply, document=NOTHING, content=body.encode(), content_type=kind)


def example_reply(operation: Operation, response: Response, shapes: Shapes, name: str = "") -> Reply | None:
    """Return the contract's own example of a response; None if it has a body and no valid example of it."""
    if not response.media:
        return Reply(response.status)
    for kind, media in response.media.items():
        example = media.examples.get(name or operation.name, next(iter(media.examples.values()), NOTHING))
        if example is NOTHING or (is_json(kind) and not media.check.accepts(example)):
            continue
        if is_json(kind):
            shown = shapes.hidden(shapes.at(media.check.address)).without(example)
            return Reply(response.status, shown, content_type="" if kind == JSON else kind)
        return Reply(response.status, content=str(example).encode(), content_type=kind)
    return None
