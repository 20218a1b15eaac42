"""Fields with one response name must be mergeable: same results and messages as graphql-core."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from graphql import GraphQLError, OverlappingFieldsCanBeMergedRule, build_schema, parse, validate

from emulator.contract.merging import FieldsMergeRule, rules_for

SCHEMA = build_schema(
    """
    type Query { node: Node  nodes(first: Int): [Node!]! }
    type Node { node: Node  other: Node  text(in: In, list: [Int!]): String  name: String }
    input In { a: Int  b: String }
    """
)
ARGUMENTS = [
    "",
    "(list: 1)",
    "(list: [1])",
    "(list: [])",
    "(in: {})",
    '(in: {a: 1, b: "1"})',
    '(in: {b: "1", a: 1})',
    '(in: {b: """1""", a: 1})',
    "(in: {a: 1}, list: 2)",
    "(list: 2, in: {a: 1})",
    "(in: null)",
]
ALIASES = ["", "", "", "x: ", "name: ", "node: "]
KINDS = ["name", "text", "node", "other", "inline", "spread", "spread"]


def selections(random: Random, spreads: Sequence[int], levels: int = 2) -> str:
    """Return the selection of a Node; fragments are spread by their numbers."""
    return " ".join(selection(random, spreads, levels) for _ in range(random.randint(1, 3)))


def selection(random: Random, spreads: Sequence[int], levels: int) -> str:
    kind, alias = random.choice(KINDS), random.choice(ALIASES)
    if kind == "spread" and spreads:
        return f"...F{random.choice(spreads)}"
    if kind == "text":
        return f"{alias}text{random.choice(ARGUMENTS)}"
    if levels and kind in {"node", "other"}:
        return f"{alias}{kind} {{ {selections(random, spreads, levels - 1)} }}"
    if levels and kind == "inline":
        return f"... on Node {{ {selections(random, spreads, levels - 1)} }}"
    return f"{alias}name"


def document(random: Random) -> str:
    """Return a document that can break only the rule in question: each fragment spreads later ones."""
    numbers = range(random.randint(0, 4))
    spread = " ".join(f"...F{number}" for number in numbers)
    fragments = " ".join(f"fragment F{of} on Node {{ {selections(random, numbers[of + 1 :])} }}" for of in numbers)
    return f"{{ node {{ {selections(random, numbers)} }} nodes {{ {spread} name }} }} {fragments}"


def errors(query: str) -> list[GraphQLError]:
    rules, rules_of_valid = rules_for(SCHEMA)
    return validate(SCHEMA, parse(query), rules) or validate(SCHEMA, parse(query), rules_of_valid)


def test_the_verdicts_on_small_documents_are_those_of_graphql_core() -> None:
    random, found = Random(20261127), Counter[bool]()
    for _ in range(300):
        query = document(random)
        parsed = parse(query)
        theirs = bool(validate(SCHEMA, parsed, [OverlappingFieldsCanBeMergedRule]))
        assert bool(validate(SCHEMA, parsed, [FieldsMergeRule])) is theirs, query
        found[theirs] += 1
    assert min(found[True], found[False]) > 50


@pytest.mark.parametrize(
    "query",
    [
        "{ node { x: name x: text } }",
        "{ node { text text(list: 1) } }",
        '{ node { text(in: {b: "1"}) text(in: {b: """1"""}) } }',
        "{ node { x: name } node { x: text } }",
        "{ node { node { x: name } } node { node { ...F } } } fragment F on Node { x: text }",
        "{ node { ...F x: name } } fragment F on Node { node { x: name } node { x: text } }",
        "{ x: node { name } x: nodes { name } }",
        "query A { node { name } } query B { nodes { x: name x: text } }",
    ],
)
def test_a_conflict_has_the_words_of_graphql_core(query: str) -> None:
    ours, theirs = errors(query), validate(SCHEMA, parse(query))
    assert len(theirs) == 1
    assert ours[0].message == theirs[0].message
    assert {str(place) for place in ours[0].locations or ()} == {str(place) for place in theirs[0].locations or ()}


def test_a_schema_with_interfaces_keeps_the_rule_of_graphql_core() -> None:
    rules, rules_of_valid = rules_for(build_schema("type Query { a: A } interface A { b: Int }"))
    assert OverlappingFieldsCanBeMergedRule in rules
    assert FieldsMergeRule not in rules_of_valid
