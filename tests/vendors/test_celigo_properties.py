"""Properties of Celigo's integrations, for any values."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.vendors.celigo.projection import Projection
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_celigo_integrations import PLAIN, SHOP, get

CONNECTIONS = [f"5fc5de876cfe5b44bb95dd0{number}" for number in range(1, 7)]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner), max_leaves=5
)
objects = st.dictionaries(texts, values, max_size=3)
groupings = st.lists(
    st.fixed_dictionaries(
        {"name": texts.filter(bool), "_id": st.from_regex("[0-9a-f]{24}", fullmatch=True)},
        optional={"settings": values},
    ),
    max_size=3,
)
written = st.fixed_dictionaries(
    {"name": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)},
    optional={
        "description": texts,
        "readme": texts,
        "settings": values.filter(lambda value: value is not None),
        "version": texts,
        "tag": texts,
        "updateInProgress": st.booleans(),
        "preSave": objects,
        "hooks": objects,
        "flowGroupings": groupings,
        "apiGroupings": groupings,
    },
)
pointers = st.one_of(
    st.sampled_from(["/settings", "/version", "/tag", "/updateInProgress", "/aliases", "/flowGroupings/0/settings"]),
    st.sampled_from(
        [
            "/name",
            "/mode",
            "/_id",
            "/flowGroupings",
            "/apiGroupings",
            "/flowGroupings/0/name",
            "/installSteps/0",
            "",
            "/",
        ]
    ),
    st.builds(lambda steps: "/settings/" + "/".join(steps), st.lists(texts, max_size=2)),
    st.sampled_from(["/settings/shop", "/settings/currencies/0", "/settings/currencies/-", "/aliases/0/alias"]),
    texts,
)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": pointers},
    optional={"value": values, "from": pointers},
)
DOCUMENTED = {
    *("settings", "version", "tag", "updateInProgress", "aliases", "flowGroupings", "apiGroupings"),
    *("lastModified", "lastModifiedBy"),
}

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def as_doubles(document: Any) -> Any:
    """Return a document with every number a double: JavaScript has no others."""
    return json.loads(json.dumps(document), parse_int=float)


@quick
@given(document=written)
def test_what_is_put_is_what_is_got(emulator: EmulatorUnderTest, document: dict[str, Any]) -> None:
    response = emulator.call("celigo", "PUT", f"/integrations/{PLAIN}", json=document)
    assert response.status_code == 200, response.text
    read = get(emulator, PLAIN)
    assert read == response.json()
    assert as_doubles({name: read[name] for name in document}) == as_doubles(document)
    empty = {"install", "installSteps", "uninstallSteps", "flowGroupings", "_registeredConnectionIds"}
    kept = {"_id", "lastModified", "lastModifiedBy", "sandbox", "createdAt"}
    assert read.keys() == document.keys() | empty | kept
    assert emulator.call("celigo", "PUT", f"/integrations/{PLAIN}", json=read).status_code == 200


@quick
@given(patch=st.lists(operations, max_size=4))
def test_a_patch_changes_documented_fields_and_all_or_nothing(
    emulator: EmulatorUnderTest, patch: list[dict[str, Any]]
) -> None:
    before = get(emulator, SHOP)
    response = emulator.call("celigo", "PATCH", f"/integrations/{SHOP}", json=patch)
    after = get(emulator, SHOP)
    if response.status_code == 422:
        assert after == before
        return
    assert response.status_code == 204
    changed = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    assert changed <= DOCUMENTED
    if any("/flowGroupings" in (operation["path"], operation.get("from")) for operation in patch):
        return
    strip = [{name: group[name] for name in group if name != "settings"} for group in after["flowGroupings"]]
    assert strip == [{name: group[name] for name in group if name != "settings"} for group in before["flowGroupings"]]


@quick
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["register", "unregister"]), st.lists(st.sampled_from(CONNECTIONS), max_size=3)),
        max_size=5,
    )
)
def test_registered_connections_are_a_set(emulator: EmulatorUnderTest, steps: list[tuple[str, list[str]]]) -> None:
    path = f"/integrations/{PLAIN}/connections"
    expected = set(get(emulator, PLAIN)["_registeredConnectionIds"])
    for step, ids in steps:
        if step == "register":
            assert emulator.call("celigo", "PUT", f"{path}/register", json=ids).status_code == 200
            expected |= set(ids)
        else:
            for id in ids:
                assert emulator.call("celigo", "DELETE", f"{path}/{id}/register").status_code == 204
            expected -= set(ids)
    registered = get(emulator, PLAIN)["_registeredConnectionIds"]
    assert len(registered) == len(expected)
    assert set(registered) == expected
    listed = emulator.call("celigo", "GET", path).json()
    assert [connection["_id"] for connection in listed] == registered


@given(record=st.dictionaries(texts, values), name=texts)
def test_including_and_excluding_a_field_divide_a_record(record: dict[str, Any], name: str) -> None:
    record = {**record, "_id": "1", "name": "n"}
    included = Projection({name: {}}, {}).apply(record)
    excluded = Projection({}, {name: {}}).apply(record)
    assert {**excluded, **included} == record
    assert included.keys() - {"_id", "name", "adaptorType"} <= {name}


@quick
@given(limit=st.integers(1, 7))
def test_pages_put_together_are_the_list(emulator: EmulatorUnderTest, limit: int) -> None:
    path = f"/integrations/{SHOP}/audit"
    whole = emulator.call("celigo", "GET", path).json()
    seen: list[dict[str, Any]] = []
    page = emulator.call("celigo", "GET", f"{path}?limit={limit}")
    seen += page.json()
    while "next" in page.links:
        page = emulator.call("celigo", "GET", path + "?" + page.links["next"]["url"].partition("?")[2])
        seen += page.json()
    assert seen == whole
