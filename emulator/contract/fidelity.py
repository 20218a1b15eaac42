"""Validates replies against the contract: an invalid one is an internal error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.contract.operation import Operation, Response
from emulator.exchange import NOTHING, Reply, Violation


class BrokenContract(Exception):
    """A handler's reply violates the contract: an internal error."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(", ".join(f"{found.place}{found.pointer}: {found.rule}" for found in violations))
        self.violations = violations


def check_reply(reply: Reply, responses: Mapping[int, Response]) -> list[Violation]:
    """Return the reply's violations of the contract's `responses`, which are by status."""
    response = responses.get(reply.status)
    if response is None:
        known = sorted(responses)
        return [Violation("status", "", "enum", known, reply.status, f"{reply.status} is not one of {known}")]
    if reply.document is not NOTHING:
        return _check_document(reply, response)
    kinds = list(response.media)
    kind = reply.content_type.partition(";")[0]
    if reply.content and kind not in kinds:
        return [Violation("header", "/content-type", "enum", kinds, kind, f"{kind} is not one of {kinds}")]
    if not reply.content and kinds and not response.may_be_empty:
        return [Violation("body", "", "required", True, NOTHING, f"a {reply.status} must have a body")]
    return []


def check_payload(payload: Any, operation: Operation) -> None:
    """Raise BrokenContract if the value of a GraphQL root field violates the contract."""
    violations = operation.payload.violations(payload, "body", f"/data/{operation.name}") if operation.payload else []
    if violations:
        raise BrokenContract(violations)


def _check_document(reply: Reply, response: Response) -> list[Violation]:
    kind = reply.content_type.partition(";")[0]
    media = response.media.get(kind) or response.media.get("application/json")
    if media is None:
        sentence = f"a {reply.status} must not have a JSON body"
        return [Violation("body", "", "not", {}, reply.document, sentence)]
    return media.check.violations(reply.document, "body")
