"""Records a vendor's call in the journal: an entry while it is in progress, completed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from emulator.contract.near_misses import near_misses
from emulator.contract.openapi import Contract
from emulator.contract.operation import RootFields
from emulator.exchange import Call, EncodedReply, Violation
from emulator.journal.entry import Exchange
from emulator.journal.journal import Journal
from emulator.journal.masking import Masker
from emulator.journal.secret_paths import SecretPaths
from emulator.journal.unmasked import BODY_LIMIT, Applied, Unmasked


class Recording:
    """An exchange that is recorded in two steps, but masked as one: its reply, too, for credentials of the call."""

    __slots__ = ("_unmasked", "exchange")

    def __init__(self, exchange: Exchange, unmasked: Unmasked) -> None:
        self.exchange = exchange
        self._unmasked = unmasked

    def complete(
        self,
        call: Call,
        reply: EncodedReply | None,
        violations: Sequence[Violation],
        internal_errors: Sequence[Violation],
        seconds: float,
    ) -> Exchange:
        """Add what is known at the end of the call, and return the exchange. `call.params` are typed by now."""
        exchange, unmasked = self.exchange, self._unmasked
        unmasked.end(call.params, reply)
        exchange.status = 0 if reply is None else reply.status
        exchange.size = unmasked.size + sum(map(len, exchange.generated))
        exchange.seconds = seconds
        if violations or internal_errors:
            self._add_violations(violations, internal_errors)
        return exchange

    def _add_violations(self, violations: Sequence[Violation], internal_errors: Sequence[Violation]) -> None:
        """Mask all at once: violations may quote whole documents, which are not kept."""
        exchange, masker = self.exchange, self._unmasked.masker()
        exchange.content = self._unmasked.masked(masker)
        exchange.call_violations = masker.violations(violations)
        exchange.reply_violations = masker.violations(internal_errors)
        exchange.size += sum(map(_size_of_violation, exchange.violations))


class Recorder:
    """Records the exchanges of one vendor's calls, of each body the first `body_limit` bytes.

    `presented` returns the id of the credential in a call.
    """

    def __init__(self, contract: Contract, presented: Callable[[Call], str], body_limit: int = BODY_LIMIT) -> None:
        self._contract = contract
        self._presented = presented
        self._secret_paths = SecretPaths([*contract.mounts, *(one.path for one in contract.operations.values())])
        innocent = frozenset(contract.document.get("x-not-credentials", ()))
        self._unmasked = partial(Unmasked, secret_paths=self._secret_paths, innocent=innocent, body_limit=body_limit)

    def begin(
        self,
        call: Call,
        journal: Journal,
        sandbox: str,
        now: datetime,
        operations: tuple[str, ...],
        root_fields: RootFields | None,
        faults: Sequence[Applied] = (),
        *,
        has_route: bool,
        stub: str = "",
    ) -> Recording:
        """Return the recording of a call whose body is read; the files of its parts are open."""
        is_known = bool(operations or stub)
        near = None if is_known else partial(near_misses, contract=self._contract, root_fields=root_fields)
        unmasked = self._unmasked(call, matched=has_route, stub=stub, near_misses=near, faults=faults)
        exchange = Exchange(
            number=journal.next_number(),
            time=now,
            sandbox=sandbox,
            vendor=self._contract.vendor,
            operations=operations,
            method=call.method,
            content=unmasked,
            faults=tuple([fault.id for fault in faults]) if faults else (),
            credential=self._presented(call),
            is_stubbed=stub != "",
            has_unknown_query=bool(call.query) and self._is_unknown(call.query, operations),
            size=unmasked.size,
        )
        return Recording(exchange, unmasked)

    def _is_unknown(self, query: Iterable[str], operations: Sequence[str]) -> bool:
        known = [self._contract.operations[name].query_names for name in operations]
        return bool(set(query).difference(*known))

    def masked_path(self, call: Call, *, has_route: bool) -> str:
        """Return a call's path without credentials."""
        return Masker().path(call.path, self._secret_paths, matched=has_route)


def _size_of_violation(found: Violation) -> int:
    return 500 + len(found.sentence) + len(found.pointer) + len(str(found.actual))
