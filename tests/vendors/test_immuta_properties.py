"""Properties of Immuta's dictionaries, for any values."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.vendors.immuta.dictionaries import types_of
from tests.conftest import EmulatorUnderTest

KNOWN = {"name", "dataType", "remoteType", "nullable", "remoteColumn", "tags"}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner), max_leaves=5
)
names = texts.filter(bool)


@st.composite
def columns(draw: st.DrawFn) -> dict[str, Any]:
    unknown = draw(st.dictionaries(texts.filter(lambda key: key not in KNOWN), values, max_size=3))
    data_type = draw(st.sampled_from(["text", "integer", "json", "date"]) | names)
    return {"name": draw(names), "dataType": data_type, "remoteType": draw(names), **unknown}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(metadata=st.lists(columns(), max_size=6))
def test_columns_are_returned_as_sent_and_types_follow_them(
    emulator: EmulatorUnderTest, metadata: list[dict[str, Any]]
) -> None:
    emulator.switch("immuta.column_nullable", "as_stored")
    written = emulator.call("immuta", "POST", "/dictionary/3", json={"metadata": metadata})
    assert written.status_code == 200
    read = emulator.call("immuta", "GET", "/dictionary/3").json()
    assert read == written.json()
    assert in_doubles(read["metadata"]) == in_doubles(metadata)
    assert read["types"] == types_of(metadata)


def in_doubles(document: Any) -> Any:
    """Return a document with each number as a double, as JavaScript reads it."""
    return json.loads(json.dumps(document), parse_int=float)


@given(metadata=st.lists(st.builds(lambda name: {"dataType": name}, st.sampled_from("abcde"))))
def test_types_are_distinct_complete_and_in_order_of_first_appearance(metadata: list[dict[str, Any]]) -> None:
    types = types_of(metadata)
    positions = [next(at for at, column in enumerate(metadata) if column["dataType"] == name) for name in types]
    assert positions == sorted(set(positions))
    assert set(types) == {column["dataType"] for column in metadata}
