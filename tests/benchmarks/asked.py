"""The target of each measurement, row by row."""

from __future__ import annotations

from collections.abc import Mapping

from tests.benchmarks.figures import Bound, at_least, at_most

EMULATOR = "emulator"
BARE = "bare aiohttp"
WIREMOCK = "WireMock"
WIREMOCK_FAST = "WireMock without journal"
PRISM = "Prism"
MOCKOON = "Mockoon"
JSON_SERVER = "json-server"
MOTO = "moto"

WORKS: Mapping[str, str] = {
    "list": "list ten of 500, each with a header of its own",
    "get": "get one of 500 ids in turn, each with a header of its own",
    "mixed": "five lists, four gets, one creation, none like another",
    "create": "create one, each with a body and a header of its own",
    "graphql": "Paradime list over GraphQL, 5 documents in turn, each with variables and a header of its own",
}
"""The works that are measured under load, by their key."""

THROUGHPUT: Mapping[str, Mapping[str, Bound | None]] = {
    "list": {
        BARE: at_least(0.35),
        WIREMOCK: at_least(1.5),
        WIREMOCK_FAST: None,
        PRISM: at_least(5),
        MOCKOON: at_least(8),
        JSON_SERVER: None,
        MOTO: None,
    },
    "get": {BARE: at_least(0.4), WIREMOCK: None, WIREMOCK_FAST: None, MOCKOON: None},
    "mixed": {BARE: at_least(0.3), WIREMOCK: at_least(1.2), WIREMOCK_FAST: None, MOCKOON: at_least(8)},
    "create": {BARE: at_least(0.25), WIREMOCK: None, WIREMOCK_FAST: None, MOCKOON: None},
    "graphql": {BARE: at_least(0.25)},
}
"""Requests/s as a multiple of a peer's; None is shown without a target."""

FRESH_WORLD = {WIREMOCK: at_least(4), MOTO: at_least(4)}
"""How many times faster a fresh sandbox and one call in it must be."""

RESET = at_most(1)
"""The time of a reset, as a multiple of that of one create call."""

START = {WIREMOCK: at_most(0.5), PRISM: at_most(0.4), MOCKOON: at_most(1), BARE: at_most(1.5)}
"""The time from process start to ready, as a multiple of a peer's."""

DOCUMENT = at_most(2)
"""The processor time of a start with a large OpenAPI document, as a multiple of a start without one."""

FIRST_GRAPHQL = at_most(0.06, "s")
"""How much longer the first GraphQL call of a process takes than the second."""

TEST = at_most(1)
"""The processor time of a test with a sandbox and a call, as a multiple of one with pytest-httpserver."""

EXPLORED = at_most(1.5)
"""The processor time of an explored run of a test, as a multiple of a run of the test as it is."""

FIXTURE = at_most(0.0008, "s")
"""The processor time that the fixture adds to an empty test."""

AT_REST = at_most(80e6, "bytes")
PER_SANDBOX = at_most(0.5e6, "bytes")
JOURNAL_BYTES = 32 * 1024**2
"""The journal's own bound, the default of the setting journal_bytes."""

JOURNALS_BYTES = 256 * 1024**2
"""The bound of all journals together."""

REPLIES_BYTES = 16 * 1024**2
"""The bound of all kept replies: those of reads that differ fill it."""

GROWN_BY_ONE = at_most(JOURNAL_BYTES + REPLIES_BYTES, "bytes")
GROWN_BY_MANY = at_most(JOURNALS_BYTES, "bytes")
TAIL = at_most(4)
"""p99 as a multiple of p50."""
