"""Rules on repeating a call: too early, twice, in vain, not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.conduct.calls import Calls
from emulator.conduct.finding import Observation, numbers
from emulator.conduct.relations import began_after, consecutive, is_same, waited, was_done, was_done_unseen
from emulator.journal.entry import Exchange
from emulator.transport.retry_after import seconds_of

__all__ = ["abandoned", "duplicate_write", "gave_up", "hammered", "retried_in_vain", "retry_after_ignored"]

HOPELESS = (400, 401, 403, 404, 422)
"""What the same call gets again: the call itself is wrong."""

TRANSIENT = (502, 503, 504)
HAMMERING = 3
"""So many calls in a row with a refused credential are more than one attempt and one retry."""

POLLING_SECONDS = 1
"""Who reads again after so long what was not there, waits until it exists."""

LATER_SECONDS = 60
"""After so long, the same call is a new attempt, such as that of the next run of a job: few retries wait longer."""

TOLERANCE_SECONDS = 0.05
"""A client's clock and ours need not agree better than this."""


def retry_after_ignored(calls: Calls) -> Iterator[Observation]:
    """Find calls of an operation that came before the Retry-After of the one before was over.

    Where several calls were in progress, only the same call counts: the client sent the others before it could know.
    """
    for group in calls.by_operation:
        chain: list[Exchange] = []
        for one in group:
            if chain and not began_after(one, chain[-1]):
                continue
            is_early = chain != [] and _is_early(calls, chain[-1], one)
            if is_early:
                chain.append(one)
            if not is_early or not _retry_after(one):
                yield from _early(calls, chain)
                chain = [] if is_early or not _retry_after(one) else [one]
        yield from _early(calls, chain)


def _is_early(calls: Calls, refused: Exchange, one: Exchange) -> bool:
    """Return True if a client knew that it had to wait, and did not."""
    knew = refused.number not in calls.concurrent or is_same(refused, one)
    return knew and waited(refused, one) < _retry_after(refused) - TOLERANCE_SECONDS


def _early(calls: Calls, chain: Sequence[Exchange]) -> Iterator[Observation]:
    if len(chain) > 1:
        first, *later = chain
        seconds = _retry_after(first)
        sentence = (
            f"{calls.named(first)} was called again in {numbers(later)} before the {seconds:g} s of Retry-After in"
            f" exchange {first.number} were over; wait that long, then call again"
        )
        yield Observation(chain, sentence)


def _retry_after(exchange: Exchange) -> float:
    """Return the seconds of Retry-After in a refusal, 0 without one. A date is compared with the sandbox's clock."""
    return 0 if exchange.status < 400 else seconds_of(exchange.reply_header("Retry-After"), exchange.time) or 0


def duplicate_write(calls: Calls) -> Iterator[Observation]:
    """Find writes that were done although their reply was lost or failed, and then sent and done again."""
    for group in calls.by_operation:
        if calls.reads(group[0]) or calls.may_be_repeated(group[0]):
            continue
        found: set[int] = set()
        for place, first in enumerate(group):
            if first.number in found or not was_done_unseen(first):
                continue
            again = [one for one in group[place + 1 :] if _repeats(first, one) and not _undone(calls, first, one)]
            found.update(one.number for one in again)
            if again:
                sentence = (
                    f"{calls.named(first)} of exchange {first.number} was done although its answer was lost or failed,"
                    f" and {numbers(again)} did it once more; look whether a write was done before sending it again"
                )
                yield Observation([first, *again], sentence)


def _repeats(first: Exchange, one: Exchange) -> bool:
    return began_after(one, first) and is_same(first, one) and was_done(one)


def _undone(calls: Calls, first: Exchange, again: Exchange) -> bool:
    """Return True if the client deleted something in between: what it had made, perhaps."""
    between = (one for one in calls.all if first.number < one.number < again.number)
    return any(
        one.method == "DELETE" or any(name.lower().startswith(("delete", "remove")) for name in one.operations)
        for one in between
    )


def retried_in_vain(calls: Calls) -> Iterator[Observation]:
    """Find calls that were repeated soon after a refusal that the same call gets again, and that never succeeded."""
    for group in calls.by_credential:
        runs = consecutive(group, lambda one: POLLING_SECONDS if _polls(calls, one) else LATER_SECONDS)
        suspects = [run for run in runs if len(run) > 1 and run[0].status in HOPELESS]
        for run in suspects:
            is_hammering = run[0].status == 401 and len(run) >= HAMMERING
            if is_hammering or _succeeded_later(run, calls.all):
                continue
            sentence = (
                f"{calls.named(run[0])} got {run[0].status} in exchange {run[0].number} and was repeated in"
                f" {numbers(run[1:])}; a {run[0].status} does not heal by itself: change the call, or give up"
            )
            yield Observation(run, sentence)


def _polls(calls: Calls, exchange: Exchange) -> bool:
    return exchange.status == 404 and exchange.operations != () and calls.reads(exchange)


def _succeeded_later(run: Sequence[Exchange], calls: Sequence[Exchange]) -> bool:
    return any(one.number > run[-1].number and one.status < 400 and is_same(run[-1], one) for one in calls)


def hammered(calls: Calls) -> Iterator[Observation]:
    """Find credentials that were presented again and again although they were refused."""
    for group in calls.by_credential:
        run: list[Exchange] = []
        for one in [*group, None]:
            if one is not None and one.status == 401 and _hammers(run, one):
                run.append(one)
                continue
            if len(run) >= HAMMERING:
                sentence = (
                    f"{len(run)} calls in a row got 401 with the same credential ({numbers(run)}); renew the credential"
                    " or stop after the first, before the vendor locks the account"
                )
                yield Observation(run, sentence)
            run = [one] if one is not None and one.status == 401 else []


def _hammers(run: Sequence[Exchange], one: Exchange) -> bool:
    return not run or (began_after(one, run[-1]) and waited(run[-1], one) < LATER_SECONDS)


def gave_up(calls: Calls) -> Iterator[Observation]:
    """Find operations that may be repeated, and were not called again after the first 502, 503 or 504 in a row."""
    for group in calls.by_operation:
        last = group[-1]
        if last.status not in TRANSIENT or not calls.may_be_repeated(last):
            continue
        if len(group) == 1 or not _failed(group[-2]):
            sentence = (
                f"{calls.named(last)} got {last.status} in exchange {last.number} and was not tried again; a"
                f" {last.status} is often over in a moment: wait, and try a few times"
            )
            yield Observation([last], sentence)


def abandoned(calls: Calls) -> Iterator[Observation]:
    """Find calls whose client left before the reply, and never looked what became of them."""
    for place, one in enumerate(calls.all):
        if not one.is_abandoned or not one.operations:
            continue
        later, is_read = calls.all[place + 1 :], calls.reads(one)
        if is_read and any(_failed(other) and is_same(one, other) for other in calls.all[:place]):
            continue  # It was tried before: nobody has to try for ever.
        if not any(is_same(one, other) or (not is_read and calls.reads(other)) for other in later):
            advice = "wait longer, or ask again" if is_read else "look whether it was done"
            sentence = (
                f"the client left {calls.named(one)} in exchange {one.number} after {one.seconds:.1f} s, before its"
                f" answer, and did not come back to it; {advice}"
            )
            yield Observation([one], sentence)


def _failed(exchange: Exchange) -> bool:
    """Return True if a call got no reply, or one that may be another the next time."""
    return exchange.status == 0 or exchange.status == 429 or exchange.status >= 500
