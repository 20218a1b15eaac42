"""The one matcher: conditions on path, query, headers, body, GraphQL variables and arguments, credential and status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.errors import ConfigurationError
from emulator.exchange import Reply
from emulator.matching.where import where_of
from tests.test_journal import call
from tests.test_verification import JSON, seen, verify

QUERY = """
query Q($name: String = "d", $n: Int) {
  ...Things
}
fragment Things on Query { createThing(name: $name, size: {width: $n, unit: cm}, tags: ["a", "b"]) { ok } }
"""


def nearness(where: dict[str, Any], document: Any = None, **sent: Any) -> list[str]:
    """Return how a call differs from the conditions, as verify says it."""
    body = b"" if document is None else json.dumps(document).encode()
    given = call("POST", **{"headers": JSON, "body": body, **sent})
    entry = {"given": given, "reply": Reply(201), "operations": ("createThing",)}
    found = verify(seen(entry), {"operation": "createThing", "where": where})
    return [] if found.passed else [one for near in found.near_misses for one in near.differences]


BODY = {"name": "Sales", "size": 7, "tags": ["x", "y"], "a/b": {"glob": "x"}, "none": None}


@pytest.mark.parametrize(
    ("where", "difference"),
    [
        ({"name": "Sales"}, None),
        ({"name": {"equals": "Sales"}}, None),
        ({"a/b": {"equals": {"glob": "x"}}}, None),
        ({"/a~1b/glob": "x"}, None),
        ({"name": {"glob": "S*"}}, None),
        ({"name": {"glob": "s*"}}, "body /name is 'Sales', not like 's*'"),
        ({"name": {"regex": "^S.*s$"}}, None),
        ({"name": {"regex": "ale"}}, None),
        ({"name": {"regex": "^ale"}}, "body /name is 'Sales', not matched by '^ale'"),
        ({"size": {"regex": "^7$"}}, None),
        ({"size": {"glob": "7"}}, None),
        ({"size": {"regex": "8"}}, "body /size is 7, not matched by '8'"),
        ({"none": {"glob": "*"}}, "body /none is null, not like '*'"),
        ({"a/b": {"scope": "x"}}, 'body /a~1b is {"glob": "x"}, not {"scope": "x"}'),
        ({"size": {"schema": {"minimum": 7}}}, None),
        ({"size": {"schema": {"minimum": 8}}}, 'body /size is 7, not valid against {"minimum": 8}'),
        ({"": {"schema": {"required": ["name", "size"]}}}, None),
        ({"other": {"absent": True}}, None),
        ({"none": {"absent": True}}, "body /none is null, not absent"),
        ({"tags": {"schema": {"contains": {"const": "y"}}}}, None),
        ({"size": "7"}, "body /size is 7, not '7'"),
    ],
)
def test_a_condition_on_the_body(where: dict[str, Any], difference: str | None) -> None:
    assert nearness({"body": where}, BODY) == ([] if difference is None else [difference])


@pytest.mark.parametrize(
    ("where", "difference"),
    [
        ({"query": {"page": 2}}, None),
        ({"query": {"page": {"schema": {"minimum": 2}}}}, None),
        ({"query": {"page": {"schema": {"minimum": 3}}}}, "query page is '2', not valid against {\"minimum\": 3}"),
        ({"query": {"tag": {"glob": "y*"}}}, None),
        ({"query": {"size": {"absent": True}, "page": {"absent": True}}}, "query page is '2', not absent"),
        ({"path": {"id": {"regex": "^[0-9]+$"}}}, None),
        ({"path": {"id": {"schema": {"type": "integer"}}}}, None),
        ({"headers": {"x-trace": "abc"}}, None),
        ({"headers": {"X-Trace": {"glob": "a?c"}, "X-Other": {"absent": True}}}, None),
        ({"headers": {"X-Other": "a"}}, "headers X-Other is missing"),
        (
            {"headers": {"Authorization": "Bearer secret-token"}},
            "headers Authorization is a credential, which the journal masks",
        ),
        ({"status": {"schema": {"minimum": 200, "maximum": 299}}}, None),
        ({"status": {"glob": "2*"}}, None),
        ({"status": {"regex": "^20[01]$"}}, None),
        ({"status": "201"}, None),
        ({"status": {"glob": "4*"}}, "status is 201, not like '4*'"),
        ({"status": {"schema": {"minimum": 400}}}, 'status is 201, not valid against {"minimum": 400}'),
        ({"body": {"name": {"absent": True}}}, None),
        ({"body": {"name": "x"}}, "body /name cannot be read: there is no body"),
    ],
)
def test_a_condition_on_the_rest(where: dict[str, Any], difference: str | None) -> None:
    query = [("page", "2"), ("tag", "x"), ("tag", "yz")]
    headers = [("X-Trace", "abc"), ("Authorization", "Bearer secret-token")]
    found = nearness(where, query=query, headers=headers, params={"id": 7})
    assert found == ([] if difference is None else [difference])


@pytest.mark.parametrize(
    ("where", "difference"),
    [
        ({"variables": {"n": 5}}, None),
        ({"variables": {"name": {"absent": True}}}, None),
        ({"arguments": {"name": "d", "/size/width": 5, "/tags/1": "b"}}, None),
        ({"arguments": {"/size/unit": {"glob": "c*"}}}, None),
        ({"arguments": {"name": "e"}}, "arguments /name is 'd', not 'e'"),
        ({"arguments": {"other": 1}}, "arguments /other is missing"),
        ({"variables": {"n": {"schema": {"maximum": 4}}}}, 'variables /n is 5, not valid against {"maximum": 4}'),
    ],
)
def test_a_condition_on_graphql(where: dict[str, Any], difference: str | None) -> None:
    found = nearness(where, {"query": QUERY, "variables": {"n": 5}})
    assert found == ([] if difference is None else [difference])


def test_a_root_field_that_is_skipped_has_no_arguments() -> None:
    document = {"query": '{ createThing(name: "a") @skip(if: true) createThing(name: "b") }'}
    assert nearness({"arguments": {"name": "a"}}, document) == ["arguments /name is 'b', not 'a'"]


@pytest.mark.parametrize(
    ("where", "difference"),
    [
        ({"arguments": {"name": "A"}}, None),
        ({"arguments": {"name": "B", "size": 2}}, None),
        ({"arguments": {"name": "A", "size": 2}}, "arguments /size is 1, not 2"),
        ({"arguments": {"name": "C", "size": 2}}, "arguments /name is 'B', not 'C'"),
        ({"arguments": {"size": {"absent": True}}}, "arguments /size is 1, not absent"),
    ],
)
def test_conditions_on_arguments_are_about_one_alias(where: dict[str, Any], difference: str | None) -> None:
    document = {"query": '{ a: createThing(name: "A", size: 1) b: createThing(name: "B", size: 2) }'}
    assert nearness(where, document) == ([] if difference is None else [difference])


def test_arguments_of_what_does_not_parse_are_missing() -> None:
    assert nearness({"arguments": {"name": "d"}}, {"query": "{ createThing("}) == ["arguments /name is missing"]
    assert nearness({"variables": {"name": "d"}}, [1]) == ["variables /name is missing"]


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ({"body": {"a": {"regex": "("}}}, "where: body a: invalid: "),
        ({"body": {"a": {"regex": "(?=a)b"}}}, "where: body a: invalid: "),
        ({"query": {"a": {"regex": 1}}}, "where: query a: regex: expected a string"),
        ({"query": {"a": {"glob": "*" * 201}}}, "where: query a: glob: expected a string of at most 200 characters"),
        ({"headers": {"a": {"absent": False}}}, "where: headers a: absent: expected true; leave it out otherwise"),
        ({"body": {"a": {"globb": "X*"}}}, "where: body a: unknown condition 'globb'. Did you mean 'glob'?"),
        ({"query": {"a": {"regexp": "X"}}}, "where: query a: unknown condition 'regexp'. Did you mean 'regex'?"),
        (
            {"body": {"a": {"glob": "X*", "regex": "^X"}}},
            "where: body a: a condition is one of equals, glob, regex, absent, schema, not glob and regex;"
            " for the object itself write {equals: {…}}",
        ),
        ({"body": {"/a~2b": 1}}, "where: body /a~2b: invalid JSON pointer: write ~0 for ~, and ~1 for / in a name"),
        ({"status": {"schema": 1}}, "where: status: schema: expected an object or a boolean"),
        ({"body": {"": {"schema": {"type": "strin"}}}}, "where: body: invalid: "),
        ({"body": {"": {"schema": {"$ref": "http://example.com/a"}}}}, "where: body: invalid: "),
    ],
)
def test_an_invalid_condition_is_refused(where: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        where_of(where)
    assert str(caught.value).startswith(sentence)


def test_a_hostile_pattern_takes_linear_time() -> None:
    # Python's re would take years.
    assert nearness({"body": {"name": {"regex": "^(a+)+$"}}}, {"name": "a" * 5000 + "b"}) != []
