"""How much is measured: everything, or what fits into a minute and needs no peer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.asked import BARE, BARE_ASYNCIO, JSON_SERVER, MOCKOON, MOTO, PRISM, WIREMOCK, WIREMOCK_FAST


@dataclass(frozen=True)
class Plan:
    """How often and how long: `seconds` are those of one run of wrk, `cycles` the single calls of one round.

    `sandboxes` and `calls` are what memory is measured after, `records` is the length of a long list, `page_rounds` how
    often its pages are loaded with wrk.
    """

    mode: str
    sections: Sequence[str]
    peers: Sequence[str]
    rounds: int
    seconds: int
    warm_up: int
    cycles: int
    starts: int
    sandboxes: int
    calls: int
    records: int
    page_rounds: int


FULL = Plan(
    mode="full",
    sections=("load", "starts", "memory", "pages", "shards"),
    peers=(BARE, BARE_ASYNCIO, WIREMOCK, WIREMOCK_FAST, PRISM, MOCKOON, JSON_SERVER, MOTO),
    rounds=5,
    seconds=5,
    warm_up=5,
    cycles=100,
    starts=7,
    sandboxes=100,
    calls=1_000_000,
    records=100_000,
    page_rounds=5,
)
QUICK = Plan(
    mode="quick",
    sections=("load", "starts", "memory", "pages"),
    peers=(BARE,),
    rounds=3,
    seconds=1,
    warm_up=1,
    cycles=30,
    starts=2,
    sandboxes=20,
    calls=12_000,
    records=5_000,
    page_rounds=0,
)
