"""The errors of a vendor without Python: problem documents, or its contract's own examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from emulator.contract.failures import added_example, title_of
from emulator.contract.openapi import Contract
from emulator.contract.operation import Operation, Response
from emulator.contract.routes import Routes
from emulator.declared.expressions import Context
from emulator.errors import FieldError, MalformedBody, Refusal, UndecodableBody, unknown
from emulator.exchange import JSON, NOTHING, PROBLEM, REFUSED, Call, Reply, Violation, is_json
from emulator.vendor import Dialect, RecordDialect

KINDS: Mapping[str, Sequence[int]] = {
    "missing": (404, 410, 422, 400),
    "conflict": (409, 422, 400),
    "reference": (422, 400, 404),
    "invalid": (422, 400),
    "malformed": (400, 422),
    "unauthorized": (401, 403),
    "forbidden": (403, 401),
    "unknown_path": (404,),
    "wrong_method": (405, 404),
    "unsupported_type": (415, 400),
    "too_large": (413, 400),
    "broken": (500,),
}
"""The statuses of each kind of error: the first one that an operation declares, else the first."""

Failure: TypeAlias = Refusal | FieldError
"""The refusal of a call, or the error of a GraphQL root field."""

NAMES = ("status", "title", "detail", "code", "field", "pointer", "errors")
"""The names in an error template, in addition to the runtime expressions."""


class ErrorWords(NamedTuple):
    """The declaration `x-emulator.errors`: a template of the body, and the status by kind."""

    style: str = "problem"
    body: Any = None
    has_body: bool = False
    status: Mapping[str, int] = {}

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> ErrorWords:
        """Read the declaration, whose form is valid."""
        return cls(
            written.get("style", "problem"), written.get("body"), "body" in written, dict(written.get("status", {}))
        )


class DefaultDialect:
    """The Dialect of a vendor without its own. Every reply is valid against the served contract."""

    def __init__(self, contract: Contract, words: ErrorWords | None = None) -> None:
        self._contract = contract
        self._words = words or ErrorWords()

    @cached_property
    def _routes(self) -> Routes:
        return Routes(self._contract)

    def unknown_path(self, call: Call) -> Reply:
        """Return the reply to a path that no operation has."""
        return self.error(call, None, "unknown_path", f"Nothing is at {call.path}.")

    def wrong_method(self, call: Call, allowed: Sequence[str]) -> Reply:
        """Return the reply to a path that exists for other methods only."""
        reply = self.error(call, None, "wrong_method", f"{call.method} is not allowed; use {', '.join(allowed)}.")
        reply.headers["Allow"] = ", ".join(allowed)
        return reply

    def too_large(self, call: Call, limit: int) -> Reply:
        """Return the reply to a body of more than `limit` bytes."""
        return self.error(call, self.operation_at(call), "too_large", f"The body has more than {limit} bytes.")

    def unsupported_type(self, call: Call, accepted: Sequence[str]) -> Reply:
        """Return the reply to a content type that the operation does not accept."""
        return self.error(call, self.operation_at(call), "unsupported_type", f"Send {' or '.join(accepted)}.")

    def malformed(self, call: Call, problem: MalformedBody) -> Reply:
        """Return the reply to a body that does not parse."""
        return self.error(call, self.operation_at(call), "malformed", f"The body does not parse: {problem}.")

    def unsupported_encoding(self, call: Call, encoding: str) -> Reply:
        """Return the reply to an unsupported content encoding."""
        return self.error(
            call, self.operation_at(call), "unsupported_type", f"The content encoding {encoding} is not unpacked."
        )

    def undecodable(self, call: Call, problem: UndecodableBody) -> Reply:
        """Return the reply to a compressed body that cannot be decompressed."""
        return self.error(call, self.operation_at(call), "malformed", f"The body does not unpack: {problem}.")

    def refuses(self, violation: Violation) -> bool:
        """Refuse all violations except unknown query parameters, which are ignored."""
        return (violation.place, violation.rule) != ("query", "additionalProperties")

    def invalid(self, call: Call, violations: Sequence[Violation]) -> Reply:
        """Return the reply to a call with violations, with all of them."""
        first = violations[0]
        detail = f"{first.place} {first.pointer or '/'}: {first.sentence}."
        return self.error(call, self.operation_at(call), "invalid", detail, violations)

    def broken(self, call: Call) -> Reply:
        """Return the reply to an internal error."""
        return self.error(call, self.operation_at(call), "broken", "Internal error.")

    def error(
        self, call: Call, operation: Operation | None, kind: str, detail: str, violations: Sequence[Violation] = ()
    ) -> Reply:
        """Return the reply to an error of one of KINDS; `operation` is None if none is called."""
        responses = operation.responses if operation else self._contract.unmatched
        status = self._status(kind, responses)
        response, title = responses.get(status), title_of(status)
        errors = [{"pointer": f"/{one.place}{one.pointer}", "detail": one.sentence} for one in violations[:20]]
        problem: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        problem |= {"errors": errors} if errors else {}
        if self._words.has_body:
            return self._templated(call, kind, problem, errors, response)
        for content_type, document in self._documents(problem, response):
            return Reply(status, document, content_type="" if content_type == JSON else content_type)
        return Reply(status, problem, content_type=PROBLEM)

    def unknown_kind(self, kind: str) -> str:
        """Return the sentence for a kind of error that does not exist, "" if it does."""
        return "" if kind in KINDS else unknown("kind", kind, KINDS)

    def operation_at(self, call: Call) -> Operation | None:
        """Return the operation of a call, or None."""
        for mount in self._contract.mounts:
            route = self._routes.find(mount + call.path)
            if route is not None:
                return route.operations.get("GET" if call.method == "HEAD" else call.method)
        return None

    def _status(self, kind: str, responses: Mapping[int, Response]) -> int:
        if kind in self._words.status:
            return self._words.status[kind]
        declared = (status for status in KINDS[kind] if status in responses and not responses[status].is_added)
        return next(declared, next((status for status in KINDS[kind] if status in responses), KINDS[kind][0]))

    def _documents(self, problem: dict[str, Any], response: Response | None) -> Iterator[tuple[str, Any]]:
        """Yield valid bodies: the problem document, or the contract's examples, depending on the style."""
        found = response.media.items() if response else ()
        problems = [(kind, problem) for kind, media in found if kind == PROBLEM and media.check.accepts(problem)]
        added = added_example(problem["status"])
        examples = [
            (kind, example)
            for kind, media in found
            if is_json(kind)
            for name, made in media.examples.items()
            for example in ([_saying(made, problem), made] if name == added else [made])
            if media.check.accepts(example) and (kind, problem) not in problems
        ]
        yield from [*examples, *problems] if self._words.style == "example" else [*problems, *examples]

    def _templated(
        self, call: Call, kind: str, problem: dict[str, Any], errors: Sequence[Any], response: Response | None
    ) -> Reply:
        pointer = errors[0]["pointer"] if errors else None
        names = {**problem, "code": kind, "pointer": pointer, "errors": list(errors)}
        names["field"] = pointer.rpartition("/")[2] if pointer else None
        kinds = [one for one in response.media if is_json(one) and one != PROBLEM] if response else []
        content_type = kinds[0] if kinds and kinds[0] != JSON else ""
        document = Context(call, None, names).value(self._words.body)
        return Reply(problem["status"], document, content_type=content_type)


class DeclaredFailures(NamedTuple):
    """The refusals of one call of a declared operation that depend on the records: as `wording`, or else `default`."""

    default: DefaultDialect
    wording: Dialect | None
    call: Call
    operation: Operation

    def missing(self, collection: str, key: str, value: Any) -> Failure:
        """Refuse a call that needs a missing record."""
        if isinstance(self.wording, RecordDialect):
            return _refusal(self.wording.missing(self.call, collection, key, value))
        which = f" with {key} {value!r}" if value is not NOTHING else ""
        return self._failure("missing", f"There is no record of {collection}{which}.")

    def conflict(self, collection: str, detail: str) -> Failure:
        """Refuse a call that the state of a record, or another record, does not allow."""
        if isinstance(self.wording, RecordDialect):
            return _refusal(self.wording.conflict(self.call, collection, detail))
        return self._failure("conflict", f"Conflict in {collection}: {detail}.")

    def reference(self, collection: str, field: str, value: Any) -> Failure:
        """Refuse a reference to a missing record of another collection."""
        sentence = f"{field} {value!r} refers to no record of {collection}"
        found = Violation("body", f"/{field}", REFUSED, NOTHING, value, sentence)
        if isinstance(self.wording, RecordDialect):
            return _refusal(self.wording.reference(self.call, collection, field, value), [found])
        return self._failure("reference", f"{sentence}.", [found])

    def invalid(self, pointer: str, detail: str, place: str = "body") -> Failure:
        """Refuse an invalid value in the call."""
        found = Violation(place, pointer, REFUSED, NOTHING, NOTHING, detail)
        if self.wording is not None and not self.operation.root:
            return _refusal(self.wording.invalid(self.call, [found]), [found])
        return self._failure("invalid", f"{place} {pointer or '/'}: {detail}.", [found])

    def _failure(self, kind: str, detail: str, violations: Sequence[Violation] = ()) -> Failure:
        if self.operation.root:
            return FieldError(detail, {"code": kind})
        return Refusal(self.default.error(self.call, self.operation, kind, detail, violations), violations)


def _refusal(worded: Reply | FieldError, violations: Sequence[Violation] = ()) -> Failure:
    return Refusal(worded, violations) if isinstance(worded, Reply) else worded


def _saying(example: Any, problem: Mapping[str, Any]) -> Any:
    """Return an example that was made of a schema, with what is wrong instead of the phrase of its status."""
    if isinstance(example, dict):
        return {name: _saying(value, problem) for name, value in example.items()}
    if isinstance(example, list):
        return [_saying(value, problem) for value in example]
    return problem["detail"] if example == f"{problem['title']}." else example
