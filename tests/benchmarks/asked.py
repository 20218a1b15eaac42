"""What is asked of each piece of work: the table of issue 5, row by row."""

from __future__ import annotations

from collections.abc import Mapping

from tests.benchmarks.figures import Bound, at_least, at_most

EMULATOR = "emulator"
BARE = "bare aiohttp"
BARE_ASYNCIO = "bare aiohttp, plain asyncio"
WIREMOCK = "WireMock"
WIREMOCK_FAST = "WireMock without journal"
PRISM = "Prism"
MOCKOON = "Mockoon"
JSON_SERVER = "json-server"
MOTO = "moto"

WORKS: Mapping[str, str] = {
    "list": "list ten integrations",
    "get": "get one",
    "create": "create one",
    "graphql": "Paradime list over GraphQL, ten integrations",
}
"""Work that is measured under load, by the key that the servers know it by."""

THROUGHPUT: Mapping[str, Mapping[str, Bound | None]] = {
    "list": {
        BARE: at_least(0.6),
        BARE_ASYNCIO: None,
        WIREMOCK: at_least(3),
        WIREMOCK_FAST: None,
        PRISM: at_least(5),
        MOCKOON: at_least(4),
        JSON_SERVER: at_least(3),
        MOTO: at_least(20),
    },
    "get": {BARE: at_least(0.6), BARE_ASYNCIO: None},
    "create": {
        BARE: at_least(0.25),
        BARE_ASYNCIO: None,
        WIREMOCK: at_least(1),
        WIREMOCK_FAST: None,
        MOCKOON: at_least(6),
    },
    "graphql": {BARE: at_least(0.4), BARE_ASYNCIO: None},
}
"""Requests/s as a multiple of a peer's; None is shown and not asked."""

FRESH_WORLD = {WIREMOCK: at_least(4), MOTO: at_least(4)}
"""How many times faster a fresh world and one call in it must be."""

RESET = at_most(1)
"""The time of a reset, as a multiple of that of one create call."""

START = {WIREMOCK: at_most(0.5), PRISM: at_most(0.4), MOCKOON: at_most(1), BARE: at_most(1.6)}
"""The time from process start to ready, as a multiple of a peer's."""

AT_REST = at_most(80e6, "bytes")
PER_SANDBOX = at_most(0.5e6, "bytes")
JOURNAL_BYTES = 32 * 1024**2
"""The journal's own bound, the default of the setting journal_bytes."""

GROWTH = at_most(JOURNAL_BYTES, "bytes")
PAGE = at_most(1.5)
"""The time of a page of a long list, as a multiple of the same page of a short one."""

TAIL = at_most(3)
"""p99 as a multiple of p50."""
