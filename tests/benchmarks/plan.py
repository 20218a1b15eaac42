"""How much is measured: everything, or what takes at most a minute and needs no peer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.asked import BARE, JSON_SERVER, MOCKOON, MOTO, PRISM, WIREMOCK, WIREMOCK_FAST


@dataclass(frozen=True)
class Plan:
    """How often and how long: one run of wrk takes `seconds`, one round makes `cycles` single calls.

    Memory is measured after `sandboxes` sandboxes, `calls` calls that all differ, and `mixed_calls` mixed calls.
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
    mixed_calls: int


FULL = Plan(
    mode="full",
    sections=("load", "starts", "memory", "shards", "pytest", "explored"),
    peers=(BARE, WIREMOCK, WIREMOCK_FAST, PRISM, MOCKOON, JSON_SERVER, MOTO),
    rounds=5,
    seconds=5,
    warm_up=5,
    cycles=100,
    starts=7,
    sandboxes=100,
    calls=1_000_000,
    mixed_calls=200_000,
)
QUICK = Plan(
    mode="quick",
    sections=("load", "starts", "memory"),
    peers=(BARE,),
    rounds=3,
    seconds=1,
    warm_up=1,
    cycles=30,
    starts=2,
    sandboxes=20,
    calls=12_000,
    mixed_calls=6_000,
)
