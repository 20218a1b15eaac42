"""GraphQL documents of any size: read in linear time, off the event loop, and kept within bounds."""

from __future__ import annotations

import gc
import json
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import parse

from emulator.catalogue import Catalogue
from emulator.contract import graphql_calls
from emulator.contract.graphql import GraphQL
from emulator.contract.graphql_calls import STRANGERS_QUERY, GraphQLCalls
from emulator.contract.measures import Measures, measures_of
from emulator.contract.operation import GraphQLLimits
from emulator.exchange import Call
from emulator.json_text import READINGS

LIMITS = GraphQLLimits(depth=25, aliases=100, fields=2000, tokens=20_000, length=100_000)
SWITCHES = {"docs_type_names": True}


@pytest.fixture
def graphql(catalogue: Catalogue) -> GraphQL:
    found = catalogue.contracts["paradime"].graphql
    assert found is not None
    return found


@pytest.fixture
def calls(graphql: GraphQL) -> GraphQLCalls:
    return GraphQLCalls(graphql, LIMITS, READINGS["django"])


def call(query: str, **more: Any) -> Call:
    document = {"query": query, **more}
    return Call("POST", "/graphql", body=json.dumps(document).encode(), document=document, switches=SWITCHES)


def doubling(levels: int) -> str:
    """Return a document whose fragments each spread the next one twice."""
    spread = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {spread} fragment F{levels} on Query {{ listCustomIntegrations {{ ok }} }}"


@pytest.mark.parametrize("levels", [20, 60, 1500])
async def test_fragments_that_double_are_read_in_linear_time(calls: GraphQLCalls, levels: int) -> None:
    # It would take 2**60 steps.
    found = await calls.root_fields(call(doubling(levels)))
    assert found is not None
    assert (found.operations, found.unknown) == (("listCustomIntegrations",), ())
    document = await calls.prepare(call(doubling(levels)))
    assert document.refusal is not None
    assert [violation.sentence for violation in document.refusal.violations] == [
        "The document selects more than 2000 fields, counting a fragment's wherever it is spread."
    ]


@pytest.mark.parametrize(
    ("query", "measures"),
    [
        ("{ a }", Measures(depth=1, fields=1, aliases=0, nesting=1)),
        ("{ a { b } c: d { e: f { g } } }", Measures(depth=3, fields=5, aliases=2, nesting=3)),
        ("{ ... { a { ... on T { b } } } }", Measures(depth=2, fields=2, aliases=0, nesting=4)),
        ("{ a { ...F } ...F } fragment F on T { b { ...G } } fragment G on T { x: c }", Measures(3, 5, 1, 5)),
        ("{ a ...F } fragment F on T { b ...F }", Measures(depth=1, fields=3, aliases=0, nesting=3)),
        ("{ ...Nowhere a }", Measures(depth=1, fields=1, aliases=0, nesting=1)),
        ("query A { a } query B { a { b } }", Measures(depth=2, fields=3, aliases=0, nesting=2)),
        ("fragment F on T { a { b } }", Measures(depth=0, fields=0, aliases=0, nesting=2)),
    ],
)
def test_a_document_is_measured_with_its_fragments_spread_out(query: str, measures: Measures) -> None:
    assert measures_of(parse(query)) == measures


def chain(links: int) -> str:
    """Return a document whose fragments each spread the next one."""
    spread = "".join(f" fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(links))
    return f"{{ ...F0 }}{spread} fragment F{links} on Query {{ listCustomIntegrations {{ ok }} }}"


VALID = {
    "one field 1,000 times": "{ listCustomIntegrations { " + "ok " * 1000 + "} }",
    "one root field 1,000 times": "{" + "listCustomIntegrations { ok } " * 1000 + "}",
    "a fragment 1,000 times": "{" + "...F " * 1000 + "} fragment F on Query { listCustomIntegrations { ok } }",
    "400 fragments of one field": "{"
    + " ".join(f"...F{n}" for n in range(400))
    + "}"
    + "".join(f" fragment F{n} on Query {{ listCustomIntegrations {{ ok }} }}" for n in range(400)),
    "fragments in fragments": chain(197),
    "selections in selections": "{" + "... {" * 198 + "listCustomIntegrations { ok }" + "}" * 199,
    "40 operations": " ".join(f"query A{n} {{ listCustomIntegrations {{ {'ok ' * 49} }} }}" for n in range(40)),
}


@pytest.mark.parametrize("case", VALID)
async def test_a_valid_document_within_the_limits_runs(calls: GraphQLCalls, case: str) -> None:
    sent = call(VALID[case], operationName="A39" if case == "40 operations" else None)
    document = await calls.prepare(sent)
    assert document.refusal is None
    result = calls.execute(sent, document, lambda *_: {"ok": True}, lambda *_: None)
    assert result.document == {"data": {"listCustomIntegrations": {"ok": True}}}


REFUSED = {
    "tokens": ("{" + "a " * 20_001 + "}", "Syntax Error: Document contains more than 20000 tokens. Parsing aborted."),
    "comments": (
        "#\n" * 20_001 + "{ a }",
        "Syntax Error: Document contains more than 20000 comments. Parsing aborted.",
    ),
    "length": (
        "," * 100_000 + "{ a }",
        "Syntax Error: Source contains more than 100000 code points. Parsing aborted.",
    ),
    "nested selections": ("{a" * 300 + "}" * 300, "Syntax Error: Document is nested too deeply. Parsing aborted."),
    "nested lists": (
        f"{{ a(b: {'[' * 300}{']' * 300}) }}",
        "Syntax Error: Document is nested too deeply. Parsing aborted.",
    ),
    "nested objects": (
        f"{{ a(b: {'{c:' * 300}1{'}' * 300}) }}",
        "Syntax Error: Document is nested too deeply. Parsing aborted.",
    ),
    "fields": ("{" + "listCustomIntegrations { ok } " * 1001 + "}", "The document selects more than 2000 fields"),
    "fields of all operations": (
        " ".join(f"query A{n} {{ ...F }}" for n in range(41))
        + " fragment F on Query { listCustomIntegrations {"
        + "ok " * 49
        + "} }",
        "The document selects more than 2000 fields",
    ),
    "fragments in fragments": (
        chain(198),
        "The document nests selections 201 deep, with fragments; the limit is 200.",
    ),
    "variables of all operations": (
        " ".join(f"mutation A{n}($v: String!) {{ ...F }}" for n in range(110))
        + " fragment F on Mutation { addCustomIntegration(name: $v, nodeTypes: ["
        + "{nodeType: $v} " * 460
        + "]) { ok } }",
        "The document's operations together spread too many fragments or use too many variables;"
        " the limit is 50000 of both, counted anew in each operation.",
    ),
    "introspection": (
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        "Maximum introspection depth exceeded",
    ),
    "fragments in a circle": (
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "Cannot spread fragment 'F' within itself via 'G'.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_document_beyond_a_limit_is_refused(calls: GraphQLCalls, case: str) -> None:
    query, message = REFUSED[case]
    document = await calls.prepare(call(query))
    assert document.refusal is not None
    assert document.refusal.document["errors"][0]["message"].startswith(message)


@pytest.mark.parametrize(
    "query",
    [
        "{ listCustomIntegrations " + "@nowhere " * 300 + "{ ok } }",
        "{ listCustomIntegrations " + "@skip(if: false) " * 300 + "{ ok } }",
        "query (" + ", ".join(f"$v{n}: Int" for n in range(300)) + ") { listCustomIntegrations { ok } }",
        "{ listCustomIntegrations { ok } }" + "".join(f" fragment F{n} on Query {{ __typename }}" for n in range(300)),
    ],
)
async def test_the_first_hundred_errors_are_collected(calls: GraphQLCalls, query: str) -> None:
    document = await calls.prepare(call(query))
    assert document.refusal is not None
    assert len(document.refusal.violations) == 101
    assert document.refusal.violations[-1].sentence.startswith("Too many validation errors, error limit reached.")


@pytest.mark.parametrize("method", ["root_fields", "prepare"])
async def test_a_long_document_is_read_off_the_event_loop(
    calls: GraphQLCalls, monkeypatch: pytest.MonkeyPatch, graphql: GraphQL, method: str
) -> None:
    read_in, parse_document = [], graphql.executable.parse

    def noting(*given: Any) -> Any:
        read_in.append(threading.current_thread())
        return parse_document(*given)

    monkeypatch.setattr(graphql.executable, "parse", noting)
    await getattr(calls, method)(call("{ listCustomIntegrations { ok } }" + " " * 100))
    await getattr(calls, method)(call("{ listCustomIntegrations { ok } }" + " " * 2000))
    assert [thread is threading.main_thread() for thread in read_in] == [True, False]


async def test_what_selects_much_or_comes_in_many_bytes_is_executed_off_the_event_loop(calls: GraphQLCalls) -> None:
    short = await calls.prepare(call("{ listCustomIntegrations { ok } }"))
    assert not calls.takes_long(call("{ listCustomIntegrations { ok } }"), short)
    assert calls.takes_long(call("{ listCustomIntegrations { ok } }", variables={"v": "x" * 70_000}), short)
    query = "{" + " ".join(f"a{n}: listCustomIntegrations {{ ok }}" for n in range(90)) + "}"
    assert calls.takes_long(call(query), await calls.prepare(call(query)))


@pytest.mark.parametrize(
    ("query", "padding", "is_long"),
    [
        ("{ a }", 0, False),
        ("{ a }" + " " * (STRANGERS_QUERY - 5), 0, False),
        ("{ a }" + " " * (STRANGERS_QUERY - 4), 0, True),
        ("{ a }", STRANGERS_QUERY, False),
        ("{ a }", 1024**2, True),
    ],
)
def test_a_stranger_has_documents_of_up_to_64_kb_read(
    calls: GraphQLCalls, query: str, padding: int, is_long: bool
) -> None:
    assert calls.is_long(call(query, variables={"v": "x" * padding})) is is_long


@pytest.mark.parametrize(
    "query",
    [
        "query A($p: Boolean) { ok: listCustomIntegrations @include(if: $p) { ok } } query B { __typename }",
        "query A($p: Boolean) { ...F } fragment F on Query { ... @skip(if: $p) { listCustomIntegrations { ok } } }"
        " query B { listCustomIntegrations { ok @skip(if: $p) } }",
        "query A { ...F ...F } fragment F on Query { listCustomIntegrations { ok } } query B { ...G ...Nowhere }"
        " fragment G on Query { ...G @include(if: true) unknown }",
    ],
)
async def test_root_fields_of_a_cached_document_are_those_of_a_new_one(
    graphql: GraphQL, calls: GraphQLCalls, query: str
) -> None:
    asked: list[dict[str, Any]] = [
        {"operationName": name, "variables": {"p": p}} for name in ("A", "B", None, "C", ["A"]) for p in (True, False)
    ]
    await calls.prepare(call(query))
    for more in asked * 2:
        new = GraphQLCalls(graphql, LIMITS, READINGS["django"])
        assert await calls.root_fields(call(query, **more)) == await new.root_fields(call(query, **more))


async def test_nothing_from_an_unauthenticated_client_is_cached(calls: GraphQLCalls) -> None:
    await calls.root_fields(call("{ listCustomIntegrations { ok } }"))
    assert len(calls.documents) == 0
    await calls.prepare(call("{ listCustomIntegrations { ok } }"))
    assert len(calls.documents) == 1


async def test_a_cached_document_is_not_parsed_again(
    calls: GraphQLCalls, monkeypatch: pytest.MonkeyPatch, graphql: GraphQL
) -> None:
    sent = call("{ listCustomIntegrations { ok } }")
    document = await calls.prepare(sent)
    monkeypatch.delattr(type(graphql.executable), "parse")
    assert await calls.prepare(sent) is document
    assert (await calls.root_fields(sent)) is not None


DENSE = (
    " ".join(f"f{n}" for n in range(140)),
    "a(b: [" + "[]" * 150 + "])",
    "a " + "@b " * 80,
    " ".join(f"f{n} {{ g }}" for n in range(50)),
)


@pytest.fixture
def frozen() -> Iterator[None]:
    """Keep the collector to new objects: to scan what earlier tests have left takes seconds."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("written", DENSE)
async def test_documents_are_kept_within_a_bound_of_memory(
    graphql: GraphQL, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    bound = 1024**2
    monkeypatch.setattr(graphql_calls, "KEPT_BYTES", bound)
    calls = GraphQLCalls(graphql, LIMITS, READINGS["django"])
    await calls.prepare(call("{ listCustomIntegrations { ok } }"))
    tracemalloc.start()
    for number in range(9):
        await calls.prepare(call(f"{{ number{number} {written} }}"))
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert bound / 2 < calls.documents.bytes <= bound
    assert taken <= bound


@pytest.mark.parametrize("end", ["}", "", "}}", "#" * 10])
def test_a_document_is_freed_at_once_even_if_it_does_not_parse(graphql: GraphQL, end: str) -> None:
    # If its tokens were linked, only the garbage collector would free them, all in one go.
    gc.disable()
    tracemalloc.start()
    try:
        document = graphql.parse("{" + "a " * 2000 + end, frozenset(), LIMITS)
        _, peak = tracemalloc.get_traced_memory()
        del document
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert peak > 500_000
    assert left < peak / 10
