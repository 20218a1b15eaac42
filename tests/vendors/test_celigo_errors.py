"""Celigo's response to everything that can be wrong with a call, for every operation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from emulator.exchange import Call
from emulator.vendors.celigo.dialect import CeligoDialect
from tests.conftest import EmulatorUnderTest

PLAIN = "/integrations/5fc5e0e66cfe5b44bb95de70"
INSTALLING = "/integrations/57974ed227a82a3475cecb15"
UNINSTALLING = "/integrations/5ee0b8a1d2f34b5c6d7e8f90"
CONNECTION = "5fc5de876cfe5b44bb95dd06"
FLOW = "/flows/5fc5e1346cfe5b44bb95df11"
SCRIPT = "/scripts/5fd0a1b2c3d4e5f60718293b"
EXPORT = "/exports/61b2c3d4e5f60718293a4b5c"
IMPORT = "/imports/61b2c3d4e5f60718293a4b5d"
ASHARE = "/ashares/6798f4dc43db9184f4bc8ee2"
STEP = "/flows/5fc5e1346cfe5b44bb95df12/5fc5e1226cfe5b44bb95dea2"
"""An import of a flow, with errors."""
JOB = "/jobs/65c276300000000000000301"
RECORD = f"/connections/{CONNECTION}"
VIRTUAL = "/connections/ping"
UNKNOWN = "0123456789abcdef01234567"


@dataclass(frozen=True)
class Sound:
    """A valid call, and its reply; `body` None where the operation takes none."""

    method: str
    path: str
    status: int = 200
    body: Any = None
    needs_body: bool = False


CALLS = {
    "getTokenInfo": Sound("GET", "/tokenInfo"),
    "listIntegrations": Sound("GET", "/integrations"),
    "createIntegration": Sound("POST", "/integrations", 201, {"name": "New"}, True),
    "getIntegration": Sound("GET", PLAIN),
    "updateIntegration": Sound("PUT", PLAIN, 200, {"name": "Renamed"}, True),
    "patchIntegration": Sound("PATCH", PLAIN, 204, [{"op": "replace", "path": "/tag", "value": "x"}], True),
    "deleteIntegration": Sound("DELETE", PLAIN, 204),
    "cloneIntegration": Sound("POST", f"{PLAIN}/clone", 201, {"name": "Copy"}),
    "listIntegrationFlows": Sound("GET", f"{PLAIN}/flows"),
    "listIntegrationConnections": Sound("GET", f"{PLAIN}/connections"),
    "registerConnections": Sound("PUT", f"{PLAIN}/connections/register", 200, [CONNECTION], True),
    "registerConnection": Sound("PUT", f"{PLAIN}/connections/{CONNECTION}/register"),
    "unregisterConnection": Sound("DELETE", f"{PLAIN}/connections/{CONNECTION}/register", 204),
    "listIntegrationExports": Sound("GET", f"{PLAIN}/exports"),
    "listIntegrationImports": Sound("GET", f"{PLAIN}/imports"),
    "listIntegrationAshares": Sound("GET", f"{PLAIN}/ashares"),
    "createRevision": Sound("POST", f"{PLAIN}/revisions/create", 201, {"description": "Now"}),
    "listInstallSteps": Sound("GET", f"{INSTALLING}/installSteps", 201),
    "submitInstallStep": Sound("POST", f"{INSTALLING}/installSteps", 200, {"_connectionId": CONNECTION}),
    "listUninstallSteps": Sound("GET", f"{UNINSTALLING}/uninstallSteps"),
    "submitUninstallStep": Sound("POST", f"{UNINSTALLING}/uninstallSteps", 201, {"confirmed": True}),
    "listAuditLog": Sound("GET", f"{PLAIN}/audit"),
    "getTemplate": Sound("GET", f"{PLAIN}/template"),
    "downloadTemplate": Sound("POST", f"{PLAIN}/template"),
    "listDependencies": Sound("GET", f"{PLAIN}/dependencies"),
    "listRevisions": Sound("GET", f"{PLAIN}/revisions"),
    "getRevision": Sound("GET", f"{PLAIN}/revisions/65b0c1d2e3f405162738495a"),
    "listIntegrationErrors": Sound("GET", f"{PLAIN}/errors"),
    "listFlowErrors": Sound("GET", f"{FLOW}/errors"),
    "postPing": Sound("POST", f"/connections/{CONNECTION}/ping"),
    "listAshares": Sound("GET", "/ashares"),
    "getAshare": Sound("GET", ASHARE),
    "updateAshare": Sound("PUT", ASHARE, 204, {"accessLevel": "manage"}, True),
    "deleteAshare": Sound("DELETE", ASHARE, 204),
    "listAccountAuditLog": Sound("GET", "/audit"),
    "listFlows": Sound("GET", "/flows"),
    "createFlow": Sound("POST", "/flows", 201, {"name": "New"}, True),
    "getFlow": Sound("GET", FLOW),
    "updateFlow": Sound("PUT", FLOW, 200, {"name": "Renamed"}, True),
    "deleteFlow": Sound("DELETE", FLOW, 204),
    "patchFlow": Sound("PATCH", FLOW, 204, [{"op": "replace", "path": "/name", "value": "Renamed"}], True),
    "cloneFlow": Sound("POST", f"{FLOW}/clone", 201, {"_integrationId": PLAIN[-24:], "connectionMap": {}}, True),
    "listFlowAuditLog": Sound("GET", f"{FLOW}/audit"),
    "runFlow": Sound("POST", f"{FLOW}/run", 201, {"startDate": "2024-02-01T00:00:00.000Z"}),
    "listLatestFlowJobs": Sound("GET", f"{FLOW}/jobs/latest"),
    "listLatestIntegrationJobs": Sound("GET", f"{PLAIN}/jobs/latest"),
    "listStepErrors": Sound("GET", f"{STEP}/errors"),
    "listResolvedErrors": Sound("GET", f"{STEP}/resolved"),
    "resolveErrors": Sound("PUT", f"{STEP}/resolved", 204, {"errors": ["8471200519"]}, True),
    "retryErrors": Sound("POST", f"{STEP}/retry", 201, {"errorIds": ["8471200519"]}, True),
    # It does not say whose jobs.
    "listJobs": Sound("GET", "/jobs", 400),
    "getJob": Sound("GET", JOB),
    # It has ended.
    "cancelJob": Sound("PUT", f"{JOB}/cancel", 409),
    "listExports": Sound("GET", "/exports"),
    "createExport": Sound("POST", "/exports", 201, {"name": "New"}, True),
    "getExport": Sound("GET", EXPORT),
    "updateExport": Sound("PUT", EXPORT, 200, {"name": "Renamed"}, True),
    "deleteExport": Sound("DELETE", EXPORT, 204),
    "cloneExport": Sound("POST", f"{EXPORT}/clone", 201, {"name": "Copy"}),
    "listImports": Sound("GET", "/imports"),
    "createImport": Sound("POST", "/imports", 201, {"name": "New", "_connectionId": CONNECTION}, True),
    "getImport": Sound("GET", IMPORT),
    "updateImport": Sound("PUT", IMPORT, 200, {"name": "Renamed", "_connectionId": CONNECTION}, True),
    "deleteImport": Sound("DELETE", IMPORT, 204),
    "cloneImport": Sound("POST", f"{IMPORT}/clone", 201, {"name": "Copy"}),
    "listConnections": Sound("GET", "/connections"),
    "createConnection": Sound("POST", "/connections", 201, {"name": "New", "type": "http", "http": {}}, True),
    "getConnection": Sound("GET", f"/connections/{CONNECTION}"),
    "updateConnection": Sound(
        "PUT", f"/connections/{CONNECTION}", 200, {"name": "New", "type": "ftp", "ftp": {}}, True
    ),
    "deleteConnection": Sound("DELETE", f"/connections/{CONNECTION}", 204),
    "pingConnection": Sound("GET", f"/connections/{CONNECTION}/ping"),
    "pingVirtualConnection": Sound("POST", VIRTUAL, 200, {"name": "New", "type": "http", "http": {}}, True),
    "listScripts": Sound("GET", "/scripts"),
    "createScript": Sound("POST", "/scripts", 201, {"name": "New", "content": ""}, True),
    "getScript": Sound("GET", SCRIPT),
    "updateScript": Sound("PUT", SCRIPT, 200, {"name": "Renamed", "content": ""}, True),
    "deleteScript": Sound("DELETE", SCRIPT, 204),
}
"""Every operation but getTemplateFile, which asks for a signature instead of a token."""

WITH_ID = [name for name, call in CALLS.items() if call.path.count("/") > 1 and call.path != VIRTUAL]
WITH_BODY = [name for name, call in CALLS.items() if call.body is not None]
WITHOUT_BODY = [name for name, call in CALLS.items() if call.body is None]


@dataclass(frozen=True)
class Answer:
    """A refusal: its status and its errors."""

    status: int
    errors: tuple[Mapping[str, str], ...]


def refusal(status: int, code: str, message: str, field: str | None = None) -> Answer:
    return Answer(status, ({"code": code, "message": message} | ({"field": field} if field else {}),))


UNAUTHORIZED = refusal(401, "unauthorized", "Unauthorized")
FORBIDDEN = refusal(403, "forbidden", "You do not have permission to perform this action.")
NO_CONNECTION = refusal(404, "not_found", "Connection not found.")
BAD_ID = refusal(422, "invalid_ref", "Please provide a valid _id.")
BAD_CONNECTION_ID = refusal(422, "invalid_ref", "Please provide a valid _connectionId.")
NO_JSON = refusal(415, "unsupported_media_type", "The request body must be application/json.")
MALFORMED = refusal(400, "invalid_json", "The request body is not valid JSON.")
AS_JSON = {"Content-Type": "application/json"}
NO_ARRAY = refusal(400, "invalid_request_body", "The request body must be a JSON array.")
NO_OBJECT = refusal(400, "invalid_request_body", "The request body must be a JSON object.")


def missing(field: str, status: int = 422) -> Answer:
    return refusal(status, "missing_required_field", f"Path `{field}` is required.", field)


NO_NAME = missing("name")


def cast(kind: str, value: str, field: str) -> Answer:
    path = field.rpartition(".")[2]
    return refusal(422, "invalid_field", f'Cast to {kind} failed for value "{value}" at path "{path}"', field)


WRONG_TYPES: Mapping[str, tuple[Any, Answer]] = {
    "createIntegration": ({"name": ["New"]}, cast("String", '["New"]', "name")),
    "updateIntegration": ({"name": "New", "install": "x"}, cast("Array", "x", "install")),
    "patchIntegration": ([{"op": "replace", "path": 5, "value": 1}], cast("String", "5", "0.path")),
    "cloneIntegration": ({"connectionMap": "all"}, cast("Object", "all", "connectionMap")),
    "registerConnections": ([5], BAD_CONNECTION_ID),
    "createRevision": ({"description": 5}, cast("String", "5", "description")),
    "submitInstallStep": ({"_connectionId": 5}, cast("String", "5", "_connectionId")),
    "submitUninstallStep": ({"_connectionId": "x"}, cast("ObjectId", "x", "_connectionId")),
    "createFlow": ({"name": "New", "_integrationId": "x"}, cast("ObjectId", "x", "_integrationId")),
    "updateFlow": ({"name": "New", "pageGenerators": "x"}, cast("Array", "x", "pageGenerators")),
    "updateAshare": ({"disabled": "x"}, cast("Boolean", "x", "disabled")),
    "createExport": ({"name": "New", "_connectionId": "x"}, cast("ObjectId", "x", "_connectionId")),
    "updateExport": ({"name": ["x"]}, cast("String", '["x"]', "name")),
    "createImport": ({"name": "New", "_connectionId": 5}, cast("String", "5", "_connectionId")),
    "updateImport": ({"name": "New", "_connectionId": "x"}, cast("ObjectId", "x", "_connectionId")),
    "createConnection": ({"name": "New", "type": "http", "http": "x"}, cast("Object", "x", "http")),
    "updateConnection": (
        {"name": "New", "type": "x"},
        refusal(422, "invalid_field", "`x` is not a valid enum value for path `type`.", "type"),
    ),
    "patchFlow": ([{"op": "replace", "path": 5, "value": 1}], cast("String", "5", "0.path")),
    "cloneFlow": ({"_integrationId": "x"}, cast("ObjectId", "x", "_integrationId")),
    "runFlow": ({"_exportIds": "x"}, cast("Array", "x", "_exportIds")),
    "resolveErrors": ({"errors": "x"}, cast("Array", "x", "errors")),
    "retryErrors": ({"retryDataKeys": "x"}, cast("Array", "x", "retryDataKeys")),
    "cloneExport": ({"name": 5}, cast("String", "5", "name")),
    "cloneImport": ({"connectionMap": "x"}, cast("Object", "x", "connectionMap")),
    "pingVirtualConnection": ({"name": "New", "type": "http", "http": "x"}, cast("Object", "x", "http")),
    "createScript": ({"name": 5, "content": ""}, cast("String", "5", "name")),
    "updateScript": ({"name": "New", "content": 5}, cast("String", "5", "content")),
}

MISSING_FIELDS: Mapping[str, tuple[Any, Answer]] = {
    "createIntegration": ({}, NO_NAME),
    "updateIntegration": ({"name": None}, NO_NAME),
    "patchIntegration": (
        [{"op": "replace"}],
        refusal(422, "missing_required_field", "Path `0.path` is required.", "0.path"),
    ),
    "patchFlow": (
        [{"op": "replace"}],
        refusal(422, "missing_required_field", "Path `0.path` is required.", "0.path"),
    ),
    "cloneFlow": ({}, missing("_integrationId")),
    "resolveErrors": ({}, missing("errors")),
    "retryErrors": ({}, missing("retryDataKeys")),
    "updateAshare": ({}, missing("accessLevel", 400)),
    "pingVirtualConnection": ({"type": "http", "http": {}}, NO_NAME),
    "createFlow": ({"disabled": True}, NO_NAME),
    "updateFlow": ({"name": ""}, NO_NAME),
    "createExport": ({}, NO_NAME),
    "updateExport": ({"name": None}, NO_NAME),
    "createImport": ({"_connectionId": CONNECTION}, NO_NAME),
    "updateImport": ({"_connectionId": CONNECTION}, NO_NAME),
    "createConnection": ({"type": "http", "http": {}}, NO_NAME),
    "updateConnection": ({"type": "http", "http": {}}, NO_NAME),
    "createScript": ({"content": ""}, NO_NAME),
    "updateScript": ({"name": None, "content": ""}, NO_NAME),
    "submitInstallStep": (
        {},
        refusal(422, "missing_required_field", "Path `_connectionId` is required.", "_connectionId"),
    ),
}


def send(emulator: EmulatorUnderTest, operation: str, **changes: Any) -> httpx.Response:
    """Make the operation's sound call, with changes: rights, method, path, headers, content, json."""
    call = CALLS[operation]
    method, path = changes.pop("method", call.method), changes.pop("path", call.path)
    if call.body is not None and not changes.keys() & {"json", "content"}:
        changes["json"] = call.body
    return emulator.call("celigo", method, path, **changes)


def check(answer: httpx.Response, expected: Answer) -> None:
    assert answer.json() == {"errors": list(expected.errors)}
    assert answer.status_code == expected.status
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_the_table_has_every_operation(emulator: EmulatorUnderTest) -> None:
    operations = emulator.catalogue.contracts["celigo"].operations
    assert CALLS.keys() | {"getTemplateFile"} == operations.keys()
    assert WRONG_TYPES.keys() == set(WITH_BODY)


@pytest.mark.parametrize("operation", CALLS)
def test_nothing_is_wrong(emulator: EmulatorUnderTest, operation: str) -> None:
    assert send(emulator, operation).status_code == CALLS[operation].status
    assert not emulator.exchanges()[-1].call_violations


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer somebody-else"},
        {"Authorization": "Bearer celigo-expired-token"},
        {"Authorization": "Basic celigo-token"},
        {"Authorization": "celigo-token"},
        {"Authorization": "Bearer"},
    ],
    ids=["none", "wrong", "expired", "another scheme", "no scheme", "no token"],
)
def test_a_call_without_a_valid_token_is_rejected(
    emulator: EmulatorUnderTest, operation: str, headers: dict[str, str]
) -> None:
    check(send(emulator, operation, rights=None, headers=headers), UNAUTHORIZED)


@pytest.mark.parametrize("operation", CALLS)
def test_a_read_only_user_cannot_write(emulator: EmulatorUnderTest, operation: str) -> None:
    response = send(emulator, operation, rights="read")
    if CALLS[operation].method == "GET":
        assert response.status_code == CALLS[operation].status
    else:
        check(response, FORBIDDEN)


@pytest.mark.parametrize("operation", WITH_ID)
@pytest.mark.parametrize(
    ("id", "expected"), [(UNKNOWN, None), ("123abc", BAD_ID), ("g" * 24, BAD_ID)], ids=["unknown", "short", "no hex"]
)
def test_unknown_ids(emulator: EmulatorUnderTest, operation: str, id: str, expected: Answer | None) -> None:
    steps = CALLS[operation].path.split("/")
    missing = refusal(404, "not_found", f"{steps[1].removesuffix('s').capitalize()} not found.")
    check(send(emulator, operation, path="/".join([*steps[:2], id, *steps[3:]])), expected or missing)


@pytest.mark.parametrize("operation", ["registerConnection", "unregisterConnection"])
@pytest.mark.parametrize(
    ("id", "expected"), [(UNKNOWN, NO_CONNECTION), ("123abc", BAD_CONNECTION_ID)], ids=["unknown", "malformed"]
)
def test_unknown_connection_ids(emulator: EmulatorUnderTest, operation: str, id: str, expected: Answer) -> None:
    check(send(emulator, operation, path=CALLS[operation].path.replace(CONNECTION, id)), expected)


@pytest.mark.parametrize("operation", CALLS)
def test_a_method_that_the_path_does_not_take_is_an_unknown_path(emulator: EmulatorUnderTest, operation: str) -> None:
    path = CALLS[operation].path
    # A virtual connection's path is also that of a connection whose id is malformed.
    taken = {call.method for call in CALLS.values() if call.path == path or (path, call.path) == (VIRTUAL, RECORD)}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
        response = send(emulator, operation, method=method)
        check(response, refusal(404, "not_found", f"Cannot {method} /v1{path}"))


@pytest.mark.parametrize("id", ["%zz", "%ff", "a%2"])
@pytest.mark.parametrize("path", ["/integrations/{}", "/integrations/{}/flows", "/Integrations/{}/"])
def test_an_id_that_does_not_decode_is_refused_in_express_s_words(
    emulator: EmulatorUnderTest, path: str, id: str
) -> None:
    response = emulator.call_as_written("celigo", path.format(id))
    check(response, refusal(400, "invalid_path", f"Failed to decode param '{id}'"))


def test_case_is_ignored_as_express_does(emulator: EmulatorUnderTest) -> None:
    path = PLAIN.replace("integrations", "INTEGRATIONS")
    assert emulator.call("celigo", "GET", path).json() == emulator.call("celigo", "GET", PLAIN).json()
    check(emulator.call("celigo", "PUT", f"{path}/Connections/REGISTER"), NO_ARRAY)


@pytest.mark.parametrize("path", ["/integration", f"{PLAIN}/nothing", f"{PLAIN}/connections/{CONNECTION}", "/tools"])
def test_unknown_paths(emulator: EmulatorUnderTest, path: str) -> None:
    check(emulator.call("celigo", "GET", path), refusal(404, "not_found", f"Cannot GET /v1{path}"))


@pytest.mark.parametrize("operation", WITH_BODY)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", "x"]
)
def test_bodies_that_are_not_json(emulator: EmulatorUnderTest, operation: str, kind: str) -> None:
    content = json.dumps(CALLS[operation].body)
    check(send(emulator, operation, content=content, headers={"Content-Type": kind}), NO_JSON)


@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_body_without_a_type_is_json(emulator: EmulatorUnderTest, operation: str) -> None:
    response = send(emulator, operation, content=json.dumps(CALLS[operation].body))
    assert "content-type" not in response.request.headers
    assert response.status_code == CALLS[operation].status


@pytest.mark.parametrize("operation", WITH_BODY)
def test_malformed_json(emulator: EmulatorUnderTest, operation: str) -> None:
    check(send(emulator, operation, content='{"name": }', headers=AS_JSON), MALFORMED)


@pytest.mark.parametrize(
    "text", ['{"name":01}', "   ", '{"name":"a\tb"}', '{"name":"a",}', "[1,2", '"text"', "5", "null"]
)
def test_what_express_does_not_parse_is_not_reported_in_the_words_of_another_parser(
    emulator: EmulatorUnderTest, text: str
) -> None:
    check(send(emulator, "createIntegration", content=text, headers=AS_JSON), MALFORMED)


@pytest.mark.parametrize("operation", WRONG_TYPES)
def test_wrong_types(emulator: EmulatorUnderTest, operation: str) -> None:
    body, expected = WRONG_TYPES[operation]
    check(send(emulator, operation, json=body), expected)


@pytest.mark.parametrize("operation", WITH_BODY)
def test_bodies_of_the_wrong_kind(emulator: EmulatorUnderTest, operation: str) -> None:
    body, expected = ("{}", NO_ARRAY) if isinstance(CALLS[operation].body, list) else ("[]", NO_OBJECT)
    check(send(emulator, operation, content=body, headers=AS_JSON), expected)


@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_body_of_one_value_does_not_parse(emulator: EmulatorUnderTest, operation: str) -> None:
    check(send(emulator, operation, content="5", headers=AS_JSON), MALFORMED)


@pytest.mark.parametrize("operation", MISSING_FIELDS)
def test_missing_fields(emulator: EmulatorUnderTest, operation: str) -> None:
    body, expected = MISSING_FIELDS[operation]
    check(send(emulator, operation, json=body), expected)


@pytest.mark.parametrize("operation", WITH_BODY)
@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}], ids=["no type", "typed"])
def test_an_empty_body(emulator: EmulatorUnderTest, operation: str, headers: dict[str, str]) -> None:
    response = send(emulator, operation, content=b"", headers=headers)
    if isinstance(CALLS[operation].body, list):
        check(response, NO_ARRAY)
    elif operation in MISSING_FIELDS:
        check(response, MISSING_FIELDS[operation][1])
    else:
        assert response.status_code == CALLS[operation].status


@pytest.mark.parametrize("operation", WITHOUT_BODY)
@pytest.mark.parametrize("content", [b"", b"{}", b"no json"])
def test_a_body_that_no_operation_takes_is_not_read(
    emulator: EmulatorUnderTest, operation: str, content: bytes
) -> None:
    response = send(emulator, operation, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == CALLS[operation].status


def test_a_refused_call_changes_nothing(emulator: EmulatorUnderTest) -> None:
    before = emulator.records("celigo.integrations")
    for operation, (body, _) in {**WRONG_TYPES, **MISSING_FIELDS}.items():
        assert send(emulator, operation, json=body).status_code in (400, 422)
    assert emulator.records("celigo.integrations") == before


def test_bodies_that_are_too_large_and_failures_of_our_own_are_in_the_envelope() -> None:
    dialect, call = CeligoDialect(), Call("POST", "/integrations")
    too_large, broken = dialect.too_large(call, 10), dialect.broken(call)
    assert (too_large.status, broken.status) == (413, 500)
    codes = ["request_too_large", "internal_server_error"]
    documents: list[Any] = [too_large.document, broken.document]
    assert [error["code"] for document in documents for error in document["errors"]] == codes


@pytest.mark.parametrize("operation", CALLS)
def test_a_401_and_a_403_have_a_message_alone_by_a_switch(emulator: EmulatorUnderTest, operation: str) -> None:
    emulator.switch("celigo.auth_error_body", "message")
    assert send(emulator, operation, rights=None).json() == {"message": "Unauthorized"}
    if CALLS[operation].method != "GET":
        refused = {"message": "You do not have permission to perform this action."}
        assert send(emulator, operation, rights="read").json() == refused
