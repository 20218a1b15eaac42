"""Rules on what else a client does with an API: caching, rates, credentials."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from emulator.conduct.calls import Calls
from emulator.conduct.finding import Observation, numbers
from emulator.conduct.relations import began_after, ended, waited
from emulator.contract.client_rules import RateLimit
from emulator.journal.entry import Exchange
from emulator.journal.masking import is_masked

__all__ = ["burst", "expired_credential", "refetched", "secret_in_query"]

AGAIN_AND_AGAIN = 3
"""So many equal replies to a list are more than a coincidence."""

UNDER_WAY_SECONDS = 0.05
"""Calls that a client sends at the same time arrive one after another, the last long after the first reply."""


def refetched(calls: Calls) -> Iterator[Observation]:
    """Find lists that were fetched again and again, unchanged, without asking whether they have changed."""
    if calls.contract.conventions.etag == "none":
        return
    for group in calls.by_operation:
        if len(group) < AGAIN_AND_AGAIN or not calls.reads(group[0]):
            continue
        equal: dict[tuple[str, str], list[Exchange]] = {}
        for one in group:
            is_whole = one.status == 200 and not one.withheld
            etag = one.reply_header("ETag") if is_whole else ""
            if etag and _is_list(calls, one) and not one.call.header("If-None-Match"):
                equal.setdefault((one.call.url, etag), []).append(one)
        for fetched in equal.values():
            same = _knowingly(fetched)
            if len(same) >= AGAIN_AND_AGAIN:
                sentence = (
                    f"{calls.named(same[0])} was fetched in {numbers(same)} and had not changed; send If-None-Match"
                    " with the ETag of the last reply, and an unchanged list gets 304 without a body"
                )
                yield Observation(same, sentence)


def _knowingly(fetched: Sequence[Exchange]) -> list[Exchange]:
    """Return the fetch whose reply came first, and those whose client surely knew its ETag."""
    first = min(fetched, key=ended)
    return [one for one in fetched if one is first or waited(first, one) >= UNDER_WAY_SECONDS]


def _is_list(calls: Calls, exchange: Exchange) -> bool:
    reply = exchange.reply
    is_paged = any(operation.paging for operation in calls.operations(exchange))
    return is_paged or (reply is not None and reply.body.lstrip().startswith(b"["))


def burst(calls: Calls) -> Iterator[Observation]:
    """Find the first call beyond the documented rate."""
    limit = calls.contract.rate_limit
    if limit is None or len(calls.all) <= limit.calls:
        return
    rate = _Window(limit) if limit.seconds else _Bucket(limit)
    counted = [pair for pair in calls.in_patient_time() if limit.only != "writes" or not calls.reads(pair[1])]
    excess = [one for seconds, one in counted if not rate.fits(seconds)]
    if excess:
        sentence = (
            f"{len(excess)} of {len(counted)} calls came faster than the documentation allows ({limit}), the first in"
            f" exchange {excess[0].number}; slow down before the vendor does it"
        )
        yield Observation(excess, sentence)


class _Window:
    """The calls of the last seconds."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def fits(self, now: float) -> bool:
        """Count a call, and return True if it is within the limit."""
        while self._times and self._times[0] <= now - self._limit.seconds:
            self._times.popleft()
        self._times.append(now)
        return len(self._times) <= self._limit.calls


class _Bucket:
    """How many calls a bucket has left."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._left, self._since = float(limit.calls), 0.0

    def fits(self, now: float) -> bool:
        """Count a call, and return True if it is within the limit."""
        refilled = self._left + (now - self._since) * self._limit.per_second
        self._left, self._since = min(self._limit.calls, refilled) - 1, now
        fits = self._left >= 0
        self._left = max(self._left, 0.0)
        return fits


def expired_credential(calls: Calls) -> Iterator[Observation]:
    """Find credentials that were used again after a 401 had told that they are expired.

    One call is not reported: many clients renew a token when it is refused.
    """
    for group in calls.by_credential:
        refused = [one for one in group if one.status == 401 and calls.has_expired(one)]
        again = [one for one in refused[1:] if began_after(one, refused[0])]
        if again:
            sentence = (
                f"{calls.named(again[0])} presented a credential in {numbers(again)} that had expired, as exchange"
                f" {refused[0].number} had told; renew it after the first 401, or before its time is over"
            )
            yield Observation([refused[0], *again], sentence)


def secret_in_query(calls: Calls) -> Iterator[Observation]:
    """Find credentials in parameters of URLs that the contract does not ask for: by name, by shape, by their value."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Exchange]] = {}
    for one in calls.all:
        names = _secrets(calls, one) if one.has_unknown_query else ()
        if names:
            found.setdefault((one.operations, names), []).append(one)
    for (_, names), exchanges in found.items():
        sentence = (
            f"{calls.named(exchanges[0])} had a credential in the query ({', '.join(names)}) in {numbers(exchanges)};"
            " URLs are logged by many: send it in a header"
        )
        yield Observation(exchanges, sentence)


def _secrets(calls: Calls, exchange: Exchange) -> tuple[str, ...]:
    asked_for: Sequence[str] = [
        parameter.name for operation in calls.operations(exchange) for parameter in operation.parameters
    ]
    given = [name for name, value in exchange.call.query if is_masked(value) or calls.is_credential(value)]
    return tuple(sorted({name for name in given if name not in asked_for}))
