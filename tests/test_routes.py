"""Which operation a path means."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator.catalogue import Catalogue
from emulator.contract.openapi import Contract
from emulator.contract.routes import Routes
from emulator.errors import ContractError


def routes(
    operations: Sequence[tuple[str, str, str]],
    mounts: tuple[str, ...] = ("",),
    slash: str = "accepted",
    decoding: str = "segments",
    case: str = "matters",
    undecodable: str = "read",
) -> Routes:
    """Return the routes of a made-up contract of (name, method, path)."""
    made = {
        name: SimpleNamespace(name=name, method=method, path=path, root="", routes=[(path, {})])
        for name, method, path in operations
    }
    contract: Any = SimpleNamespace(
        operations=made,
        mounts=mounts,
        conventions=SimpleNamespace(
            trailing_slash=slash,
            path_decoding=decoding,
            path_case=case,
            undecodable_parameter=undecodable,
        ),
    )
    return Routes(cast(Contract, contract))


def test_a_fixed_segment_wins_over_a_parameter() -> None:
    made = routes([("types", "GET", "/d/types"), ("one", "GET", "/d/{id}")])
    types, one = made.find("/d/types"), made.find("/d/7")
    assert types is not None
    assert one is not None
    assert types.operations["GET"].name == "types"
    assert (one.operations["GET"].name, one.params) == ("one", {"id": "7"})


def test_a_parameter_whose_values_are_routes_takes_no_other_value(catalogue: Catalogue) -> None:
    made = Routes(catalogue.contracts["immuta"])
    kinds = ["athena", "databricks", "pg", "redshift", "snowflake"]
    for kind in kinds:
        found = made.find(f"/{kind}/database/crm/table")
        assert found is not None
        assert (found.operations["GET"].name, found.params) == (
            "listRemoteTables",
            {"handlerType": kind, "database": "crm"},
        )
    assert made.find("/oracle/database/crm/table") is None
    assert made.find("/policy/handler") is None


def test_a_fixed_segment_that_leads_nowhere_falls_back_to_the_parameter() -> None:
    made = routes([("manifest", "POST", "/dbt/manifest"), ("trigger", "POST", "/dbt/{id}/trigger")])
    found = made.find("/dbt/manifest/trigger")
    assert found is not None
    assert found.params == {"id": "manifest"}


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/api/v1/T/graphql", "/api/v1/T"),
        ("/%61pi/v1/T/graphql", "/%61pi/v1/T"),
        ("/api%2Fv1/T/graphql", "/api%2Fv1/T"),
        ("/api/v1/T%2fgraphql", "/api/v1/T"),
    ],
)
def test_the_mount_is_as_the_caller_spelled_it_with_encoded_slashes_where_they_are_slashes(
    path: str, mount: str
) -> None:
    found = routes([("run", "POST", "/graphql")], mounts=("/api/v1/{token}",), decoding="whole").find(path)
    assert found is not None
    assert found.mount == mount


def test_parameters_are_decoded_and_an_encoded_slash_stays_inside_its_segment() -> None:
    found = routes([("one", "GET", "/d/{id}")]).find("/d/a%2Fb%20c")
    assert found is not None
    assert found.params == {"id": "a/b c"}


@pytest.mark.parametrize(
    ("decoding", "path", "params"),
    [
        ("whole", "/%64/x", {"id": "x"}),
        ("segments", "/%64/x", {"id": "x"}),
        ("none", "/%64/x", None),
        ("whole", "/d%2Fx", {"id": "x"}),
        ("segments", "/d%2Fx", None),
        ("whole", "/d/a%2Fb", None),
        ("none", "/d/a%2Fb", {"id": "a/b"}),
        ("whole", "/d/a%252Fb", {"id": "a%2Fb"}),
        ("segments", "/d/a%252Fb", {"id": "a%2Fb"}),
    ],
)
def test_a_path_is_decoded_as_the_vendors_framework_does(
    decoding: str, path: str, params: dict[str, str] | None
) -> None:
    found = routes([("one", "GET", "/d/{id}")], decoding=decoding).find(path)
    assert (found.params if found else None) == params


@pytest.mark.parametrize(("case", "found"), [("ignored", True), ("matters", False)])
def test_case_is_ignored_in_fixed_segments_where_the_contract_says_so(case: str, found: bool) -> None:
    made = routes([("one", "GET", "/Things/{id}/parts")], mounts=("/v1",), case=case)
    assert made.find("/v1/Things/Ab/parts") is not None
    route = made.find("/V1/tHINGS/Ab/Parts")
    assert (route is not None) is found
    if route is not None:
        assert (route.params, route.mount) == ({"id": "Ab"}, "/V1")


@pytest.mark.parametrize(("path", "actual"), [("/d/%zz", "%zz"), ("/d/a%2", "a%2"), ("/d/%25%ff", "%25%ff")])
def test_a_parameter_that_does_not_decode_is_a_violation_where_it_is_refused(path: str, actual: str) -> None:
    refusing = routes([("one", "GET", "/d/{id}")], undecodable="refused").find(path)
    reading = routes([("one", "GET", "/d/{id}")]).find(path)
    assert refusing is not None
    assert [(found.place, found.pointer, found.actual) for found in refusing.violations] == [("path", "/id", actual)]
    assert reading is not None
    assert reading.violations == ()


@pytest.mark.parametrize("path", ["/d/%25zz", "/d/%C3%a9", "/d/plain", "/d/a%2Fb"])
def test_a_decodable_parameter_is_not_a_violation(path: str) -> None:
    found = routes([("one", "GET", "/d/{id}")], undecodable="refused").find(path)
    assert found is not None
    assert found.violations == ()


@pytest.mark.parametrize("path", ["", "/"])
def test_the_root_is_not_an_operation(path: str) -> None:
    assert routes([("one", "GET", "/d/{id}")]).find(path) is None


def test_an_empty_segment_is_not_a_parameter() -> None:
    made = routes([("one", "GET", "/d/{id}/x")])
    assert made.find("/d//x") is None


@pytest.mark.parametrize(("slash", "found"), [("accepted", True), ("refused", False)])
def test_trailing_slash_is_as_the_contract_says(slash: str, found: bool) -> None:
    made = routes([("list", "GET", "/things")], slash=slash)
    assert (made.find("/things/") is not None) is found
    assert made.find("/things") is not None
    assert made.find("/things//") is None


def test_mount_is_what_the_caller_spelled() -> None:
    made = routes([("list", "GET", "/graphql")], mounts=("/api/v1/{company}", ""))
    long, short = made.find("/api/v1/acme/graphql"), made.find("/graphql")
    assert long is not None
    assert short is not None
    assert (long.mount, short.mount) == ("/api/v1/acme", "")


def test_two_operations_on_one_path_and_method_are_refused() -> None:
    with pytest.raises(ContractError, match="GET /a/ is both one and two"):
        routes([("one", "GET", "/a"), ("two", "GET", "/a/")])


def test_a_path_that_names_its_parameter_differently_is_refused() -> None:
    with pytest.raises(ContractError, match="names its parameters"):
        routes([("one", "GET", "/{a}"), ("two", "PUT", "/{b}")])


def test_every_operation_is_found_at_every_mount(catalogue: Catalogue) -> None:
    for contract in catalogue.contracts.values():
        made = Routes(contract)
        for operation in contract.operations.values():
            for mount in contract.mounts if not operation.root else ():
                path, _ = next(iter(operation.routes))
                found = made.find((mount + path).replace("{", "").replace("}", ""))
                assert found is not None
                assert found.operations[operation.method] is operation
