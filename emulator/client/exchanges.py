"""Exchanges, as the control API describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.client.headers import Headers
from emulator.errors import sentence

__tracebackhide__ = True


@dataclass(frozen=True)
class Violation:
    """A place where a call or a reply (`of`) violates the contract.

    `rule` is the JSON Schema keyword; for a GraphQL request syntax, validation, variables or operationName.
    """

    of: str
    place: str
    pointer: str
    rule: str
    sentence: str


@dataclass(frozen=True)
class AppliedFault:
    """A fault that applied to a call, and why.

    `scenario` is the name of the one that it belongs to, None without; `call` is the number of the call as the fault
    counts, from 1; `sentence` says what the fault does, and to which calls.
    """

    id: str
    scenario: str | None
    call: int
    sentence: str


@dataclass(frozen=True)
class Exchange:
    """One call and its reply, as the journal keeps them: credentials are masked.

    `state` is "open" while the call is in progress, then "done". `operations` is empty for a call that no operation
    matches: then `stub` names the stub that answered it, or `near_misses` tell, in sentences, what nearly matches.
    `status` is 0 if the connection was broken off, and while the call is in progress. `body` and `reply_body` are None
    where there is none or it is not text. `faults` are ids, `applied_faults` say what each did and why, also
    once it is disarmed. `document` is all that the journal shows.
    """

    id: int
    time: datetime
    vendor: str
    operations: tuple[str, ...]
    method: str
    url: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: str | None
    status: int
    reply_body: str | None
    faults: tuple[str, ...]
    violations: tuple[Violation, ...]
    near_misses: tuple[str, ...]
    seconds: float
    document: Mapping[str, Any]
    state: str = "done"
    stub: str | None = None
    applied_faults: tuple[AppliedFault, ...] = ()

    @property
    def headers(self) -> Headers:
        """The call's headers."""
        return Headers(self.document["call"]["headers"])

    @property
    def reply_headers(self) -> Headers:
        """The reply's headers, none if there is no reply."""
        reply = self.document["reply"]
        return Headers(reply["headers"] if reply else ())

    @property
    def json(self) -> Any:
        """The call's body, parsed. Raises ValueError if there is none, or if it is not JSON."""
        return _parsed(self.body, f"the body of exchange {self.id} ({self.method} {self.path})")

    @property
    def reply_json(self) -> Any:
        """The reply's body, parsed. Raises ValueError if there is none (yet), or if it is not JSON."""
        if self.state == "open":
            raise ValueError(f"Exchange {self.id} ({self.method} {self.path}) is in progress: there is no reply yet.")
        return _parsed(self.reply_body, f"the reply's body of exchange {self.id} ({self.method} {self.path})")


def _parsed(body: str | None, what: str) -> Any:
    if not body:
        raise ValueError(sentence(f"{what} is empty, or no text"))
    try:
        return json.loads(body)
    except ValueError as problem:
        raise ValueError(sentence(f"{what} is not JSON: {problem}")) from None


def exchange_of(document: Mapping[str, Any]) -> Exchange:
    """Return an exchange from its document."""
    call, reply = document["call"], document["reply"] or {}
    return Exchange(
        id=document["id"],
        time=datetime.fromisoformat(document["time"]),
        vendor=document["vendor"],
        operations=tuple(document["operations"]),
        method=call["method"],
        url=call["url"],
        path=call["path"],
        query=tuple((name, value) for name, value in call["query"]),
        body=call["body"],
        status=reply.get("status", 0),
        reply_body=reply.get("body"),
        faults=tuple(document["faults"]),
        violations=tuple(Violation(**violation) for violation in document["violations"]),
        near_misses=tuple(near["sentence"] for near in document["near_misses"]),
        seconds=document["seconds"],
        document=document,
        state=document["state"],
        stub=document["stub"],
        applied_faults=tuple(AppliedFault(**fault) for fault in document.get("applied_faults", ())),
    )
