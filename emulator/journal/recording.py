"""Records a vendor's call in the journal: an entry while it is in progress, completed at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from emulator.contract.near_misses import near_misses
from emulator.contract.openapi import Contract
from emulator.contract.operation import RootFields
from emulator.exchange import Call, Violation
from emulator.journal.entry import BODY_LIMIT, Exchange, journalled_call, journalled_reply
from emulator.journal.journal import Journal
from emulator.journal.masking import Masker
from emulator.journal.secret_paths import SecretPaths
from emulator.transport import wire


@dataclass(frozen=True, slots=True)
class Recording:
    """An exchange that is recorded in two steps, but masked as one: its reply, too, for credentials of the call."""

    exchange: Exchange
    _masker: Masker
    _body_limit: int

    def complete(
        self,
        call: Call,
        response: web.Response | None,
        violations: Sequence[Violation],
        internal_errors: Sequence[Violation],
        seconds: float,
    ) -> Exchange:
        """Add what is known at the end of the call, and return the exchange. `call.params` are typed by now."""
        exchange, masker = self.exchange, self._masker
        if call.params:
            exchange.call.params = masker.params(call.params)
        if response is not None:
            exchange.reply = journalled_reply(
                response.status,
                response.headers,
                wire.content_of(response),
                masker,
                self._body_limit,
                exchange.sandbox,
            )
        exchange.call_violations = masker.violations(violations)
        exchange.reply_violations = masker.violations(internal_errors)
        exchange.seconds = seconds
        return exchange


class Recorder:
    """Records the exchanges of one vendor's calls, of each body the first `body_limit` bytes.

    `presented` returns the id of the credential in a call.
    """

    def __init__(self, contract: Contract, presented: Callable[[Call], str], body_limit: int = BODY_LIMIT) -> None:
        self._contract = contract
        self._body_limit = body_limit
        self._presented = presented
        self._secret_paths = SecretPaths([*contract.mounts, *(one.path for one in contract.operations.values())])

    def begin(
        self,
        call: Call,
        journal: Journal,
        sandbox: str,
        now: datetime,
        operations: tuple[str, ...],
        root_fields: RootFields | None,
        faults: tuple[str, ...],
        *,
        has_route: bool,
        stub: str = "",
    ) -> Recording:
        """Return the recording of a call whose body is read; the files of its parts are open."""
        masker = Masker()
        kept = journalled_call(call, masker, self._secret_paths, matched=has_route, body_limit=self._body_limit)
        exchange = Exchange(
            number=journal.next_number(),
            time=now,
            sandbox=sandbox,
            vendor=self._contract.vendor,
            operations=operations,
            call=kept,
            reply=None,
            faults=faults,
            call_violations=(),
            reply_violations=(),
            near_misses=() if operations or stub else near_misses(kept.method, kept.path, self._contract, root_fields),
            seconds=0.0,
            credential=self._presented(call),
            stub=self._masked_stub(stub, masker) if stub else "",
        )
        return Recording(exchange, masker, self._body_limit)

    def _masked_stub(self, stub: str, masker: Masker) -> str:
        method, _, path = stub.partition(" ")
        return f"{method} {masker.path(path, self._secret_paths, matched=False)}"

    def masked_path(self, call: Call, *, has_route: bool) -> str:
        """Return a call's path without credentials."""
        return Masker().path(call.path, self._secret_paths, matched=has_route)
