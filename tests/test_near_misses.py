"""The operations that a call nearly matched, and what differed."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.catalogue import Catalogue
from emulator.contract import near_misses as near_misses_module
from emulator.contract.near_misses import near_misses
from emulator.contract.routes import Routes

THINGS = (
    ("listThings", "GET", "/things"),
    ("createThing", "POST", "/things"),
    ("getThing", "GET", "/things/{id}"),
    ("shareThing", "PUT", "/things/{id}/shares/{user}/confirm"),
    ("getRoot", "GET", "/folder/"),
)


def contract(
    operations: Sequence[tuple[str, str, str]] = THINGS, mounts: tuple[str, ...] = ("/api/v1",), slash: str = "refused"
) -> Any:
    """Return a made-up contract of (name, method, path)."""
    made = {
        name: SimpleNamespace(name=name, method=method, path=path, root="", routes=[(path, {})])
        for name, method, path in operations
    }
    return SimpleNamespace(operations=made, mounts=mounts, conventions=SimpleNamespace(trailing_slash=slash))


SHARE = "did you mean PUT /api/v1/things/{id}/shares/{user}/confirm?"
CREATE = "did you mean POST /api/v1/things?"


@pytest.mark.parametrize(
    ("method", "path", "nearest", "sentence"),
    [
        ("DELETE", "/api/v1/things", "listThings", "did you mean GET /api/v1/things? (DELETE → GET)"),
        ("GET", "/api/v1/thing", "listThings", "did you mean GET /api/v1/things? ('thing' → 'things')"),
        ("GET", "/api/v1/Things", "listThings", "did you mean GET /api/v1/things? ('Things' → 'things')"),
        ("GET", "/api/v1/thing/7", "getThing", "did you mean GET /api/v1/things/{id}? ('thing' → 'things')"),
        ("HEAD", "/api/v1/thing", "listThings", "did you mean GET /api/v1/things? ('thing' → 'things')"),
        ("GET", "/api/v2/things", "listThings", "did you mean GET /api/v1/things? ('v2' → 'v1')"),
        ("GET", "/things", "listThings", "did you mean GET /api/v1/things? (add '/api/v1' at the start)"),
        ("GET", "/v1/things", "listThings", "did you mean GET /api/v1/things? (add '/api' at the start)"),
        ("GET", "/x/api/v1/things", "listThings", "did you mean GET /api/v1/things? (remove '/x')"),
        ("GET", "/api/v1/x/y/things", "listThings", "did you mean GET /api/v1/things? (remove '/x/y')"),
        ("GET", "/api/v1/things/", "listThings", "did you mean GET /api/v1/things? (remove the trailing slash)"),
        ("GET", "/api/v1/folder", "getRoot", "did you mean GET /api/v1/folder/? (add the trailing slash)"),
        ("PUT", "/api/v1/things/7/shares/confirm", "shareThing", f"{SHARE} (add '/{{user}}' after segment 5)"),
        ("PUT", "/api/v1/things/7/shares/u", "shareThing", f"{SHARE} (add '/confirm' at the end)"),
        ("PUT", "/api/v1/things//shares/u/confirm", "shareThing", f"{SHARE} ('' → '{{id}}')"),
        ("POST", "/api/v1/thing/", "createThing", f"{CREATE} ('thing' → 'things'; remove the trailing slash)"),
        (
            "PATCH",
            "/things/7/shares/u",
            "shareThing",
            f"{SHARE} (PATCH → PUT; add '/api/v1' at the start; add '/confirm' at the end)",
        ),
    ],
)
def test_the_nearest_operation_says_what_differs(method: str, path: str, nearest: str, sentence: str) -> None:
    first = near_misses(method, path, contract())[0]
    assert (first.operation, first.sentence) == (nearest, sentence)
    assert first.document()["path"].startswith("/api/v1/")


def test_up_to_three_are_named_the_nearest_first() -> None:
    found = near_misses("GET", "/api/v1/thing", contract())
    assert [near.operation for near in found] == ["listThings", "createThing", "getThing"]


def test_each_operation_is_named_once_at_its_nearest_mount() -> None:
    found = near_misses("GET", "/api/v2/thing", contract(THINGS[:1], ("/api/v1", "")))
    assert [(near.path, near.sentence) for near in found] == [
        ("/api/v1/things", "did you mean GET /api/v1/things? ('v2' → 'v1'; 'thing' → 'things')")
    ]


def test_a_matching_operation_is_not_a_near_miss() -> None:
    assert [near.operation for near in near_misses("GET", "/api/v1/things", contract(THINGS[:2]))] == ["createThing"]


def test_an_optional_slash_makes_no_difference() -> None:
    first = near_misses("GET", "/api/v1/thing/", contract(slash="accepted"))[0]
    assert first.sentence == "did you mean GET /api/v1/things? ('thing' → 'things')"


@pytest.mark.parametrize("path", ["/a/b/c/d/e/f", "/" + "things/" * 1000])
def test_what_has_nothing_in_common_names_nothing(path: str) -> None:
    assert near_misses("GET", path, contract()) == ()


def test_a_long_segment_is_shortened() -> None:
    [first, *_] = near_misses("PUT", f"/api/v1/things/7/shares/u/confirm/{'x' * 9000}", contract())
    assert first.sentence == f"{SHARE} (remove '/{'x' * 60}…')"


def test_a_path_that_is_spelled_out_is_named_as_it_is_called(catalogue: Catalogue) -> None:
    [first, *_] = near_misses("POST", "/postgres/handler", catalogue.contracts["immuta"])
    assert first.sentence == "did you mean POST /pg/handler? ('postgres' → 'pg')"


PATHS = st.lists(
    st.sampled_from(["api", "v1", "v2", "integration", "integrations", "graphql", "7", "", "x"]), max_size=7
)


@given(st.sampled_from(["GET", "PATCH"]), PATHS)
def test_whatever_no_operation_of_a_vendor_matches_says_what_differs(
    catalogue: Catalogue, method: str, segments: list[str]
) -> None:
    path = "/" + "/".join(segments)
    for promised in catalogue.contracts.values():
        found = near_misses(method, path, promised)
        route = Routes(promised).find(path)
        assert len(found) <= 3
        assert all(near.sentence for near in found)
        if route is not None and method in route.operations:
            assert route.operations[method].name not in [near.operation for near in found]


def test_a_path_of_many_segments_is_compared_with_nothing(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    celigo = catalogue.contracts["celigo"]
    compare, compared = near_misses_module._compare, []

    def counted(*arguments: Any) -> Any:
        compared.append(arguments)
        return compare(*arguments)

    monkeypatch.setattr(near_misses_module, "_compare", counted)
    near_misses("GET", "/v1/integration/" + "/".join("abcdefghij"), celigo)
    assert len(compared) == len(celigo.operations) * len(celigo.mounts)
    compared.clear()
    near_misses("GET", "/v1/integration/" + "/".join("abcdefghij" * 400), celigo)
    assert compared == []
