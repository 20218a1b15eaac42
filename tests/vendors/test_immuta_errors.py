"""Immuta's response to everything that can be wrong with a call, for every operation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest

COLUMN = {"name": "a", "dataType": "text", "remoteType": "text"}
HANDLER = {
    "handler": {"metadata": {"database": "crm", "table": "orders", "dataSourceName": "Orders"}},
    "dataSource": {"blobHandlerType": "PostgreSQL"},
}
CHARLIE = "charlie.doe@example.com"
CUSTOMERS = "5b0e64a6-5a3c-4f0a-9a55-8a3f7f0f2c1d"
DOMAIN = {"name": "New", "type": "domain"}
PROJECT = {"projectKey": "new", "name": "New", "status": "open"}
POLICY = {"name": "New", "type": "data", "actions": []}


@dataclass(frozen=True)
class Sound:
    """A valid call."""

    method: str
    path: str
    body: Any = None


CALLS = {
    "listDictionaryTypes": Sound("GET", "/dictionary/types"),
    "getDictionary": Sound("GET", "/dictionary/1"),
    "createDictionary": Sound("POST", "/dictionary/1", {"metadata": [COLUMN]}),
    "updateDictionary": Sound("PUT", "/dictionary/1", {"metadata": [COLUMN]}),
    "deleteDictionary": Sound("DELETE", "/dictionary/1"),
    "authenticateApiKey": Sound("POST", "/bim/apikey/authenticate", {"apikey": "immuta-api-key"}),
    "listDataSources": Sound("GET", "/dataSource"),
    "getDataSource": Sound("GET", "/dataSource/1"),
    "createTag": Sound("POST", "/tag", {"tags": [{"name": "New"}]}),
    "getDataSourceByName": Sound("GET", "/dataSource/name/Public%20Activity"),
    "getDataSourceBySqlTableName": Sound("GET", "/dataSource/sqlTableName/activity"),
    "updateDataSource": Sound("PUT", "/dataSource/1", {"description": "New"}),
    "deleteDataSource": Sound("DELETE", "/dataSource/1"),
    "listUsers": Sound("GET", "/bim/user"),
    "getCurrentUser": Sound("GET", "/bim/rpc/user/current"),
    "listGroups": Sound("GET", "/bim/group"),
    "listIams": Sound("GET", "/bim/iam"),
    "listDataSourceUsers": Sound("GET", "/dataSource/1/access"),
    "listTags": Sound("GET", "/tag"),
    "deleteTag": Sound("DELETE", "/tag/PII"),
    "listDataSourceTags": Sound("GET", "/dataSource/1/tags"),
    "addTags": Sound("POST", "/tag/datasource/1", [{"name": "PII"}]),
    "removeTag": Sound("DELETE", "/tag/datasource/2/PII"),
    "listGlobalPolicies": Sound("GET", "/policy/global"),
    "createGlobalPolicy": Sound("POST", "/policy/global", POLICY),
    "getGlobalPolicy": Sound("GET", "/policy/global/1"),
    "updateGlobalPolicy": Sound("PUT", "/policy/global/1", POLICY),
    "deleteGlobalPolicy": Sound("DELETE", "/policy/global/1"),
    "getPolicyHandler": Sound("GET", "/policy/handler/2"),
    "createDataSources": Sound("POST", "/pg/handler", HANDLER),
    "getColumnTypes": Sound("POST", "/pg/handler/getColumnTypes", {"metadata": {"database": "crm", "table": "orders"}}),
    "listProjects": Sound("GET", "/project"),
    "createProject": Sound("POST", "/project", PROJECT),
    "getProject": Sound("GET", "/project/1"),
    "updateProject": Sound("PUT", "/project/1", {"name": "New"}),
    "listProjectMembers": Sound("GET", "/project/1/members"),
    "listProjectDataSources": Sound("GET", "/project/1/dataSources"),
    "addProjectDataSources": Sound("POST", "/project/1/dataSources", {"dataSourceIds": [2]}),
    "listDomains": Sound("GET", "/domain"),
    "createDomain": Sound("POST", "/domain", DOMAIN),
    "getDomain": Sound("GET", f"/domain/{CUSTOMERS}"),
    "updateDomain": Sound("PUT", f"/domain/{CUSTOMERS}", {"name": "New"}),
    "deleteDomain": Sound("DELETE", f"/domain/{CUSTOMERS}"),
    "listDomainDataSources": Sound("GET", f"/domain/{CUSTOMERS}/datasources"),
    "listDomainPermissions": Sound("GET", f"/domain/{CUSTOMERS}/permissions"),
    "grantAccess": Sound("POST", "/dataSource/1/access", {"profileId": 4, "state": "expert"}),
    "getUser": Sound("GET", f"/bim/iam/bim/user/{CHARLIE}"),
    "putAttribute": Sound("PUT", f"/bim/iam/bim/user/{CHARLIE}/authorizations/a/b"),
    "deleteAttribute": Sound("DELETE", f"/bim/iam/bim/user/{CHARLIE}/authorizations/seniority/high"),
    "listBimUsers": Sound("GET", "/bim/iam/bim/user"),
    "createUser": Sound("POST", "/bim/iam/bim/user", {"userid": "new"}),
    "deleteUser": Sound("DELETE", f"/bim/iam/bim/user/{CHARLIE}"),
    "updateProfile": Sound("PUT", f"/bim/iam/bim/user/{CHARLIE}/profile", {"location": "Boston, MA"}),
    "createGroup": Sound("POST", "/bim/group", {"name": "New"}),
    "getGroup": Sound("GET", "/bim/group/1"),
    "updateGroup": Sound("PUT", "/bim/group/1", {"name": "New"}),
    "deleteGroup": Sound("DELETE", "/bim/group/1"),
    "listGroupUsers": Sound("GET", "/bim/group/1/user"),
    "putGroupUser": Sound("POST", "/bim/group/1/user", {"userid": CHARLIE, "iamid": "bim"}),
    "deleteGroupUser": Sound("DELETE", "/bim/group/1/user/1"),
    "listPurposes": Sound("GET", "/governance/purpose"),
    "createPurpose": Sound("POST", "/governance/purpose", {"name": "New"}),
    "getPurpose": Sound("GET", "/governance/purpose/1"),
    "updatePurpose": Sound("PUT", "/governance/purpose/1", {"name": "New"}),
    "deletePurpose": Sound("DELETE", "/governance/purpose/1"),
    "listRemoteTables": Sound("GET", "/pg/database/crm/table"),
    "testRemoteDatabase": Sound("GET", "/pg/database/crm/test"),
}


@dataclass(frozen=True)
class Answer:
    """What comes back: a status, and for a refusal its message and where validation failed."""

    status: int
    message: str = ""
    source: str = ""
    key: str = ""

    def document(self) -> dict[str, Any]:
        names = {
            400: "Bad Request",
            401: "Unauthorized",
            403: "Forbidden",
            404: "Not Found",
            415: "Unsupported Media Type",
        }
        document = {"statusCode": self.status, "error": names[self.status], "message": self.message}
        if self.source:
            return {**document, "validation": {"source": self.source, "keys": [self.key]}}
        return document


FINE = Answer(200)
UNAUTHORIZED = Answer(401, "A valid Authorization token must be provided")
ROLE = Answer(403, "User must have one of the following roles to delete dictionary: owner,expert")
SCOPE = Answer(403, "Insufficient scope")
UNKNOWN_SOURCE = Answer(404, "Data source not found")
UNKNOWN_PATH = Answer(404, "Not Found")
UNSUPPORTED = Answer(415, "Unsupported Media Type")
NO_NUMBER = Answer(400, '"dataSourceId" must be a number', "params", "dataSourceId")
DOCUMENTED_NO_NUMBER = Answer(400, 'Bad request: "dataSourceId" must be a number', "params", "dataSourceId")
MALFORMED = "Invalid request payload JSON format"
NO_OBJECT = '"value" must be of type object'
NO_LIST = '"value" must be an array'
NO_POLICY = Answer(404, "Policy not found")
NO_POLICY_NUMBER = Answer(400, '"id" must be a number', "params", "id")
OF_A_POLICY = ("getGlobalPolicy", "updateGlobalPolicy", "deleteGlobalPolicy")
NO_PROJECT = Answer(404, "Project not found")
NO_PROJECT_NUMBER = Answer(400, '"projectId" must be a number', "params", "projectId")
OF_A_PROJECT = (
    *("getProject", "updateProject", "listProjectMembers", "listProjectDataSources", "addProjectDataSources"),
)
NO_PURPOSE = Answer(404, "Purpose not found")
NO_PURPOSE_NUMBER = Answer(400, '"purposeId" must be a number', "params", "purposeId")
OF_A_DOMAIN = ("getDomain", "updateDomain", "deleteDomain", "listDomainDataSources", "listDomainPermissions")
OF_A_USER = ("getUser", "putAttribute", "deleteAttribute", "deleteUser", "updateProfile")
NO_GROUP_NUMBER = Answer(400, '"groupId" must be a number', "params", "groupId")
OF_A_GROUP = ("getGroup", "updateGroup", "deleteGroup", "listGroupUsers", "putGroupUser", "deleteGroupUser")
OF_A_PURPOSE = ("getPurpose", "updatePurpose", "deletePurpose")
WITH_SCOPE = (
    *("createTag", "deleteTag", "addTags", "removeTag"),
    *("createGlobalPolicy", "updateGlobalPolicy", "deleteGlobalPolicy", "createDataSources"),
    *("createProject", "createPurpose", "updatePurpose", "deletePurpose"),
    *("createDomain", "updateDomain", "deleteDomain", "putAttribute", "deleteAttribute"),
    *("createUser", "deleteUser", "updateProfile", "createGroup", "updateGroup", "deleteGroup"),
    *("putGroupUser", "deleteGroupUser"),
)
WITH_NEIGHBOURS_BODY = (
    *("createGlobalPolicy", "updateGlobalPolicy", "updateDataSource"),
    *("createDataSources", "getColumnTypes", "createProject", "updateProject", "addProjectDataSources"),
    *("createPurpose", "updatePurpose", "createDomain", "updateDomain", "grantAccess"),
    *("createUser", "updateProfile", "createGroup", "updateGroup", "putGroupUser"),
)
DICTIONARY_CHANGES = ("createDictionary", "updateDictionary", "deleteDictionary")


@pytest.fixture
def strict_emulator(emulator: EmulatorUnderTest) -> Iterator[EmulatorUnderTest]:
    """The emulator in strict mode."""
    before = emulator.sandbox.options
    emulator.sandbox.options = replace(before, strict=True)
    yield emulator
    emulator.sandbox.options = before


WRONG_TYPES: Mapping[str, Any] = {
    "createDictionary": {"metadata": [{**COLUMN, "dataType": 5}]},
    "updateDictionary": {"metadata": {"name": "a"}},
    "authenticateApiKey": {"apikey": 5},
    "createTag": {"tags": "New"},
    "addTags": [{"name": 5}],
    "updateDataSource": {"deleted": 5},
    "createGlobalPolicy": {**POLICY, "name": 5},
    "updateGlobalPolicy": {**POLICY, "actions": [5]},
    "createDataSources": {**HANDLER, "dataSource": 5},
    "getColumnTypes": {"metadata": 5},
    "createProject": {**PROJECT, "status": 5},
    "updateProject": {"deleted": 5},
    "addProjectDataSources": {"dataSourceIds": ["x"]},
    "createDomain": {**DOMAIN, "domainDataSources": [5]},
    "updateDomain": {"name": 5},
    "grantAccess": {"profileId": "x", "state": "expert"},
    "createUser": {"userid": 5},
    "updateProfile": {"location": 5},
    "createGroup": {"name": 5},
    "updateGroup": {"name": 5},
    "putGroupUser": {"userid": 5, "iamid": "bim"},
    "createPurpose": {"name": 5},
    "updatePurpose": {"displayAcknowledgement": 5},
}
MISSING_FIELDS: Mapping[str, Any] = {
    "createDictionary": {"metadata": [COLUMN, {"name": "b"}]},
    "updateDictionary": {},
    "authenticateApiKey": {},
    "createTag": {"tags": [{}]},
    "addTags": [{}],
    "updateDataSource": {},
    "createGlobalPolicy": {"type": "data", "actions": []},
    "updateGlobalPolicy": {**POLICY, "actions": [{}]},
    "createDataSources": {"handler": {}, "dataSource": {}},
    "getColumnTypes": {"metadata": {"database": "crm"}},
    "createProject": {"name": "New", "status": "open"},
    "updateProject": {},
    "addProjectDataSources": {},
    "createDomain": {"type": "domain"},
    "updateDomain": {},
    "grantAccess": {"profileId": 4},
    "createUser": {},
    "updateProfile": {},
    "createGroup": {},
    "updateGroup": {},
    "putGroupUser": {"userid": CHARLIE},
    "createPurpose": {},
    "updatePurpose": {},
}

SOUND: Mapping[str, Any] = {
    **{**POLICY, **HANDLER, **PROJECT, "metadata": [COLUMN], "apikey": "immuta-api-key", "tags": []},
    **{"dataSourceIds": [2], "profileId": 4, "state": "expert"},
    **{"userid": "dana@example.com", "iamid": "bim"},
}
"""A body in which many an operation finds what it needs."""


def ask(emulator: EmulatorUnderTest, name: str, condition: str) -> Any:
    """Make the call of an operation with one thing wrong about it."""
    call = CALLS[name]
    method, path, options = call.method, call.path, {"json": call.body}
    sound = json.dumps(SOUND).encode()
    match condition:
        case "no credential":
            options["rights"] = None
        case "wrong credential":
            options |= {"rights": None, "headers": {"Authorization": "Bearer nobody"}}
        case "expired credential":
            options["rights"] = "expired"
        case "read-only credential":
            options["rights"] = "read"
        case "unknown id":
            path = path.replace("/1", "/99").replace("handler/2", "handler/99")
            path = path.replace(CHARLIE, "nobody").replace(CUSTOMERS, "99")
        case "malformed id":
            path = path.replace("/1", "/abc").replace("handler/2", "handler/abc")
        case "wrong method":
            method = "PATCH"
        case "slash at the end":
            path += "/"
        case "missing content type":
            options = {"content": sound}
        case "wrong content type":
            options = {"content": sound, "headers": {"Content-Type": "application/xml"}}
        case "malformed JSON":
            options = {"content": b'{"metadata": [}', "headers": {"Content-Type": "application/json"}}
        case "wrong types":
            options["json"] = WRONG_TYPES.get(name)
        case "missing fields":
            options["json"] = MISSING_FIELDS.get(name)
        case "empty body":
            options = {"headers": {"Content-Type": "application/json"}}
    if options.get("json", ...) is None:
        del options["json"]
    return emulator.call("immuta", method, path, **options)


TABLE: dict[str, dict[str, Answer]] = {
    "no credential": {**dict.fromkeys(CALLS, UNAUTHORIZED), "authenticateApiKey": FINE},
    "wrong credential": {**dict.fromkeys(CALLS, UNAUTHORIZED), "authenticateApiKey": FINE},
    "expired credential": {**dict.fromkeys(CALLS, UNAUTHORIZED), "authenticateApiKey": FINE},
    "read-only credential": {
        **dict.fromkeys(CALLS, FINE),
        **dict.fromkeys(DICTIONARY_CHANGES, ROLE),
        **dict.fromkeys(WITH_SCOPE, SCOPE),
        "updateDataSource": Answer(403, "User must have one of the following roles to update data source: owner"),
        "grantAccess": Answer(403, "User must have one of the following roles to update data source: owner"),
        "updateProject": Answer(403, "User must have one of the following roles to update project: owner"),
        "deleteDataSource": Answer(403, "User must have one of the following roles to delete data source: owner"),
    },
    "unknown id": {
        **dict.fromkeys(CALLS, FINE),
        "getDictionary": UNKNOWN_SOURCE,
        "createDictionary": UNKNOWN_SOURCE,
        "updateDictionary": UNKNOWN_SOURCE,
        "deleteDictionary": UNKNOWN_SOURCE,
        "getDataSource": UNKNOWN_SOURCE,
        "updateDataSource": UNKNOWN_SOURCE,
        "deleteDataSource": UNKNOWN_SOURCE,
        "listDataSourceTags": UNKNOWN_SOURCE,
        "listDataSourceUsers": UNKNOWN_SOURCE,
        "addTags": UNKNOWN_SOURCE,
        "getPolicyHandler": UNKNOWN_SOURCE,
        **dict.fromkeys(OF_A_POLICY, NO_POLICY),
        **dict.fromkeys(OF_A_PROJECT, NO_PROJECT),
        **dict.fromkeys(OF_A_PURPOSE, NO_PURPOSE),
        **dict.fromkeys(OF_A_DOMAIN, Answer(404, "Domain not found")),
        **dict.fromkeys(OF_A_USER, Answer(404, "User not found")),
        **dict.fromkeys(OF_A_GROUP, Answer(404, "Group not found")),
        "grantAccess": UNKNOWN_SOURCE,
    },
    "malformed id": {
        **dict.fromkeys(CALLS, FINE),
        "getDictionary": NO_NUMBER,
        "createDictionary": DOCUMENTED_NO_NUMBER,
        "updateDictionary": DOCUMENTED_NO_NUMBER,
        "deleteDictionary": NO_NUMBER,
        "getDataSource": NO_NUMBER,
        "updateDataSource": NO_NUMBER,
        "deleteDataSource": NO_NUMBER,
        "listDataSourceTags": NO_NUMBER,
        "listDataSourceUsers": NO_NUMBER,
        "addTags": UNKNOWN_SOURCE,
        "getPolicyHandler": NO_NUMBER,
        **dict.fromkeys(OF_A_POLICY, NO_POLICY_NUMBER),
        **dict.fromkeys(OF_A_PROJECT, NO_PROJECT_NUMBER),
        **dict.fromkeys(OF_A_PURPOSE, NO_PURPOSE_NUMBER),
        **dict.fromkeys(OF_A_GROUP, NO_GROUP_NUMBER),
        "grantAccess": NO_NUMBER,
    },
    "wrong method": dict.fromkeys(CALLS, UNKNOWN_PATH),
    "slash at the end": dict.fromkeys(CALLS, UNKNOWN_PATH),
    # The body of all is one object; addTags takes a list, and getColumnTypes has another kind of metadata.
    "missing content type": {
        **dict.fromkeys(CALLS, FINE),
        "addTags": Answer(400, NO_LIST, "payload"),
        "getColumnTypes": Answer(400, '"metadata" must be of type object', "payload", "metadata"),
        "createDomain": Answer(400, '"type" must be [domain]', "payload", "type"),
        "putGroupUser": Answer(404, "User not found"),
        "createProject": Answer(400, '"type" must be one of [user, schema, null]', "payload", "type"),
        "updateProject": Answer(400, '"type" must be one of [user, schema, null]', "payload", "type"),
    },
    "wrong content type": {
        **dict.fromkeys(CALLS, FINE),
        "createDictionary": UNSUPPORTED,
        "updateDictionary": UNSUPPORTED,
        "authenticateApiKey": UNSUPPORTED,
        "createTag": UNSUPPORTED,
        "addTags": UNSUPPORTED,
        **dict.fromkeys(WITH_NEIGHBOURS_BODY, UNSUPPORTED),
    },
    "malformed JSON": {
        **dict.fromkeys(CALLS, FINE),
        "createDictionary": Answer(400, f"Bad request: {MALFORMED}"),
        "updateDictionary": Answer(400, f"Bad request: {MALFORMED}"),
        "authenticateApiKey": Answer(400, MALFORMED),
        "createTag": Answer(400, MALFORMED),
        "addTags": Answer(400, MALFORMED),
        **dict.fromkeys(WITH_NEIGHBOURS_BODY, Answer(400, MALFORMED)),
    },
    "wrong types": {
        **dict.fromkeys(CALLS, FINE),
        "createDictionary": Answer(
            400, 'Bad request: "metadata[0].dataType" must be a string', "payload", "metadata.0.dataType"
        ),
        "updateDictionary": Answer(400, 'Bad request: "metadata" must be an array', "payload", "metadata"),
        "authenticateApiKey": Answer(400, '"apikey" must be a string', "payload", "apikey"),
        "createTag": Answer(400, '"tags" must be an array', "payload", "tags"),
        "addTags": Answer(400, '"[0].name" must be a string', "payload", "0.name"),
        "updateDataSource": Answer(400, '"deleted" must be a boolean', "payload", "deleted"),
        "createGlobalPolicy": Answer(400, '"name" must be a string', "payload", "name"),
        "updateGlobalPolicy": Answer(400, '"actions[0]" must be of type object', "payload", "actions.0"),
        "createDataSources": Answer(400, '"dataSource" must be of type object', "payload", "dataSource"),
        "getColumnTypes": Answer(400, '"metadata" must be of type object', "payload", "metadata"),
        "createProject": Answer(400, '"status" must be one of [open, closed]', "payload", "status"),
        "updateProject": Answer(400, '"deleted" must be a boolean', "payload", "deleted"),
        "addProjectDataSources": Answer(400, '"dataSourceIds[0]" must be a number', "payload", "dataSourceIds.0"),
        "createDomain": Answer(400, '"domainDataSources[0]" must be of type object', "payload", "domainDataSources.0"),
        "updateDomain": Answer(400, '"name" must be a string', "payload", "name"),
        "grantAccess": Answer(400, '"profileId" must be a number', "payload", "profileId"),
        "createUser": Answer(400, '"userid" must be a string', "payload", "userid"),
        "updateProfile": Answer(400, '"location" must be a string', "payload", "location"),
        "createGroup": Answer(400, '"name" must be a string', "payload", "name"),
        "updateGroup": Answer(400, '"name" must be a string', "payload", "name"),
        "putGroupUser": Answer(400, '"userid" must be a string', "payload", "userid"),
        "createPurpose": Answer(400, '"name" must be a string', "payload", "name"),
        "updatePurpose": Answer(400, '"displayAcknowledgement" must be a boolean', "payload", "displayAcknowledgement"),
    },
    "missing fields": {
        **dict.fromkeys(CALLS, FINE),
        "createDictionary": Answer(
            400, 'Bad request: "metadata[1].dataType" is required', "payload", "metadata.1.dataType"
        ),
        "updateDictionary": Answer(400, 'Bad request: "metadata" is required', "payload", "metadata"),
        "authenticateApiKey": Answer(400, '"apikey" is required', "payload", "apikey"),
        "createTag": Answer(400, '"tags[0].name" is required', "payload", "tags.0.name"),
        "addTags": Answer(400, '"[0].name" is required', "payload", "0.name"),
        "createGlobalPolicy": Answer(400, '"name" is required', "payload", "name"),
        "updateGlobalPolicy": Answer(400, '"actions[0].type" is required', "payload", "actions.0.type"),
        "createDataSources": Answer(
            400, '"dataSource.blobHandlerType" is required', "payload", "dataSource.blobHandlerType"
        ),
        "getColumnTypes": Answer(400, '"metadata.table" is required', "payload", "metadata.table"),
        "createProject": Answer(400, '"projectKey" is required', "payload", "projectKey"),
        "addProjectDataSources": Answer(400, '"dataSourceIds" is required', "payload", "dataSourceIds"),
        "createDomain": Answer(400, '"name" is required', "payload", "name"),
        "grantAccess": Answer(400, '"state" is required', "payload", "state"),
        "createUser": Answer(400, '"userid" is required', "payload", "userid"),
        "createGroup": Answer(400, '"name" is required', "payload", "name"),
        "putGroupUser": Answer(400, '"iamid" is required', "payload", "iamid"),
        "createPurpose": Answer(400, '"name" is required', "payload", "name"),
    },
    "empty body": {
        **dict.fromkeys(CALLS, FINE),
        "createDictionary": Answer(400, f"Bad request: {NO_OBJECT}", "payload"),
        "updateDictionary": Answer(400, f"Bad request: {NO_OBJECT}", "payload"),
        # Without a body the key is looked for in the Authorization header, which has a token.
        "authenticateApiKey": UNAUTHORIZED,
        "createTag": Answer(400, NO_OBJECT, "payload"),
        "addTags": Answer(400, NO_LIST, "payload"),
        **dict.fromkeys(WITH_NEIGHBOURS_BODY, Answer(400, NO_OBJECT, "payload")),
    },
}


def test_table_has_every_operation(emulator: EmulatorUnderTest) -> None:
    operations = set(emulator.catalogue.contracts["immuta"].operations)
    assert {condition: set(responses) for condition, responses in TABLE.items()} == dict.fromkeys(TABLE, operations)


@pytest.mark.parametrize(("condition", "name"), list(product(TABLE, CALLS)))
def test_reply_is_the_vendors_own(emulator: EmulatorUnderTest, condition: str, name: str) -> None:
    reply, expected = ask(emulator, name, condition), TABLE[condition][name]
    assert reply.status_code == expected.status
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"
    if expected.status != 200:
        assert reply.json() == expected.document()
        assert list(reply.json()) == list(expected.document())


@pytest.mark.parametrize(
    ("body", "message", "key"),
    [
        ({"metadata": [5]}, '"metadata[0]" must be of type object', "metadata.0"),
        ({"metadata": [{**COLUMN, "name": ""}]}, '"metadata[0].name" is not allowed to be empty', "metadata.0.name"),
        (
            {"metadata": [{**COLUMN, "nullable": 1}]},
            '"metadata[0].nullable" must be a boolean',
            "metadata.0.nullable",
        ),
        ({"metadata": [{**COLUMN, "tags": "x"}]}, '"metadata[0].tags" must be an array', "metadata.0.tags"),
        ({"metadata": [{"tags": "x"}]}, '"metadata[0].name" is required', "metadata.0.name"),
        (
            {"metadata": [{**COLUMN, "tags": [None], "nullable": 1}]},
            '"metadata[0].nullable" must be a boolean',
            "metadata.0.nullable",
        ),
        ({"metadata": [{"remoteType": 1}]}, '"metadata[0].name" is required', "metadata.0.name"),
        ({"metadata": [*[COLUMN] * 10, {}, 5]}, '"metadata[10].name" is required', "metadata.10.name"),
        ({"metadata": [COLUMN, COLUMN, 5, *[COLUMN] * 8, {}]}, '"metadata[2]" must be of type object', "metadata.2"),
        ([], '"value" must be of type object', ""),
        (None, '"value" must be of type object', ""),
        ("x", '"value" must be of type object', ""),
    ],
)
def test_message_is_joi_s_for_the_first_thing_that_is_wrong(
    emulator: EmulatorUnderTest, body: Any, message: str, key: str
) -> None:
    reply = emulator.call("immuta", "PUT", "/dictionary/1", content=json.dumps(body))
    assert reply.json() == Answer(400, f"Bad request: {message}", "payload", key).document()


def test_of_many_wrong_columns_a_hundred_are_reported_and_the_first_is_refused(emulator: EmulatorUnderTest) -> None:
    columns: list[Any] = [COLUMN, *[5] * 1000]
    reply = emulator.call("immuta", "PUT", "/dictionary/1", json={"metadata": columns})
    message = 'Bad request: "metadata[1]" must be of type object'
    assert reply.json() == Answer(400, message, "payload", "metadata.1").document()
    assert len(emulator.exchanges()[-1].violations) == 100


def test_of_many_unknown_keys_a_hundred_are_reported(emulator: EmulatorUnderTest) -> None:
    unknown = {f"key{number}": number for number in range(1000)}
    assert emulator.call("immuta", "PUT", "/dictionary/1", json={"metadata": [], **unknown}).status_code == 200
    assert len(emulator.exchanges()[-1].violations) == 100


@pytest.mark.parametrize(
    ("id", "complaint"),
    [
        ("abc", "must be a number"),
        ("%20", "must be a number"),
        ("0x1", "must be a number"),
        ("%EF%BC%91", "must be a number"),
        ("1.5", "must be an integer"),
        ("1e-2", "must be an integer"),
        ("0.00000012345678901234567890123", "must be an integer"),
        ("9007199254740993", "must be a safe number"),
        ("-9007199254740993", "must be a safe number"),
        ("123456789012345678901234567890", "must be a safe number"),
        ("1.0000000000000000001", "must be a safe number"),
        ("1e400", "must be a safe number"),
        ("4e-400", "must be a safe number"),
        ("9e999999999999999999999", "must be a safe number"),
    ],
)
def test_malformed_id_is_refused_in_joi_s_words(emulator: EmulatorUnderTest, id: str, complaint: str) -> None:
    reply = emulator.call("immuta", "GET", f"/dictionary/{id}")
    assert reply.json() == Answer(400, f'"dataSourceId" {complaint}', "params", "dataSourceId").document()


@pytest.mark.parametrize(
    ("tag", "message", "key"),
    [
        ('{"name": "a", "id": 5.5}', '"tags[0].id" must be an integer', "tags.0.id"),
        ('{"name": "a", "id": "x"}', '"tags[0].id" must be a number', "tags.0.id"),
        ('{"name": "a", "id": true}', '"tags[0].id" must be a number', "tags.0.id"),
        ('{"name": "a", "id": null}', '"tags[0].id" must be a number', "tags.0.id"),
        ('{"name": "a", "id": 9007199254740993}', '"tags[0].id" must be a safe number', "tags.0.id"),
        ('{"name": "a", "id": 1e400}', '"tags[0].id" cannot be infinity', "tags.0.id"),
        ('{"id": "x"}', '"tags[0].name" is required', "tags.0.name"),
    ],
)
def test_malformed_tag_is_refused_in_joi_s_words(emulator: EmulatorUnderTest, tag: str, message: str, key: str) -> None:
    reply = emulator.call("immuta", "POST", "/tag", content=f'{{"tags": [{tag}]}}')
    assert reply.json() == Answer(400, message, "payload", key).document()


def test_number_of_a_tag_may_have_a_fraction_of_zero(emulator: EmulatorUnderTest) -> None:
    renamed = emulator.call("immuta", "POST", "/tag", content='{"tags": [{"id": 2.0, "name": "PII.mail"}]}')
    assert renamed.json()[0]["id"] == 2


@pytest.mark.parametrize("id", ["1.0", "1e0", "+1", "%201", "1%20", "01", "10e-1", "1.", "%C2%A01"])
def test_number_in_the_path_is_read_as_joi_converts_it(emulator: EmulatorUnderTest, id: str) -> None:
    assert emulator.call("immuta", "GET", f"/dictionary/{id}").json()["dataSource"] == 1


@pytest.mark.parametrize("size", ["2.0", "2e0", "%2B2", "+2", "02", "%092", "200e-2", "0.2E1"])
def test_number_in_the_query_is_read_as_joi_converts_it(emulator: EmulatorUnderTest, size: str) -> None:
    page = emulator.call("immuta", "GET", f"/dataSource?size={size}&offset=-0")
    assert [hit["id"] for hit in page.json()["hits"]] == [1, 2]
    assert emulator.exchanges()[-1].violations == ()


@pytest.mark.parametrize(
    ("query", "message", "key"),
    [
        ("size=x", '"size" must be a number', "size"),
        ("size=", '"size" must be a number', "size"),
        ("size=-1", '"size" must be greater than or equal to 0', "size"),
        ("size=9007199254740990.5", '"size" must be a safe number', "size"),
        ("offset=1.5", '"offset" must be an integer', "offset"),
        ("nameOnly=perhaps", '"nameOnly" must be a boolean', "nameOnly"),
        ("nameOnly=true%20", '"nameOnly" must be a boolean', "nameOnly"),
        ("mode=4", '"mode" must be one of [0, 1]', "mode"),
        ("mode=x", '"mode" must be one of [0, 1]', "mode"),
        ("mode=1e400", '"mode" must be a safe number', "mode"),
        ("size=y&nameOnly=x", '"nameOnly" must be a boolean', "nameOnly"),
    ],
)
def test_malformed_query_is_refused_in_joi_s_words(
    emulator: EmulatorUnderTest, query: str, message: str, key: str
) -> None:
    reply = emulator.call("immuta", "GET", f"/dataSource?{query}")
    assert reply.json() == Answer(400, message, "query", key).document()


@pytest.mark.parametrize(
    ("path", "name", "value", "complaint"),
    [
        ("/dictionary/types", "query", "a", "must be a string"),
        ("/dataSource", "searchText", "a", "must be a string"),
        ("/dataSource", "nameOnly", "true", "must be a boolean"),
        ("/dataSource", "schema", "web", "must be a string"),
        ("/dataSource", "mode", "1", "must be one of [0, 1]"),
        ("/dataSource", "size", "1", "must be a number"),
        ("/dataSource", "offset", "1", "must be a number"),
        ("/dataSource/1", "updateStats", "true", "must be a boolean"),
    ],
)
def test_parameter_that_is_sent_twice_is_refused_in_joi_s_words(
    emulator: EmulatorUnderTest, path: str, name: str, value: str, complaint: str
) -> None:
    reply = emulator.call("immuta", "GET", f"{path}?{name}={value}&{name}={value}")
    assert reply.json() == Answer(400, f'"{name}" {complaint}', "query", name).document()


@pytest.mark.parametrize(
    ("query", "message", "key"),
    [
        ("a=b&c=d", '"a" is not allowed', "a"),
        ("a=1&a=2", '"a" is not allowed', "a"),
        ("a=b&size=x", '"size" must be a number', "size"),
        ("tag[]=a", '"tag[]" is not allowed', "tag&#x5b;&#x5d;"),
        ("%C2%A3%F0%9F%98%80%22=a", '"£😀"" is not allowed', "&pound;&#55357;&#56832;&quot;"),
    ],
)
def test_strict_refuses_an_unknown_parameter_in_joi_s_words(
    strict_emulator: EmulatorUnderTest, query: str, message: str, key: str
) -> None:
    reply = strict_emulator.call("immuta", "GET", f"/dataSource?{query}")
    assert reply.json() == Answer(400, message, "query", key).document()


@pytest.mark.parametrize("name", CALLS)
def test_strict_refuses_an_unknown_parameter_of_every_operation(strict_emulator: EmulatorUnderTest, name: str) -> None:
    call = CALLS[name]
    reply = strict_emulator.call("immuta", call.method, f"{call.path}?unheard=of", json=call.body)
    prefix = "Bad request: " if name in ("createDictionary", "updateDictionary") else ""
    assert reply.json() == Answer(400, f'{prefix}"unheard" is not allowed', "query", "unheard").document()


@pytest.mark.parametrize("id", ["0", "-1", "9007199254740991"])
def test_well_formed_id_that_nothing_has_is_not_found(emulator: EmulatorUnderTest, id: str) -> None:
    assert emulator.call("immuta", "GET", f"/dictionary/{id}").json() == UNKNOWN_SOURCE.document()


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body", "message", "key"),
    [
        ("text/plain", b"hello", NO_OBJECT, ""),
        ("text/plain", b"", NO_OBJECT, ""),
        ("text/json", b'{"metadata": []}', NO_OBJECT, ""),
        ("application/octet-stream", b'{"metadata": []}', '"metadata" is required', "metadata"),
        ("application/octet-stream", b"", NO_OBJECT, ""),
        (FORM, b"metadata=x", '"metadata" must be an array', "metadata"),
        (FORM, b"metadata=x&metadata=y", '"metadata[0]" must be of type object', "metadata.0"),
        (FORM, b"other=x", '"metadata" is required', "metadata"),
        (FORM, b"", '"metadata" is required', "metadata"),
    ],
)
def test_form_text_and_bytes_are_parsed_but_cannot_hold_a_dictionary(
    emulator: EmulatorUnderTest, content_type: str, body: bytes, message: str, key: str
) -> None:
    headers = {"Content-Type": content_type}
    reply = emulator.call("immuta", "PUT", "/dictionary/1", content=body, headers=headers)
    assert reply.json() == Answer(400, f"Bad request: {message}", "payload", key).document()


def test_form_is_parsed_but_cannot_hold_tags(emulator: EmulatorUnderTest) -> None:
    reply = emulator.call("immuta", "POST", "/tag", data={"tags": "New"})
    assert reply.json() == Answer(400, '"tags" must be an array', "payload", "tags").document()


@pytest.mark.parametrize(
    ("content_type", "complaint"),
    [
        ("garbage", ""),
        ("application/", ""),
        ("application/json,text/plain", ""),
        ("multipart/form-data", ": multipart missing boundary"),
    ],
)
@pytest.mark.parametrize("body", [b"{}", b""])
def test_invalid_content_type_is_refused_as_a_header(
    emulator: EmulatorUnderTest, content_type: str, complaint: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type}
    reply = emulator.call("immuta", "POST", "/tag", content=body, headers=headers)
    assert reply.json() == Answer(400, f"Invalid content-type header{complaint}").document()


@pytest.mark.parametrize(
    "content_type",
    ["application/xml", "image/svg+json", "application/+json", "application/x-json", "multipart/form-data; boundary=x"],
)
@pytest.mark.parametrize("body", [b"{}", b""])
def test_content_type_that_hapi_does_not_parse_is_unsupported(
    emulator: EmulatorUnderTest, content_type: str, body: bytes
) -> None:
    reply = emulator.call("immuta", "POST", "/tag", content=body, headers={"Content-Type": content_type})
    assert reply.json() == UNSUPPORTED.document()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=latin1",
        "application/JSON;",
        "application/vnd.api+json",
        "APPLICATION/X+JSON; charset=utf-8",
        "application/json-patch+json",
        "",
    ],
)
def test_a_content_type_that_hapi_parses_as_json_is_accepted(emulator: EmulatorUnderTest, content_type: str) -> None:
    body, headers = b'{"metadata": []}', {"Content-Type": content_type}
    assert emulator.call("immuta", "PUT", "/dictionary/1", content=body, headers=headers).json()["metadata"] == []
    broken = emulator.call("immuta", "PUT", "/dictionary/1", content=b"{", headers=headers)
    assert broken.json() == Answer(400, f"Bad request: {MALFORMED}").document()


def test_the_credential_is_checked_first(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("immuta", "PUT", "/dictionary/abc", rights=None, content=b"{").status_code == 401


def test_the_body_is_checked_before_the_data_source_and_that_before_the_role(emulator: EmulatorUnderTest) -> None:
    assert emulator.call("immuta", "PUT", "/dictionary/99", rights="read", json={}).status_code == 400
    sound = {"metadata": [COLUMN]}
    assert emulator.call("immuta", "PUT", "/dictionary/99", rights="read", json=sound).status_code == 404
    assert emulator.call("immuta", "PUT", "/dictionary/1", rights="read", json=sound).status_code == 403
    assert emulator.call("immuta", "PUT", "/dictionary/3", rights="read", json=sound).status_code == 403


def test_refused_change_changes_nothing(emulator: EmulatorUnderTest) -> None:
    before = emulator.call("immuta", "GET", "/dictionary/1").json()
    for call in (CALLS[name] for name in DICTIONARY_CHANGES):
        emulator.call("immuta", call.method, call.path, rights="read", json=call.body)
    assert emulator.call("immuta", "GET", "/dictionary/1").json() == before


@pytest.mark.parametrize("path", ["", "/", "/dictionary", "/dictionary/", "/dictionary/1/types", "/v1/dictionary/1"])
def test_unknown_path_is_not_found(emulator: EmulatorUnderTest, path: str) -> None:
    assert emulator.call("immuta", "GET", path, rights=None).json() == UNKNOWN_PATH.document()


@pytest.mark.parametrize("rights", ["full", None])
@pytest.mark.parametrize("path", ["/dataSource/%zz", "/dictionary/%ff", "/dictionary/1%2"])
def test_an_undecodable_id_is_rejected_before_the_credential_is_checked(
    emulator: EmulatorUnderTest, path: str, rights: str | None
) -> None:
    response = emulator.call_as_written("immuta", path, rights=rights)
    assert (response.status_code, response.json()) == (400, Answer(400, "Bad Request").document())


@pytest.mark.parametrize("path", ["/dataSource%zz", "/%zz", "/DataSource"])
def test_hapi_s_fixed_segments_are_matched_as_they_are(emulator: EmulatorUnderTest, path: str) -> None:
    assert emulator.call_as_written("immuta", path).json() == UNKNOWN_PATH.document()


@pytest.mark.parametrize("name", CALLS)
def test_scenario_of_expiring_tokens_affects_each_operation_but_the_exchange(
    emulator: EmulatorUnderTest, name: str
) -> None:
    emulator.scenario("immuta/token-expires")
    call = CALLS[name]
    statuses = [emulator.call("immuta", call.method, call.path, json=call.body).status_code for _ in range(4)]
    assert statuses.count(401) == (name != "authenticateApiKey")
