"""dbt's artifacts, well-formed, odd and hostile: read as dbt writes them, and never for more than a file costs."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.vendors.secoda import artifacts, json_members
from emulator.vendors.secoda.json_members import JsonMembers, UnreadableJson
from tests.conftest import EmulatorUnderTest
from tests.vendors.test_secoda_dbt import (
    DBT,
    MANIFEST,
    failing_tests,
    generic,
    ids,
    last_sync,
    manifest,
    run_results,
    singular,
    trigger,
    upload,
)

HEAD = b'{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": {'
TEST = b'"test.toy.a": {"attached_node": "model.toy.fine"}'
TAIL = b"}}"
FAILED = {"test.toy.a": "fail"}


def with_member(member: bytes) -> bytes:
    """Return a manifest with the failing test's node, and one member more."""
    return HEAD + TEST + b', "model.toy.odd": ' + member + TAIL


WHAT_DBT_WRITES = {
    "NaN": with_member(b'{"meta": {"x": NaN, "y": [Infinity, -Infinity]}}'),
    "a byte order mark": b"\xef\xbb\xbf" + with_member(b"{}"),
    "a number beyond a float": with_member(b'{"x": 1e9999999999999999999}'),
    "a whole number of 4300 digits": with_member(b'{"x": ' + b"9" * 4300 + b"}"),
    "a lone surrogate": with_member(b'{"description": "\\ud800"}'),
    "a test with a lone surrogate in its name": HEAD
    + TEST
    + b', "test.toy.\\ud800": {"attached_node": "\\udfff"}'
    + TAIL,
    "a hundred levels": with_member(b"[" * 98 + b"]" * 98),
}


@pytest.mark.parametrize("file", WHAT_DBT_WRITES.values(), ids=WHAT_DBT_WRITES)
def test_a_manifest_is_read_as_pythons_json_module_does(emulator: EmulatorUnderTest, file: bytes) -> None:
    upload(emulator, file, run_results(FAILED))
    trigger(emulator)
    assert failing_tests(emulator) == {"warning": [], "failing": ids("fine")}
    assert last_sync(emulator)["status"] == "succeeded"


NO_JSON = "This is not JSON."
LONG = f"A value of the file is longer than {json_members.PIECE_BYTES} bytes."
DEEP = "This is nested deeper than 100 levels."
UNREADABLE = {
    "a whole number of 4301 digits": (
        with_member(b'{"x": ' + b"9" * 4301 + b"}"),
        "A whole number has more than 4300 digits.",
    ),
    "a hundred and one levels": (with_member(b"[" * 99 + b"]" * 99), DEEP),
    "200,000 levels": (with_member(b"[" * 200_000), DEEP),
    "200,000 levels of objects": (with_member(b'{"a":' * 200_000), DEEP),
    "an endless string": (with_member(b'"' + b"x" * 5_000_000), LONG),
    "endless backslashes": (with_member(b'"' + b"\\" * 5_000_000), LONG),
    "endless elements": (with_member(b"[" + b"1," * 2_500_000), LONG),
    "an endless outline": (b'{"a": "' + b"x" * 5_000_000, LONG),
    "more closed than opened": (HEAD + TAIL + b"}", NO_JSON),
    "brackets that do not match": (HEAD + b'"a": {"b": 1]}' + TAIL, NO_JSON),
    "no comma": (HEAD + TEST + b' "b": {}' + TAIL, NO_JSON),
    "a comma too many": (HEAD + TEST + b"," + TAIL, NO_JSON),
    "bytes that are not UTF-8": (with_member(b'"\xff"'), NO_JSON),
    "a file cut short": (HEAD + TEST, NO_JSON),
    "a file cut short inside an escape": (HEAD + b'"\\', NO_JSON),
    "two documents": (with_member(b"{}") * 2, NO_JSON),
}


@pytest.mark.parametrize(("file", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_the_files_error_on_the_sync(
    emulator: EmulatorUnderTest, file: bytes, message: str
) -> None:
    before = failing_tests(emulator)
    assert upload(emulator, file, run_results(FAILED)).status_code == 200
    trigger(emulator)
    sync = last_sync(emulator)
    assert (sync["status"], sync["error_count"]) == ("failed", 1)
    assert (sync["errors"][0]["part"], sync["errors"][0]["message"]) == ("manifest", message)
    assert failing_tests(emulator) == before


@pytest.mark.parametrize("file", [entry for entry, _ in UNREADABLE.values()], ids=UNREADABLE)
def test_a_file_costs_no_more_memory_than_one_value_of_it(file: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(UnreadableJson):
        for _ in JsonMembers(io.BytesIO(file), 100).blocks():
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * json_members.PIECE_BYTES


@pytest.mark.parametrize("results", [b'["fail"]', b"{}", b"[]", b"null", b"1", b"NaN", b'"passed"'])
def test_a_result_with_an_invalid_status_does_not_count(emulator: EmulatorUnderTest, results: bytes) -> None:
    head, _, tail = run_results({"test.toy.a": "?", "test.toy.unique_customers_id.1": "fail"}).partition(b'"?"')
    upload(emulator, MANIFEST, head + results + tail)
    trigger(emulator)
    assert (last_sync(emulator)["status"], last_sync(emulator)["warnings"]) == ("succeeded", [])
    assert failing_tests(emulator) == {"warning": [], "failing": ids("customers")}


@pytest.mark.parametrize("limit", ["MOST_NAMES", "MOST_BYTES"])
def test_more_tests_than_are_kept_are_the_files_error(
    emulator: EmulatorUnderTest, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, limit, 10)
    nodes = {f"test.toy.{number}": singular("model.toy.a", "model.toy.b") for number in range(4)}
    upload(emulator, manifest(nodes), run_results(dict.fromkeys(nodes, "fail")))
    trigger(emulator)
    assert last_sync(emulator)["status"] == "failed"
    assert "The tests name more than" in last_sync(emulator)["errors"][-1]["message"]


UNIT_TEST = "unit_test.toy.orders.totals_add_up"


def with_unit_test() -> bytes:
    """Return what dbt 1.8 writes: unit tests are beside the nodes."""
    document = json.loads(manifest({"test.toy.a": generic("model.toy.fine")}))
    depends_on = {"macros": [], "nodes": ["model.toy.orders"]}
    document["unit_tests"] = {UNIT_TEST: {"model": "orders", "depends_on": depends_on, "given": []}}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("choice", "failing", "words"),
    [
        ("counted", ["orders"], "it counts against what it depends on"),
        ("ignored", [], "it does not count"),
    ],
)
def test_a_failing_unit_test_is_noted_and_counts_if_the_switch_says_so(
    emulator: EmulatorUnderTest, choice: str, failing: list[str], words: str
) -> None:
    emulator.switch("secoda.dbt_unit_tests", choice)
    upload(emulator, with_unit_test(), run_results({UNIT_TEST: "fail", "test.toy.a": "warn"}))
    trigger(emulator)
    assert failing_tests(emulator) == {"warning": ids("fine"), "failing": ids(*failing)}
    (warning,) = last_sync(emulator)["warnings"]
    assert warning["message"] == f"{UNIT_TEST} is a unit test: {words} (switch dbt_unit_tests)."


def test_the_older_uploads_bear_hostile_files_too(emulator: EmulatorUnderTest) -> None:
    for path, name in (("manifest", "manifest_file"), ("run_result", "run_result_file")):
        options: dict[str, Any] = {"files": {name: b"[" * 200_000}, "data": {"integration": DBT}}
        assert emulator.call("secoda", "POST", f"/integration/dbt/{path}/", **options).status_code == 200
        assert [error["message"] for error in last_sync(emulator)["errors"]] == [DEEP]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(alphabet='a"\\{}[],:é \u2028', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet='k"\\{', min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(
    document=st.dictionaries(st.sampled_from(["metadata", "nodes", "results", "{}"]), VALUES, max_size=4),
    block=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    cut=st.integers(0, 60) | st.none(),
)
def test_the_pieces_together_are_what_the_file_holds(
    document: dict[str, Any], block: int, indent: int | None, cut: int | None
) -> None:
    """It is read in blocks of any size; a file cut short anywhere is refused, as by the json module."""
    file = json.dumps(document, indent=indent).encode()[:cut]
    former, json_members.BLOCK = json_members.BLOCK, block
    try:
        found = put_together(file)
    except UnreadableJson:
        found = None
    finally:
        json_members.BLOCK = former
    assert found == expected_of(file)


def put_together(file: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pieces in JsonMembers(io.BytesIO(file), 100).blocks():
        for name, members in pieces:
            if isinstance(members, dict):
                found[name] = found.get(name, {}) | members
            else:
                found[name] = found.get(name, []) + members
    return found


def expected_of(file: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(file)
    except ValueError:
        return None
    return {name: value for name, value in document.items() if isinstance(value, dict | list)}
