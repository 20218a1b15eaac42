"""dbt Core artifacts, and the entities whose tests fail."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest

from tests.conftest import EmulatorUnderTest

DBT = "8c0f3d7e-41b5-4f0a-9a66-2d9b1e4c5f70"
CUSTOM = "d31e59c7-cd52-4398-9d6e-da313a7b7775"
EXTRACTED = {"message": "Successfully ran extraction for dbt"}


def manifest(nodes: dict[str, Any]) -> bytes:
    """Return what dbt 1.10 writes, as far as it matters here."""
    version = "https://schemas.getdbt.com/dbt/manifest/v12.json"
    return json.dumps({"metadata": {"dbt_schema_version": version}, "nodes": nodes, "macros": {}}).encode()


def run_results(statuses: dict[str, str]) -> bytes:
    version = "https://schemas.getdbt.com/dbt/run-results/v6.json"
    results = [{"unique_id": name, "status": status, "execution_time": 0.25} for name, status in statuses.items()]
    return json.dumps({"metadata": {"dbt_schema_version": version}, "results": results}).encode()


def generic(model: str, *others: str) -> dict[str, Any]:
    """Return the node of a test of a column of `model`."""
    return {"attached_node": model, "column_name": "id", "depends_on": {"macros": [], "nodes": [*others, model]}}


def singular(*models: str) -> dict[str, Any]:
    """Return the node of a test that is a query of its own."""
    return {"attached_node": None, "depends_on": {"macros": [], "nodes": list(models)}}


MANIFEST = manifest(
    {
        "model.toy.customers": {"unique_id": "model.toy.customers", "raw_code": "select 1"},
        "test.toy.unique_customers_id.1": generic("model.toy.customers"),
        "test.toy.not_null_customers_name.2": generic("model.toy.customers"),
        "test.toy.relationships_orders.3": generic("model.toy.orders", "model.toy.customers"),
        "test.toy.unique_fine_id.4": generic("model.toy.fine"),
        "test.toy.both": singular("model.toy.orders", "model.toy.payments"),
    }
)
FAILED = {
    "model.toy.customers": "success",
    "test.toy.not_null_customers_name.2": "warn",
    "test.toy.unique_customers_id.1": "fail",
    "test.toy.relationships_orders.3": "warn",
    "test.toy.unique_fine_id.4": "pass",
}


def path(what: str, id: str = DBT) -> str:
    return f"/integration/dbt/{id}/{what}/"


def upload(emulator: EmulatorUnderTest, manifest: bytes, results: bytes, id: str = DBT) -> httpx.Response:
    files = {"run_results": ("run_results.json", results), "manifest": ("manifest.json", manifest)}
    return emulator.call("secoda", "POST", path("upload_artifacts", id), files=files)


def trigger(emulator: EmulatorUnderTest, id: str = DBT) -> None:
    reply = emulator.call("secoda", "POST", path("trigger", id))
    assert (reply.status_code, reply.content) == (200, b"")


def failing_tests(emulator: EmulatorUnderTest, id: str = DBT) -> Any:
    reply = emulator.call("secoda", "GET", path("failing_tests", id))
    assert reply.status_code == 200
    return reply.json()


def ids(*names: str, of: str = DBT) -> list[str]:
    return [str(uuid5(UUID(of), f"model.toy.{name}")) for name in names]


def last_sync(emulator: EmulatorUnderTest) -> dict[str, Any]:
    return emulator.records("secoda.syncs")[-1]


def test_failing_tests_change_with_the_trigger_not_with_the_upload(emulator: EmulatorUnderTest) -> None:
    before = failing_tests(emulator)
    assert upload(emulator, MANIFEST, run_results(FAILED)).content == b""
    assert failing_tests(emulator) == before
    trigger(emulator)
    assert failing_tests(emulator) == {"warning": ids("orders"), "failing": ids("customers")}
    assert (last_sync(emulator)["kind"], last_sync(emulator)["status"]) == ("dbt", "succeeded")


@pytest.mark.parametrize(
    ("statuses", "warning", "failing"),
    [
        ({"test.toy.unique_fine_id.4": "fail"}, [], ["fine"]),
        ({"test.toy.unique_fine_id.4": "error"}, [], ["fine"]),
        ({"test.toy.unique_fine_id.4": "warn"}, ["fine"], []),
        ({"test.toy.unique_fine_id.4": "pass"}, [], []),
        ({"test.toy.unique_fine_id.4": "skipped"}, [], []),
        ({"test.toy.both": "fail"}, [], ["orders", "payments"]),
        ({"test.toy.both": "fail", "test.toy.relationships_orders.3": "warn"}, [], ["orders", "payments"]),
        ({"test.toy.both": "warn", "test.toy.relationships_orders.3": "fail"}, ["payments"], ["orders"]),
        ({"model.toy.customers": "error"}, [], []),
    ],
)
def test_results_of_tests_say_which_entities_fail(
    emulator: EmulatorUnderTest, statuses: dict[str, str], warning: list[str], failing: list[str]
) -> None:
    upload(emulator, MANIFEST, run_results(statuses))
    trigger(emulator)
    assert failing_tests(emulator) == {"warning": ids(*warning), "failing": ids(*failing)}


def test_before_any_sync_both_lists_are_empty(emulator: EmulatorUnderTest) -> None:
    created = emulator.call("secoda", "POST", "/integration/integrations", json={"type": "dbt"}).json()
    assert failing_tests(emulator, created["id"]) == {"warning": [], "failing": []}


def test_a_trigger_without_artifacts_fails_the_sync_and_changes_nothing(emulator: EmulatorUnderTest) -> None:
    before = failing_tests(emulator)
    trigger(emulator)
    assert failing_tests(emulator) == before
    assert last_sync(emulator)["status"] == "failed"
    assert last_sync(emulator)["errors"][0]["message"] == "No artifacts were uploaded."


def test_a_result_whose_test_is_not_in_the_manifest_is_warned_of(emulator: EmulatorUnderTest) -> None:
    upload(emulator, manifest({}), run_results(FAILED))
    trigger(emulator)
    assert failing_tests(emulator) == {"warning": [], "failing": []}
    assert (last_sync(emulator)["status"], last_sync(emulator)["warning_count"]) == ("succeeded", 3)


NO_ARTIFACTS = [
    (b"[]", b"{}", ["These are not dbt run results.", "This is not a dbt manifest."]),
    (MANIFEST, run_results({})[:-20], ["This is not JSON."]),
    (run_results({}), MANIFEST, ["These are not dbt run results.", "This is not a dbt manifest."]),
    (b"\x1f\x8b\x08 zipped", run_results({}), ["This is not JSON."]),
]


@pytest.mark.parametrize(("manifest_file", "results_file", "messages"), NO_ARTIFACTS)
def test_files_that_are_not_dbts_fail_the_next_sync(
    emulator: EmulatorUnderTest, manifest_file: bytes, results_file: bytes, messages: list[str]
) -> None:
    before = failing_tests(emulator)
    assert upload(emulator, manifest_file, results_file).status_code == 200
    trigger(emulator)
    assert last_sync(emulator)["status"] == "failed"
    assert [error["message"] for error in last_sync(emulator)["errors"]] == messages
    assert failing_tests(emulator) == before


@pytest.mark.parametrize(("manifest_file", "results_file", "messages"), NO_ARTIFACTS)
def test_files_that_are_not_dbts_are_refused_if_the_switch_says_so(
    emulator: EmulatorUnderTest, manifest_file: bytes, results_file: bytes, messages: list[str]
) -> None:
    emulator.switch("secoda.bad_rows", "refused")
    reply = upload(emulator, manifest_file, results_file)
    assert reply.status_code == 400
    words = [sentence for sentences in reply.json().values() for sentence in sentences]
    assert [sentence.partition(".json: ")[2] for sentence in words] == messages
    assert emulator.records("secoda.dbt_artifacts") == []


def test_odd_values_in_artifacts_are_passed_over(emulator: EmulatorUnderTest) -> None:
    nodes = {
        "test.toy.a": None,
        "test.toy.b": {"depends_on": None},
        "test.toy.c": {"depends_on": {"nodes": [1, "model.toy.fine"]}},
    }
    version = b'{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json"}'
    results = version + b', "results": [1, {}, {"unique_id": 5}, {"unique_id": "test.toy.c", "status": "fail"}]}'
    upload(emulator, manifest(nodes), results)
    trigger(emulator)
    assert failing_tests(emulator) == {"warning": [], "failing": ids("fine")}


@pytest.mark.parametrize("field", ["integration", "integration_id"])
@pytest.mark.parametrize("results_path", ["run_result", "run_results"])
def test_the_older_uploads_extract_at_once(emulator: EmulatorUnderTest, field: str, results_path: str) -> None:
    for name, part, content in (
        ("manifest", "manifest_file", MANIFEST),
        (results_path, "run_result_file", run_results(FAILED)),
    ):
        reply = emulator.call("secoda", "POST", f"/integration/dbt/{name}/", files={part: content}, data={field: DBT})
        assert (reply.status_code, reply.json()) == (200, EXTRACTED)
        assert last_sync(emulator)["kind"] == "dbt"
    assert failing_tests(emulator) == {"warning": ids("orders"), "failing": ids("customers")}


def test_an_older_upload_of_something_else_keeps_what_was_extracted(emulator: EmulatorUnderTest) -> None:
    before = failing_tests(emulator)
    options: dict[str, Any] = {"files": {"manifest_file": b"no"}, "data": {"integration": DBT}}
    assert emulator.call("secoda", "POST", "/integration/dbt/manifest/", **options).status_code == 200
    assert (last_sync(emulator)["status"], failing_tests(emulator)) == ("failed", before)
    emulator.switch("secoda.bad_rows", "refused")
    assert emulator.call("secoda", "POST", "/integration/dbt/manifest/", **options).status_code == 400


def test_dbt_operations_work_on_any_type_unless_the_switch_says_otherwise(emulator: EmulatorUnderTest) -> None:
    upload(emulator, MANIFEST, run_results(FAILED), CUSTOM)
    trigger(emulator, CUSTOM)
    assert failing_tests(emulator, CUSTOM)["failing"] == ids("customers", of=CUSTOM)
    emulator.switch("secoda.dbt_on_other_types", "not_found")
    assert upload(emulator, MANIFEST, run_results(FAILED), CUSTOM).status_code == 404
    assert emulator.call("secoda", "POST", path("trigger", CUSTOM)).status_code == 404
    assert emulator.call("secoda", "GET", path("failing_tests", CUSTOM)).status_code == 404
    assert failing_tests(emulator)["failing"]
