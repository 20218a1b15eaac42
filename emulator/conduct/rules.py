"""The table of the rules, and what they find in a sandbox's exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from emulator.conduct import paging, retrying, using
from emulator.conduct.calls import Calls
from emulator.conduct.finding import Finding, Observation
from emulator.contract.openapi import Contract
from emulator.journal.entry import Exchange
from emulator.store.credentials import Credentials

__all__ = ["RULES", "Rule", "findings"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule on the conduct of clients: `sentence` says what it forbids, `find` yields where that was done.

    One call is enough for a rule on `single` calls; the others compare calls.
    """

    sentence: str
    does_harm: bool
    find: Callable[[Calls], Iterator[Observation]]
    single: bool = False


RULES: Mapping[str, Rule] = {
    "retry-after-ignored": Rule("Called again before Retry-After was over.", True, retrying.retry_after_ignored),
    "duplicate-write": Rule(
        "Sent a write again that was done although its answer was lost or failed.", True, retrying.duplicate_write
    ),
    "retried-in-vain": Rule(
        "Repeated a call after 400, 401, 403, 404 or 422, and got it again.", True, retrying.retried_in_vain
    ),
    "hammered": Rule("Made three or more calls in a row with a refused credential.", True, retrying.hammered),
    "secret-in-query": Rule("Sent a credential in the query of a URL.", True, using.secret_in_query, single=True),
    "gave-up": Rule("Gave up at the first 502, 503 or 504.", False, retrying.gave_up, single=True),
    "abandoned": Rule("Left before the answer, and never came back to it.", False, retrying.abandoned, single=True),
    "pages-skipped": Rule("Left out pages of a list.", False, paging.pages_skipped),
    "pages-read-twice": Rule("Read a page of a list twice.", False, paging.pages_read_twice),
    "pages-unread": Rule("Did not read a list to its end.", False, paging.pages_unread, single=True),
    "next-ignored": Rule("Made the URL of the next page itself, other than the reply.", False, paging.ignored_next),
    "refetched": Rule("Fetched an unchanged list three or more times without If-None-Match.", False, using.refetched),
    "burst": Rule("Called faster than the documentation allows.", False, using.burst),
    "expired-credential": Rule(
        "Used a credential again after a 401 because it had expired.", False, using.expired_credential
    ),
}
"""By name; those that do harm first."""


def findings(
    exchanges: Iterable[Exchange],
    contracts: Mapping[str, Contract],
    credentials: Mapping[str, Credentials] | None = None,
) -> list[Finding]:
    """Return what the client of a sandbox should not have done, by its first exchange.

    `exchanges` are those of its journal, or some of them: calls in progress are left out. `credentials` are those of
    the sandbox, by vendor and id: without them nothing is known of their expiry.
    """
    by_vendor: dict[str, list[Exchange]] = {}
    for one in exchanges:
        if not one.is_open and not one.is_stubbed and one.vendor in contracts:
            by_vendor.setdefault(one.vendor, []).append(one)
    found: list[Finding] = []
    for vendor, of_vendor in by_vendor.items():
        calls = Calls(contracts[vendor], of_vendor, (credentials or {}).get(vendor, {}))
        found += _of_vendor(vendor, calls)
    return sorted(found, key=lambda one: (one.exchanges[0], not one.does_harm))


def _of_vendor(vendor: str, calls: Calls) -> Iterator[Finding]:
    is_one = len(calls.all) == 1
    for name, rule in RULES.items():
        for one in rule.find(calls) if rule.single or not is_one else ():
            shown = one.exchanges
            yield Finding(name, rule.does_harm, vendor, _operations(shown), _numbers(shown), one.sentence)


def _operations(exchanges: Sequence[Exchange]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in exchanges for name in one.operations))


def _numbers(exchanges: Sequence[Exchange]) -> tuple[int, ...]:
    return tuple(sorted({one.number for one in exchanges}))
