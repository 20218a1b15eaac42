"""The control API, route by route and status by status."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from aiohttp.test_utils import RawTestServer

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.contract.fidelity import check_reply
from emulator.control import guide
from emulator.control.access import OPEN_TO_EACH_SANDBOX
from emulator.control.api import handlers_of
from emulator.control.document import own_contract
from emulator.control.long_json import PIECE_BYTES, pieces
from emulator.errors import StorageFailure
from emulator.exchange import Reply
from emulator.journal.entry import Exchange
from emulator.journal.verification import Verifier
from emulator.settings import read_settings
from tests import generated
from tests.conftest import EmulatorUnderTest
from tests.control import Command, Control, commands_of, controlled

ROUTES = {route.operation: route for route in guide.routes()}
SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"


@pytest.fixture
def control(emulator: EmulatorUnderTest, _client: httpx.Client) -> Iterator[Control]:
    """The control API of the server of all tests; what sandboxes a test makes are dropped after it."""
    control = Control(emulator.root, _client)
    yield control
    for sandbox in control.done("GET", "/sandboxes")["sandboxes"]:
        if sandbox["name"] != "default":
            control.done("DELETE", f"/sandboxes/{sandbox['name']}")
    for snapshot in control.done("GET", "/snapshots")["snapshots"]:
        control.done("DELETE", f"/snapshots/{snapshot['name']}")


def command_for(operation: str, url: str = "emulator") -> Command:
    """Return the first command that the documentation has for an operation, for the sandbox default."""
    words = ROUTES[operation].commands[0]
    line = guide.command((words[0].replace("/sandboxes/alpha", "/sandboxes/default"), *words[1:]), url)
    return Command.read(line.replace("-sN", "-s"))


# Documented commands


GUIDE = generated.REFERENCE.parent / "how-to" / "http.md"


def test_every_documented_command_does_what_it_says(catalogue: Catalogue) -> None:
    with controlled(catalogue, tls="auto", tls_port=0) as (_, control):
        page = control.ask("GET", "/docs").text
        shown, folder, run = commands_of(page), dict[str, bytes](), []
        for line in shown:
            if "-sN" not in line:  # tests/test_control_events.py follows it
                command = Command.read(line)
                response = command.run(control.client, folder)
                assert response.is_success, f"{line}\n{response.status_code} {response.text}"
                run.append((command.method, command.url))
        assert len(run) == sum(len(route.commands) for route in guide.routes())
        assert folder["before.sqlite3"].startswith(b"SQLite format 3")


def test_commands_of_the_page_in_docs_are_those_of_the_emulator_itself(control: Control) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", generated.CONTROL_API.read_text(), re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines()]
    host = control.url.partition("://")[2]
    assert [line.replace(generated.HOST, host) for line in shown] == commands_of(control.ask("GET", "/docs").text)


def test_python_of_the_guide_runs(control: Control) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    exec(code.replace("http://localhost:4070", control.url), {})
    assert len(control.done("GET", "/sandboxes")["sandboxes"]) == 1


# True for all operations: each is called as documented, with one thing wrong


def wrongly(control: Control, operation: str, **changed: Any) -> tuple[int, str]:
    """Call an operation as documented, except for what is `changed`."""
    command = command_for(operation)
    path = changed.pop("path", command.url.removeprefix("emulator/_emulator"))
    content = changed.pop("content", b"SQLite" if command.upload else command.data.encode() or None)
    headers = {**command.headers, **changed.pop("headers", {})}
    return control.refused(command.method, path, content=content, headers=headers, **changed)


@pytest.mark.parametrize("operation", sorted(ROUTES))
def test_unknown_query_parameter_is_refused(control: Control, operation: str) -> None:
    path = command_for(operation).url.removeprefix("emulator/_emulator").partition("?")[0]
    status, sentence = wrongly(control, operation, path=f"{path}?nonsense=1")
    assert (status, "unknown query parameter 'nonsense'. " in sentence) == (422, True)


@pytest.mark.parametrize("operation", sorted(ROUTES))
def test_foreign_host_is_refused(control: Control, operation: str) -> None:
    status, sentence = wrongly(control, operation, headers={"Host": "rebound.example"})
    assert (status, sentence) == (
        403,
        "The control API does not accept the host 'rebound.example'; add it to control_hosts.",
    )


IN_A_SANDBOX = [name for name, route in ROUTES.items() if "{sandbox}" in route.path]


@pytest.mark.parametrize("operation", sorted(IN_A_SANDBOX))
def test_unknown_sandbox_is_404_naming_those_there_are(control: Control, operation: str) -> None:
    command = command_for(operation)
    path = command.url.removeprefix("emulator/_emulator").removeprefix("/sandboxes/default")
    status, sentence = wrongly(control, operation, path=f"/sandboxes/nowhere{path}")
    assert (status, sentence) == (
        404,
        "Unknown sandbox 'nowhere'. Known sandboxes: default. POST /_emulator/sandboxes creates one.",
    )


OPERATIONS = own_contract().operations
WITH_BODY = [name for name, operation in OPERATIONS.items() if operation.body]
WITH_JSON = [name for name in WITH_BODY if name != "uploadSnapshot"]


@pytest.mark.parametrize("operation", sorted(WITH_BODY))
def test_other_content_type_is_refused(control: Control, operation: str) -> None:
    kind = next(iter(OPERATIONS[operation].body.media))  # type: ignore[union-attr]
    status, sentence = wrongly(control, operation, content=b"name=x", headers={"Content-Type": "text/plain"})
    assert (status, sentence) == (415, f"Send {kind}, not text/plain.")


@pytest.mark.parametrize("operation", sorted(WITH_JSON))
def test_body_that_does_not_parse_is_refused(control: Control, operation: str) -> None:
    status, sentence = wrongly(control, operation, content=b"{")
    assert (status, sentence.partition(":")[0]) == (400, "The body does not parse")


@pytest.mark.parametrize("operation", sorted(WITH_JSON))
@pytest.mark.parametrize("content", [b"[]", b"null", b'"x"'])
def test_body_of_another_type_is_refused(control: Control, operation: str, content: bytes) -> None:
    status, sentence = wrongly(control, operation, content=content)
    assert (status, sentence.partition(": ")[0]) == (422, "body /")


@pytest.mark.parametrize("operation", sorted(set(WITH_BODY) - {"createSandbox"}))
def test_missing_body_is_refused(control: Control, operation: str) -> None:
    assert wrongly(control, operation, content=b"") == (422, "body /: a body is required.")


def test_body_over_the_limit_is_refused_by_all_that_take_one(catalogue: Catalogue) -> None:
    with controlled(catalogue, max_body="1k") as (_, control):
        for operation in WITH_BODY:
            response = wrongly(control, operation, content=b" " * 1025)
            assert response == (413, "The body is larger than 1024 bytes; raise max_body or max_json."), operation


def test_body_of_too_many_values_is_refused_as_that(control: Control) -> None:
    sentence = "The body has more than 100000 commas, colons and brackets of JSON; send less at once."
    assert wrongly(control, "armFault", content=b"[" * 100_001) == (413, sentence)


def test_control_token_is_asked_for_where_the_contract_says_so(catalogue: Catalogue) -> None:
    with controlled(catalogue, control_token="s3cret") as (_, control):
        for name, operation in OPERATIONS.items():
            path = command_for(name).url.removeprefix("emulator/_emulator")
            if not operation.secured:
                expected = 404 if name == "getAuthority" else 200  # without certificates
                assert control.ask(operation.method, path).status_code == expected, name
                continue
            for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "s3cret"}):
                response = wrongly(control, name, headers=headers)
                own = ", or the token of the sandbox 'default'," if "{sandbox}" in operation.path else ""
                own = ", or the token of a sandbox," if name in OPEN_TO_EACH_SANDBOX else own
                readers = "commands and pytest read EMULATOR_CONTROL_TOKEN"
                said = f"Send the setting control_token{own} as Authorization: Bearer TOKEN; {readers}."
                assert response == (401, said), name
        given = {"Authorization": "Bearer s3cret"}
        assert control.ask("GET", "/clock", headers={"Authorization": b"Bearer \xff"}).status_code == 401
        assert control.ask("GET", "/clock", headers=given).status_code == 200
        assert control.ask("GET", "/clock").headers["WWW-Authenticate"] == "Bearer"


async def test_what_needs_sandboxes_returns_503_until_they_are_seeded(
    catalogue: Catalogue, aiohttp_client: Any
) -> None:
    client = await aiohttp_client(RawTestServer(Emulator(read_settings({}), catalogue).dispatch))
    for name, operation in OPERATIONS.items():
        command = command_for(name)
        path = command.url.removeprefix("emulator")
        async with client.request(operation.method, path, headers=command.headers, data=command.data) as response:
            expected = name in ("getReady",) or operation.tag not in ("information", "reference")
            assert (response.status == 503) is expected, name
            if expected:
                assert (await response.json())["detail"].startswith("The sandboxes are not seeded yet;")


def replace_handler(monkeypatch: pytest.MonkeyPatch, name: str, handler: Any) -> None:
    monkeypatch.setitem(handlers_of(OPERATIONS[name].tag).by_operation, name, handler)


@pytest.mark.internal_error
def test_fault_of_our_own_is_500_and_logged(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(call: Any, emulator: Any) -> Any:
        raise ZeroDivisionError

    with controlled(catalogue) as (_, control):
        for name in OPERATIONS:
            replace_handler(monkeypatch, name, broken)
            response = wrongly(control, name)
            assert response == (500, "Internal error of the emulator; see its log."), name
            assert "ZeroDivisionError" in caplog.text
            caplog.clear()


def test_a_full_disk_is_507_with_a_sentence(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def without_room(call: Any, emulator: Any) -> Any:
        raise StorageFailure("database or disk is full")

    needing_sandboxes = [name for name, operation in OPERATIONS.items() if 507 in operation.responses]
    with controlled(catalogue) as (_, control):
        for name in needing_sandboxes:
            replace_handler(monkeypatch, name, without_room)
            assert wrongly(control, name) == (507, "Nothing was changed: database or disk is full."), name
    assert len(caplog.messages) == len(needing_sandboxes)
    assert all(message.endswith(": database or disk is full") for message in caplog.messages)


@pytest.mark.internal_error
def test_reply_outside_the_contract_is_500_and_logged(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emulator.errors import Problem  # noqa: PLC0415
    from emulator.exchange import Reply  # noqa: PLC0415

    async def other_shape(call: Any, emulator: Any) -> Any:
        return Reply(200, {"now": "never", "frozen": False})

    async def other_status(call: Any, emulator: Any) -> Any:
        raise Problem(418, "short and stout")

    with controlled(catalogue) as (_, control):
        for handler, logged in ((other_shape, "'never' is not a 'date-time'"), (other_status, "418 is not one of")):
            replace_handler(monkeypatch, "getClock", handler)
            assert control.refused("GET", "/clock")[0] == 500
            assert logged in caplog.text


# What each operation itself refuses

REFUSED: list[tuple[str, str, str, Any, int, str]] = [
    (
        "getContractFile",
        "GET",
        "/contracts/acme/openapi.yaml",
        None,
        404,
        "Unknown vendor 'acme'. Known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        "getContractFile",
        "GET",
        "/contracts/secoda/x",
        None,
        404,
        "Unknown file 'x' in the contract of secoda. Known files: openapi.yaml, ",
    ),
    (
        "getContractSchema",
        "GET",
        "/contracts/secoda/schemas/x",
        None,
        404,
        "Unknown file 'schemas/x' in the contract of",
    ),
    (
        "getOwnSchema",
        "GET",
        "/schemas/x",
        None,
        404,
        "Unknown schema 'x'. Known schemas: active-stub.schema.json,",
    ),
    ("createSandbox", "POST", "/sandboxes", {"name": "default"}, 409, "The sandbox 'default' already exists; POST"),
    ("createSandbox", "POST", "/sandboxes", {"name": "No Name"}, 422, "body /name: 'No Name' does not match"),
    ("createSandbox", "POST", "/sandboxes", {"name": "a\n"}, 422, "body /name: 'a\\n' does not match"),
    ("createSandbox", "POST", "/sandboxes", {"name": "a" * 65}, 422, "does not match"),
    ("createSandbox", "POST", "/sandboxes", {"seed": -1}, 422, "body /seed: -1 is less than the minimum of 0"),
    ("createSandbox", "POST", "/sandboxes", {"seed": "1"}, 422, "body /seed: '1' is not of type 'integer'"),
    ("createSandbox", "POST", "/sandboxes", {"sead": 1}, 422, "unknown field 'sead'. Did you mean 'seed'?"),
    (
        "createSandbox",
        "POST",
        "/sandboxes",
        {"scenarios": ["x/y"]},
        422,
        "Unknown scenario 'x/y'. Some scenarios: celigo/bad-request, celigo/connection-reset, celigo/empty-lists-204."
        " `emulator scenarios` lists all scenarios.",
    ),
    ("createSandbox", "POST", "/sandboxes", {"fixtures": "/no/such"}, 422, "Fixtures: /no/such is not a folder."),
    ("createSandbox", "POST", "/sandboxes", {"fixtures": "a\0b"}, 422, "Fixtures: a\0b is not a folder."),
    ("createSandbox", "POST", "/sandboxes", {"fixtures": "x" * 5000}, 422, "File name too long"),
    (
        "createSandbox",
        "POST",
        "/sandboxes",
        {"switches": {"x.y": 1}},
        422,
        "Unknown vendor 'x' of the switch 'x.y'. Known vendors: celigo, immuta, paradime, secoda.",
    ),
    ("createSandbox", "POST", "/sandboxes", {"clock": {"now": "2999-12-31T23:59:60Z"}}, 422, "Invalid time"),
    (
        "dropSandbox",
        "DELETE",
        "/sandboxes/default",
        None,
        409,
        "The sandbox default cannot be dropped; POST /_emulator/reset",
    ),
    (
        "getVendorDocument",
        "GET",
        "/vendors/acme/openapi.json",
        None,
        404,
        "Unknown vendor 'acme'. Known vendors: celigo, immuta, paradime, secoda.",
    ),
    ("saveSnapshot", "POST", "/snapshots", {"name": "../x"}, 422, "body /name: '../x' does not match"),
    ("saveSnapshot", "POST", "/snapshots", {"name": "x\n"}, 422, "body /name: 'x\\n' does not match"),
    ("uploadSnapshot", "PUT", "/snapshots/x", b"no file", 422, "This is not a SQLite file."),
    (
        "downloadSnapshot",
        "GET",
        "/snapshots/x",
        None,
        404,
        "Unknown snapshot 'x' in the sandbox default. There are no snapshots.",
    ),
    ("restoreSnapshot", "POST", "/snapshots/x/restore", None, 404, "Unknown snapshot 'x'"),
    ("deleteSnapshot", "DELETE", "/snapshots/x", None, 404, "Unknown snapshot 'x'"),
    ("switchScenarioOn", "PUT", "/scenarios/secoda/x", None, 404, "Unknown scenario 'secoda/x'. Did you mean 's"),
    (
        "switchScenarioOff",
        "DELETE",
        "/scenarios/x/outage",
        None,
        404,
        "Unknown scenario 'x/outage'. Did you mean 'secoda/outage', 'immuta/outage' or 'celigo/outage'?",
    ),
    ("getFault", "GET", "/faults/x", None, 404, "Unknown fault 'x'. There are no faults."),
    ("disarmFault", "DELETE", "/faults/x", None, 404, "Unknown fault 'x'. There are no faults."),
    ("getExchange", "GET", "/journal/7", None, 404, "The journal of default has no exchange 7; it keeps none."),
    ("getExchange", "GET", "/journal/0", None, 422, "path /id: 0 is less than the minimum of 1"),
    ("listExchanges", "GET", "/journal?status=ok", None, 422, "query /status: 'ok' is not of type 'integer'"),
    *(
        (operation, "GET", f"{path}{'9' * 20}", None, 422, "99999999999999999999 is greater than the maximum")
        for operation, path in [
            ("listExchanges", "/journal?since="),
            ("listExchanges", "/journal?limit="),
            ("getExchange", "/journal/"),
            ("streamExchanges", "/events?since="),
        ]
    ),
    ("verifyJournal", "POST", "/journal/verify", {"operation": "x", "at_least": 1e30}, 422, "body /at_least: 1e+30 is"),
    ("verifyJournal", "POST", "/journal/verify", {}, 422, "Invalid expectation: give either an operation or in_order."),
    (
        "verifyJournal",
        "POST",
        "/journal/verify",
        {"operation": "listIntegration"},
        422,
        "Did you mean 'listIntegrations', ",
    ),
    (
        "verifyJournal",
        "POST",
        "/journal/verify",
        {"operation": "x", "vendor": "y"},
        422,
        "Unknown vendor 'y'. Known vendors: ",
    ),
    (
        "verifyJournal",
        "POST",
        "/journal/verify",
        {"operation": "createIntegrations", "vendor": "secoda"},
        422,
        "Unknown operation 'createIntegrations' of secoda. Did you mean 'createIntegration'",
    ),
    (
        "verifyJournal",
        "POST",
        "/journal/verify",
        {"operation": "createTag", "count": 1, "at_most": 2},
        422,
        "Invalid expectation: give either count, or at_least and at_most.",
    ),
    (
        "verifyJournal",
        "POST",
        "/journal/verify",
        {"operation": "createTag", "at_least": 3, "at_most": 2},
        422,
        "Invalid expectation: at_least is more than at_most",
    ),
    ("streamExchanges", "GET", "/events?since=x", None, 422, "query /since: 'x' is not of type 'integer'"),
    ("setClock", "PUT", "/clock", {}, 422, "body /: {} "),
    ("setClock", "PUT", "/clock", {"now": "tomorrow"}, 422, "body /now: 'tomorrow' is not a 'date-time'"),
    (
        "setClock",
        "PUT",
        "/clock",
        {"now": "1969-12-31T23:59:59Z"},
        422,
        "is out of range; the clock supports the years 1970",
    ),
    ("setClock", "PUT", "/clock", {"now": "3000-01-01T00:00:00Z"}, 422, "is out of range"),
    (
        "setClock",
        "PUT",
        "/clock",
        {"now": "0001-01-01T00:00:00+23:00"},
        422,
        "Invalid time '0001-01-01T00:00:00+23:00'",
    ),
    ("advanceClock", "POST", "/clock/advance", {"seconds": -1}, 422, "body /seconds: -1 is less than the minimum of 0"),
    ("advanceClock", "POST", "/clock/advance", {"seconds": 1e300}, 422, "The clock goes to the year 3000, which is"),
    ("setSwitches", "PATCH", "/switches", {"x.y": 1}, 422, "Unknown vendor 'x' of the switch 'x.y'. Known"),
    ("setSwitches", "PATCH", "/switches", {"celigo.empty_list_status": 205}, 422, "is 205; it takes 200, 204."),
    ("setSwitches", "PATCH", "/switches", {"celigo.empty_list_status": True}, 422, "is True; it takes 200, 204."),
    (
        "setSwitches",
        "PATCH",
        "/switches",
        {"celigo.empty_list_status": None},
        422,
        "None is not of type 'string', 'integer'",
    ),
    ("listRecords", "GET", "/state/x.y", None, 404, "Unknown collection 'x.y'. Some collections: celigo.credentials, "),
    ("listRecords", "GET", "/state/secoda.syncs?limit=-1", None, 422, "query /limit: -1 is less than the minimum of 0"),
    ("getRecord", "GET", "/state/x.y/z", None, 404, "Unknown collection 'x.y'"),
    ("getRecord", "GET", "/state/celigo.scripts/z", None, 404, "celigo.scripts has no record whose _id is 'z'."),
    ("putRecord", "PUT", "/state/x.y/z", {"id": "z"}, 404, "Unknown collection 'x.y'"),
    (
        "putRecord",
        "PUT",
        "/state/secoda.syncs/z",
        {"id": "y"},
        422,
        "The path names the record 'z', so its id must be that",
    ),
    ("putRecord", "PUT", "/state/secoda.syncs/True", {"id": True}, 422, "so its id must be that, not True."),
    ("putRecord", "PUT", "/state/secoda.syncs/z", {}, 422, "so its id must be that, not None."),
    (
        "putRecord",
        "PUT",
        "/state/immuta.tags/9",
        {"id": 9, "colour": 1},
        422,
        "The record violates the schema of immuta.tags: /",
    ),
    (
        "putRecord",
        "PUT",
        "/state/celigo.credentials/z",
        {"id": "z", "user": "u"},
        422,
        "violates the schema of celigo.credentials: /rights: 'rights' is a required property.",
    ),
    ("addRecords", "POST", "/state/x.y", {}, 404, "Unknown collection 'x.y'"),
    ("addRecords", "POST", "/state/celigo.credentials", {"id": "celigo-token"}, 409, "celigo.credentials has a record"),
    ("addRecords", "POST", "/state/celigo.scripts", {"records": []}, 422, "There are 0 records; give from 1 to 10000."),
    (
        "addRecords",
        "POST",
        "/state/celigo.scripts",
        {"records": [1]},
        422,
        "body /records/0: 1 is not a record; expected an object.",
    ),
    ("addRecords", "POST", "/state/secoda.integrations", {"nmae": "x"}, 422, "'nmae'. Did you mean 'name'?"),
    ("deleteRecord", "DELETE", "/state/x.y/z", None, 404, "Unknown collection 'x.y'"),
    ("deleteRecord", "DELETE", "/state/celigo.scripts/z", None, 404, "celigo.scripts has no record whose _id is 'z'."),
    (
        "populateCollection",
        "POST",
        "/state/populate",
        {"collection": "x.y", "count": 1},
        422,
        "Unknown collection 'x.y'",
    ),
    (
        "populateCollection",
        "POST",
        "/state/populate",
        {"collection": "celigo.credentials", "count": 1},
        422,
        "celigo.credentials cannot be populated; coll",
    ),
    (
        "populateCollection",
        "POST",
        "/state/populate",
        {"collection": "secoda.integrations", "count": 0},
        422,
        "body /count",
    ),
]


def sent(body: Any) -> dict[str, Any]:
    """Return how a body is sent: bytes as a SQLite file, anything else as JSON."""
    if isinstance(body, bytes):
        return {"content": body, "headers": {"Content-Type": "application/vnd.sqlite3"}}
    return {} if body is None else {"json": body}


@pytest.mark.parametrize(
    ("operation", "method", "path", "body", "status", "sentence"),
    REFUSED,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(REFUSED)],
)
def test_what_cannot_be_is_refused_with_what_can(
    control: Control, operation: str, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    before = control.done("GET", "/sandboxes")["sandboxes"]
    found, detail = control.refused(method, path, **sent(body))
    assert found == status, detail
    assert sentence in detail
    assert detail.endswith(".")
    names = [sandbox["name"] for sandbox in control.done("GET", "/sandboxes")["sandboxes"]]
    assert names == [sandbox["name"] for sandbox in before]


FAULTS_REFUSED = [
    (
        {"reply": {"status": 429}},
        "Invalid fault: a fault needs a vendor; known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        {"vendor": "acme", "reply": {"status": 429}},
        "Invalid fault: unknown vendor 'acme'. Known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        {"vendor": "secoda", "operation": "x", "reply": {"status": 429}},
        "Invalid fault: unknown operation 'x' of secoda. Some operations: createChart, createCollection, createColumn."
        " `emulator operations --vendor secoda` lists all operations.",
    ),
    (
        {"vendor": "secoda", "operation": "getIntegration", "reply": {"status": 418}},
        "418 is not in the contract (getInteg",
    ),
    ({"vendor": "secoda"}, "a fault needs a reply, a delay, a connection or graphql"),
    ({"vendor": "secoda", "graphql": {"errors": [{"message": "x"}]}}, "secoda has no GraphQL operations; use a reply"),
    *(
        ({"vendor": "paradime", "graphql": {"errors": [{"message": "x", **wrong}]}}, sentence)
        for wrong, sentence in (
            ({"extensions": "y"}, "body /graphql/errors/0/extensions: 'y' is not of type 'object'"),
            ({"locations": [{"line": 0, "column": 1}]}, "body /graphql/errors/0/locations/0/line: 0 is less than"),
            ({"code": 1}, "body /graphql/errors/0/code: unknown field 'code'. Known"),
        )
    ),
    ({"vendor": "secoda", "connection": "reset", "reply": {"status": 429}}, "connection reset sends no reply, so it"),
    ({"vendor": "secoda", "commit": "after"}, "a fault needs a reply, a delay, a connection or graphql"),
    (
        {
            "vendor": "secoda",
            "reply": {"status": 429},
            "when": {"between": ["2030-01-01T23:59:60Z", "2030-01-02T00:00:00Z"]},
        },
        "between: invalid time '2030-01-01T23:59:60Z'",
    ),
    *(
        (
            {"vendor": "secoda", "reply": {"status": 429}, "when": {name: value}},
            f"body /when/{pointer}: 1e+30 is greater",
        )
        for name, value, pointer in [
            ("nth", 1e30, "nth"),
            ("nth", [1, 1e30], "nth/1"),
            ("every", 1e30, "every"),
            ("after", 1e30, "after"),
            ("times", 1e30, "times"),
            ("over", {"calls": 1e30, "seconds": 1}, "over/calls"),
            ("over", {"calls": 1, "seconds": 1e30}, "over/seconds"),
            ("over", {"calls": 1, "per_second": 1e30}, "over/per_second"),
        ]
    ),
    (
        {"vendor": "secoda", "reply": {"status": 429}, "when": {"over": {"calls": 1, "per_second": 1e-320}}},
        "body /when/over/per_second: 1e-320 is less than the minimum of 1e-06",
    ),
]


@pytest.mark.parametrize(("fault", "sentence"), FAULTS_REFUSED)
def test_fault_that_could_never_be_is_refused(control: Control, fault: Any, sentence: str) -> None:
    status, detail = control.refused("POST", "/faults", json=fault)
    assert (status, sentence in detail) == (422, True), detail
    assert control.done("GET", "/faults") == {"faults": []}


def test_every_operation_and_status_of_the_contract_is_tested() -> None:
    """By the tests above, and for what succeeds by the documented commands and the tests below."""
    everywhere = {403, 422, 500}
    promised = {(name, status) for name, operation in OPERATIONS.items() for status in operation.responses}
    tested = {(case[0], case[4]) for case in REFUSED} | {("disarmFault", 409), ("getAuthority", 404)}
    for name, operation in OPERATIONS.items():
        statuses = set(everywhere)
        statuses |= {401} if operation.secured else set()
        statuses |= {404} if name in IN_A_SANDBOX else set()
        statuses |= {507} & operation.responses.keys()
        statuses |= {503} if operation.tag not in ("information", "reference") or name == "getReady" else set()
        statuses |= {400, 413, 415} if name in WITH_JSON else {413, 415} if name in WITH_BODY else set()
        statuses |= {status for status in operation.responses if status < 300}
        tested |= {(name, status) for status in statuses}
    # A SQLite file is not parsed as JSON is.
    assert promised - tested == {("uploadSnapshot", 400)}


@pytest.mark.parametrize("tag", sorted({operation.tag for operation in OPERATIONS.values()}))
def test_each_tag_has_a_module_with_a_handler_of_each_of_its_operations(tag: str) -> None:
    assert handlers_of(tag).by_operation.keys() == {one.name for one in OPERATIONS.values() if one.tag == tag}


# Sandboxes


def test_reply_to_a_creation_is_all_that_a_test_needs(control: Control, catalogue: Catalogue) -> None:
    made = control.sandbox(name="alpha", seed=7)
    assert (made["name"], made["seed"], made["scenarios"]) == ("alpha", 7, [])
    assert made["vendors"].keys() == catalogue.vendors.keys()
    for name, vendor in made["vendors"].items():
        assert vendor["base_url"] == f"{control.url}/~alpha{catalogue.contracts[name].base_path}"
        rights = {(credential["rights"], credential["expired"]) for credential in vendor["credentials"]}
        assert rights == {("full", False), ("read", False), ("full", True)}
        assert all(credential["id"].endswith(".alpha") for credential in vendor["credentials"])
        assert vendor["headers"] == vendor["credentials"][0]["headers"]
    assert control.done("GET", "/sandboxes/alpha").keys() == made.keys()


def test_command_of_each_vendor_reads_something(control: Control) -> None:
    vendors = control.sandbox(name="alpha")["vendors"]
    for vendor in vendors.values():
        subprocess.run(f"{vendor['command']} -sS", shell=True, check=True, capture_output=True)
    exchanges = control.done("GET", "/sandboxes/alpha/journal")["exchanges"]
    assert [(one["vendor"], one["reply"]["status"]) for one in exchanges] == [(name, 200) for name in vendors]


def test_each_credential_of_a_sandbox_leads_to_it_and_has_its_rights(control: Control) -> None:
    made = control.sandbox(name="alpha")
    plain = {"secoda": INTEGRATIONS, "celigo": "/celigo/v1/integrations", "immuta": "/immuta/dictionary/1"}
    expected = {("full", False): {200}, ("read", False): {200}, ("full", True): {401}}
    calls = 0
    for vendor, path in plain.items():
        for credential in made["vendors"][vendor]["credentials"]:
            response = control.client.get(control.url + path, headers=credential["headers"])
            assert response.status_code in expected[credential["rights"], credential["expired"]], credential
            calls += 1
    assert control.done("GET", "/sandboxes/alpha/journal")["recorded"] == calls
    assert control.done("GET", "/journal")["recorded"] == 0


def test_own_api_key_of_a_sandbox_gives_its_own_token(control: Control) -> None:
    control.sandbox(name="alpha")
    url = f"{control.url}/immuta"
    key = {"Authorization": "immuta-api-key.alpha"}
    token = control.client.post(f"{url}/bim/apikey/authenticate", headers=key).json()["token"]
    assert token.endswith(".alpha")
    response = control.client.get(f"{url}/dictionary/1", headers={"Authorization": token})
    assert response.status_code == 200
    assert control.done("GET", "/sandboxes/alpha/journal")["recorded"] == 2


def test_default_is_shown_with_the_credentials_of_the_fixtures(control: Control) -> None:
    told = control.done("GET", "/sandboxes/default")["vendors"]["secoda"]
    assert told["base_url"] == f"{control.url}/secoda/api/v1"
    assert told["headers"] == SECODA
    assert control.client.get(control.url + INTEGRATIONS, headers=told["headers"]).status_code == 200


def test_base_urls_are_on_the_host_that_the_caller_used(control: Control) -> None:
    port = control.url.rpartition(":")[2]
    told = control.done("GET", "/sandboxes/default", headers={"Host": f"localhost:{port}"})
    assert told["vendors"]["celigo"]["base_url"] == f"http://localhost:{port}/celigo/v1"


def test_a_sandbox_without_a_name_is_given_a_random_one(control: Control) -> None:
    names = {control.done("POST", "/sandboxes")["name"] for _ in range(3)}
    assert len(names) == 3
    listed = [sandbox["name"] for sandbox in control.done("GET", "/sandboxes")["sandboxes"]]
    assert {"default", *names} == set(listed)


def test_creation_returns_the_place_of_the_sandbox(control: Control) -> None:
    response = control.ask("POST", "/sandboxes", json={"name": "alpha"})
    assert response.headers["Location"] == "/_emulator/sandboxes/alpha"


def test_a_sandbox_begins_as_it_was_asked_for_and_so_again_after_a_reset(control: Control, tmp_path: Path) -> None:
    (tmp_path / "secoda").mkdir()
    (tmp_path / "secoda" / "integrations.yaml").write_text("records: []\n")
    wanted = {
        "name": "alpha",
        "seed": 7,
        "scenarios": ["celigo/flaky", "*/outage"],
        "clock": {"now": "2030-01-01T02:00:00+02:00", "frozen": True},
        "switches": {"celigo.empty_list_status": 204},
        "fixtures": str(tmp_path),
    }

    def as_wanted(told: Any) -> bool:
        outages = {f"{vendor}/outage" for vendor in told["vendors"]}
        return (
            told["seed"] == 7
            and set(told["scenarios"]) == {"celigo/flaky", *outages}
            and told["clock"] == {"now": "2030-01-01T00:00:00Z", "frozen": True}
            and told["switches"]["celigo.empty_list_status"] == 204
            and control.done("GET", "/sandboxes/alpha/state/secoda.integrations")["total"] == 0
        )

    assert as_wanted(control.sandbox(**wanted))
    control.done("PUT", "/sandboxes/alpha/clock", json={"frozen": False})
    control.done("PATCH", "/sandboxes/alpha/switches", json={"celigo.empty_list_status": 200})
    control.done("DELETE", "/sandboxes/alpha/scenarios/*/*")
    control.done("POST", "/sandboxes/alpha/state/populate", json={"collection": "secoda.integrations", "count": 2})
    control.done("POST", "/sandboxes/alpha/faults", json={"vendor": "celigo", "delay": {"fixed": 0}})
    assert not as_wanted(control.done("GET", "/sandboxes/alpha"))
    assert as_wanted(control.done("POST", "/sandboxes/alpha/reset"))
    assert {fault["scenario"] for fault in control.done("GET", "/sandboxes/alpha/faults")["faults"]} != {None}


def test_a_fixture_that_is_wrong_is_refused_with_its_place(control: Control, tmp_path: Path) -> None:
    (tmp_path / "secoda").mkdir()
    (tmp_path / "secoda" / "integrations.yaml").write_text("records:\n  - {id: 1}\n")
    status, detail = control.refused("POST", "/sandboxes", json={"fixtures": str(tmp_path)})
    assert status == 422
    assert "secoda/integrations.yaml line 2, /records/0" in detail


def test_a_dropped_sandbox_is_gone_and_its_name_free(control: Control) -> None:
    control.sandbox(name="alpha")
    control.done("DELETE", "/sandboxes/alpha")
    assert control.refused("GET", "/sandboxes/alpha")[0] == 404
    assert control.client.get(f"{control.url}/~alpha{INTEGRATIONS}", headers=SECODA).status_code == 404
    assert control.sandbox(name="alpha")["name"] == "alpha"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/sandboxes/alpha/clock", {}),
        ("/clock", {"X-Emulator-Sandbox": "alpha"}),
    ],
)
def test_a_sandbox_is_named_by_path_or_header(control: Control, path: str, headers: dict[str, str]) -> None:
    clock = {"now": "2030-01-01T00:00:00Z", "frozen": True}
    control.sandbox(name="alpha", clock=clock)
    assert control.done("GET", path, headers=headers) == clock
    assert not control.done("GET", "/clock")["frozen"]


def test_a_sandbox_is_named_by_the_prefix_of_the_control_api_too(control: Control) -> None:
    control.sandbox(name="alpha", clock={"frozen": True})
    response = control.client.get(f"{control.url}/~alpha/_emulator/clock")
    assert response.json()["frozen"]
    for name in ("beta", "", "al%2Fpha", "al pha"):
        response = control.client.get(f"{control.url}/~{name}/_emulator/clock")
        sentence = f"Unknown sandbox {unquote(name)!r}. "
        assert (response.status_code, response.json()["detail"][: len(sentence)]) == (404, sentence)
    status, sentence = control.refused("GET", "/clock", headers={"X-Emulator-Sandbox": "no / where"})
    assert (status, sentence.partition(".")[0]) == (404, "Unknown sandbox 'no / where'")


# Snapshots


def test_a_snapshot_is_restored_as_it_was(control: Control) -> None:
    def state() -> Any:
        names = [one["collection"] for one in control.done("GET", "/state")["collections"]]
        return {name: control.done("GET", f"/state/{name}?limit=10000") for name in names}

    assert control.done("POST", "/snapshots", json={"name": "before"})["name"] == "before"
    before = state()
    created = control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={"name": "Sales"}).json()
    control.done("DELETE", "/state/celigo.credentials/celigo-token")
    assert state() != before
    control.done("POST", "/snapshots/before/restore")
    assert state() == before
    assert control.client.get(f"{control.url}{INTEGRATIONS}/{created['id']}", headers=SECODA).status_code == 404
    celigo = control.client.get(
        f"{control.url}/celigo/v1/integrations", headers={"Authorization": "Bearer celigo-token"}
    )
    assert celigo.status_code == 200


def test_no_id_is_given_twice_after_a_restore(control: Control) -> None:
    def create() -> Any:
        return control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={}).json()["id"]

    first = create()
    control.done("POST", "/snapshots", json={"name": "one"})
    control.done("POST", "/reset")
    control.done("POST", "/snapshots/one/restore")
    assert len({first, create(), create()}) == 3


def test_snapshots_survive_a_reset_are_replaced_and_forgotten(control: Control) -> None:
    for name in ("b", "a", "b"):
        control.done("POST", "/snapshots", json={"name": name})
    control.done("POST", "/reset")
    assert [one["name"] for one in control.done("GET", "/snapshots")["snapshots"]] == ["a", "b"]
    control.done("DELETE", "/snapshots/a")
    assert [one["name"] for one in control.done("GET", "/snapshots")["snapshots"]] == ["b"]


def test_a_snapshot_is_a_file_that_any_sqlite_tool_opens_and_changes(control: Control, tmp_path: Path) -> None:
    control.done("POST", "/snapshots", json={"name": "before"})
    response = control.ask("GET", "/snapshots/before")
    assert response.headers["Content-Type"] == "application/vnd.sqlite3"
    file = tmp_path / "before.sqlite3"
    file.write_bytes(response.content)
    with sqlite3.connect(file) as db:
        names = [name for (name,) in db.execute("SELECT json_extract(record, '$.name') FROM \"secoda.integrations\"")]
        db.execute("UPDATE \"secoda.integrations\" SET record = json_set(record, '$.name', 'Changed')")
    db.close()
    assert "Changed" not in names
    uploaded = control.ask("PUT", "/snapshots/changed", **sent(file.read_bytes()))
    assert (uploaded.status_code, uploaded.json()["name"]) == (201, "changed")
    control.done("POST", "/snapshots/changed/restore")
    listed = control.client.get(control.url + INTEGRATIONS, headers=SECODA).json()["results"]
    assert {integration["name"] for integration in listed} == {"Changed"}


def _changed(file: Path, *statements: str) -> bytes:
    db = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()
    return file.read_bytes()


SCRIPT, DEEP = "5fd0a1b2c3d4e5f60718293a", '{"a":' * 1000 + "1" + "}" * 1000
NO_OBJECT = f"the record '{SCRIPT}' of celigo.scripts is not a JSON object of up to 200 levels."
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT count(*) FROM n"
UPLOADS_REFUSED = [
    (['DROP TABLE "secoda.syncs"'], "has another schema: missing: ['secoda.syncs']"),
    (["CREATE TABLE extra (x)"], "; unexpected: ['extra']"),
    (["CREATE TRIGGER t AFTER INSERT ON sequences BEGIN SELECT 1; END"], "; unexpected: ['t']"),
    # Of a name that `LIKE 'sqlite_%'` finds, and with a query that never ends.
    ([f"CREATE TRIGGER sqliteX AFTER INSERT ON sequences BEGIN {ENDLESS}; END"], "; unexpected: ['sqliteX']"),
    ([f"CREATE VIEW sqliteV AS {ENDLESS}"], "; unexpected: ['sqliteV']"),
    (["UPDATE \"celigo.scripts\" SET record = '{'"], NO_OBJECT),
    (["UPDATE \"celigo.scripts\" SET record = '[]'"], NO_OBJECT),
    (["UPDATE \"celigo.scripts\" SET record = x'7b7d'"], NO_OBJECT),
    ([f"UPDATE \"celigo.scripts\" SET record = '{DEEP}'"], NO_OBJECT),
    (
        ["UPDATE \"celigo.scripts\" SET record = CAST(x'7b2261223a22ff227d' AS TEXT)"],
        "cannot be read: Could not decode",
    ),
    (["UPDATE \"celigo.scripts\" SET record = '{}'"], "the record None of celigo.scripts: the record has no _id."),
    (
        ["UPDATE \"celigo.scripts\" SET record = json_set(record, '$._id', 'ffffffffffffffffffffffff')"],
        f"the record '{SCRIPT}' of celigo.scripts has a different _id.",
    ),
    (
        ["UPDATE \"celigo.integrations\" SET record = json_remove(record, '$.flowGroupings')"],
        "of celigo.integrations, /flowGroupings: 'flowGroupings' is a required property.",
    ),
    (
        ["UPDATE \"secoda.credentials\" SET record = json_remove(record, '$.rights') WHERE id = 'secoda-token'"],
        "the record 'seco…' of secoda.credentials, /rights: 'rights' is a required property.",
    ),
    (["INSERT INTO sequences VALUES ('draws 1:x', 9223372036854775807)"], "'draws 1:x' is at 9223372036854775807."),
    (["INSERT INTO sequences VALUES ('draws 1:x', 'many')"], "the sequence 'draws 1:x' is at 'many'."),
]


@pytest.mark.parametrize(("statements", "sentence"), UPLOADS_REFUSED)
def test_an_upload_that_could_not_be_restored_is_refused_and_changes_nothing(
    control: Control, tmp_path: Path, statements: list[str], sentence: str
) -> None:
    control.done("POST", "/snapshots", json={"name": "kept"})
    kept = control.ask("GET", "/snapshots/kept").content
    (tmp_path / "file").write_bytes(kept)
    status, detail = control.refused("PUT", "/snapshots/kept", **sent(_changed(tmp_path / "file", *statements)))
    assert (status, sentence in detail) == (422, True), detail
    assert control.ask("GET", "/snapshots/kept").content == kept


@pytest.mark.parametrize("statements", [["PRAGMA page_size = 8192", "VACUUM"], ["PRAGMA journal_mode = WAL"]])
def test_an_upload_is_accepted_with_any_layout_of_its_rows(
    control: Control, tmp_path: Path, statements: list[str]
) -> None:
    control.done("POST", "/snapshots", json={"name": "kept"})
    kept = control.ask("GET", "/snapshots/kept").content
    (tmp_path / "file").write_bytes(kept)
    uploaded = control.ask("PUT", "/snapshots/other", **sent(_changed(tmp_path / "file", *statements)))
    assert (uploaded.status_code, uploaded.json()["bytes"]) == (201, len(kept))


@pytest.mark.parametrize("damage", [lambda file: file[:5000], lambda file: file[:4096] + bytes(len(file) - 4096)])
def test_a_damaged_upload_is_refused(control: Control, damage: Any) -> None:
    control.done("POST", "/snapshots", json={"name": "kept"})
    kept = control.ask("GET", "/snapshots/kept").content
    status, detail = control.refused("PUT", "/snapshots/other", **sent(damage(kept)))
    assert (status, detail.startswith("This SQLite file cannot be")) == (422, True), detail
    assert [one["name"] for one in control.done("GET", "/snapshots")["snapshots"]] == ["kept"]


# Scenarios and faults


def test_a_scenario_is_switched_on_and_off(control: Control) -> None:
    path = "/scenarios/secoda/rate-limited"
    (switched,) = control.done("PUT", path)["scenarios"]
    assert (switched["vendor"], switched["name"], switched["active"]) == ("secoda", "rate-limited", True)
    assert control.client.get(control.url + INTEGRATIONS, headers=SECODA).status_code == 429
    active = [one for one in control.done("GET", "/scenarios")["scenarios"] if one["active"]]
    assert active == [switched]
    (off,) = control.done("DELETE", path)["scenarios"]
    assert off == {**switched, "active": False}
    assert control.client.get(control.url + INTEGRATIONS, headers=SECODA).status_code == 200


def test_a_star_means_every_vendor_that_has_it(control: Control, catalogue: Catalogue) -> None:
    switched = control.done("PUT", "/scenarios/*/outage")["scenarios"]
    assert [one["vendor"] for one in switched] == list(catalogue.vendors)
    assert all(one["active"] for one in switched)
    off = control.done("DELETE", "/scenarios/*/*")["scenarios"]
    assert len(off) > len(switched)
    assert not any(one["active"] for one in off)


def test_an_armed_fault_is_shown_with_its_hits(control: Control) -> None:
    wanted = {"vendor": "secoda", "operation": "listIntegrations", "when": {"times": 2}, "reply": {"status": 503}}
    armed = control.done("POST", "/faults", json=wanted)
    sentence = "Each of the first 2 calls of listIntegrations of secoda gets 503."
    assert armed == {"id": armed["id"], "scenario": None, "sentence": sentence, "hits": 0, "fault": wanted}
    statuses = [control.client.get(control.url + INTEGRATIONS, headers=SECODA).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert control.done("GET", f"/faults/{armed['id']}") == {**armed, "hits": 2}
    exchange = control.done("GET", "/journal?status=503")["exchanges"][0]
    assert exchange["faults"] == [armed["id"]]
    control.done("DELETE", f"/faults/{armed['id']}")
    assert control.refused("GET", f"/faults/{armed['id']}")[0] == 404


def test_a_fault_is_checked_and_not_armed(control: Control) -> None:
    said = control.done("POST", "/faults/check", json={"vendor": "secoda", "reply": {"status": 503}, "force": True})
    assert said == {"sentence": "Every call of secoda gets 503."}
    status, sentence = control.refused("POST", "/faults/check", json={"vendor": "nobody", "delay": 1})
    assert (status, "nobody" in sentence) == (422, True)
    assert control.done("GET", "/faults") == {"faults": []}
    # Chance depends on the id: a check uses none up.
    assert control.done("POST", "/faults", json={"vendor": "secoda", "delay": 0})["id"] == "fault-1"


def test_a_fault_of_a_scenario_is_disarmed_only_with_the_scenario(control: Control) -> None:
    control.done("PUT", "/scenarios/secoda/rate-limited")
    control.done("POST", "/faults", json={"vendor": "secoda", "delay": {"fixed": 0}})
    (first, second) = control.done("GET", "/faults")["faults"]
    assert (first["scenario"], second["scenario"]) == ("secoda/rate-limited", None)
    assert first["fault"]["vendor"] == "secoda"
    path = f"/faults/{first['id'].replace('/', '%2F').replace('#', '%23')}"
    assert control.done("GET", path) == first
    status, sentence = control.refused("DELETE", path)
    assert (status, "DELETE scenarios/secoda/rate-limited ends both" in sentence) == (409, True)
    control.done("DELETE", "/faults")
    assert control.done("GET", "/faults")["faults"] == [first]


def test_numbers_may_be_written_as_floats(control: Control) -> None:
    control.done("POST", "/faults", json={"vendor": "secoda", "when": {"nth": 1.0}, "reply": {"status": 429.0}})
    assert control.client.get(control.url + INTEGRATIONS, headers=SECODA).status_code == 429
    assert control.sandbox(name="alpha", seed=7.0)["seed"] == 7
    told = control.done("POST", "/state/populate", json={"collection": "secoda.integrations", "count": 2.0})
    assert len(told["records"]) == 2


# Journal


def test_journal_is_filtered(control: Control) -> None:
    control.client.get(control.url + INTEGRATIONS, headers=SECODA)
    control.client.get(f"{control.url}{INTEGRATIONS}/nothing", headers=SECODA)
    control.client.get(f"{control.url}/celigo/v1/integration", headers={})
    control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={"colour": "red"})

    def ids(query: str) -> list[int]:
        return [exchange["id"] for exchange in control.done("GET", f"/journal?{query}")["exchanges"]]

    assert ids("") == [1, 2, 3, 4]
    assert ids("vendor=celigo") == [3]
    assert ids("operation=list*") == [1]
    assert ids("status=201") == [4]
    assert ids("unmatched=true") == [3]
    assert 4 in ids("violations=true")
    assert ids("since=2") == [3, 4]
    assert (ids("limit=1"), ids("since=0&limit=1")) == ([4], [1])
    (unmatched,) = control.done("GET", "/journal?unmatched=true")["exchanges"]
    assert unmatched["near_misses"][0]["operation"] == "listIntegrations"


def test_journal_is_read_by_pages(control: Control) -> None:
    for _ in range(5):
        control.client.get(control.url + INTEGRATIONS, headers=SECODA)
    pages: list[list[int]] = []
    since: int | None = 0
    while since is not None:
        told = control.done("GET", "/journal", params={"since": since, "limit": 2, "operation": "list*"})
        pages.append([exchange["id"] for exchange in told["exchanges"]])
        since = told["next"]
    assert pages == [[1, 2], [3, 4], [5]]
    assert control.done("GET", "/journal")["next"] is None
    assert control.done("GET", "/journal", params={"limit": 2})["next"] is None


def test_a_long_journal_is_written_in_pieces_each_made_when_it_is_sent() -> None:
    asked: list[int] = []

    def document(number: int) -> str:
        asked.append(number)
        return "x" * 1000

    sent, most = b"", 0
    for piece in pieces(b'{"all":[', range(1000), document, b'],"n":1}'):
        assert len(piece) <= PIECE_BYTES + 1100
        most = max(most, len(asked) - sent.count(b"x" * 1000))
        sent += piece
    assert json.loads(sent) == {"all": ["x" * 1000] * 1000, "n": 1}
    assert most <= PIECE_BYTES // 1000 + 1


def test_journal_and_har_are_valid_against_their_schemas(control: Control) -> None:
    control.client.get(control.url + INTEGRATIONS, headers=SECODA)
    control.client.post(f"{control.url}/secoda/nowhere", content=b"x", headers={"Content-Type": "text/plain"})
    operations = own_contract().operations
    for operation, path in (("listExchanges", "/journal"), ("getHar", "/journal.har")):
        document = control.done("GET", path)
        assert check_reply(Reply(200, document), operations[operation].responses) == []


def test_journal_is_cleared_and_its_numbers_continue(control: Control) -> None:
    for _ in range(2):
        control.client.get(control.url + INTEGRATIONS, headers=SECODA)
        control.done("DELETE", "/journal")
    control.client.get(control.url + INTEGRATIONS, headers=SECODA)
    told = control.done("GET", "/journal")
    assert ([exchange["id"] for exchange in told["exchanges"]], told["recorded"], told["dropped"]) == ([3], 3, 0)
    assert control.done("GET", "/journal/3") == told["exchanges"][0]
    assert control.refused("GET", "/journal/2")[1].endswith("it keeps those from 3 to 3.")


def test_dropped_exchanges_are_counted(catalogue: Catalogue) -> None:
    with controlled(catalogue, journal_size=2) as (_, control):
        for _ in range(5):
            control.client.get(control.url + INTEGRATIONS, headers=SECODA)
        told = control.done("GET", "/journal")
        assert ([exchange["id"] for exchange in told["exchanges"]], told["recorded"], told["dropped"]) == ([4, 5], 5, 3)
        assert "emulator_journal_dropped_total 3.0" in control.ask("GET", "/metrics").text
        control.done("POST", "/reset")
        assert "emulator_journal_dropped_total 3.0" in control.ask("GET", "/metrics").text


def test_verification_names_what_came_near(control: Control) -> None:
    control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={"name": "Sales"})
    expected = {"vendor": "secoda", "operation": "createIntegration", "where": {"body": {"/name": "Sales"}}}
    passed = control.done("POST", "/journal/verify", json={**expected, "count": 1})
    assert passed == {"passed": True, "matched": 1, "exchanges": [1], "sentence": "", "near_misses": []}
    other = {**expected, "where": {"body": {"/name": "sales"}}}
    failed = control.done("POST", "/journal/verify", json=other)
    assert (failed["passed"], failed["matched"]) == (False, 0)
    assert failed["near_misses"] == [{"id": 1, "differences": ["body /name is 'Sales', not 'sales'"]}]


def test_har_contains_the_exchanges(control: Control) -> None:
    control.client.get(control.url + INTEGRATIONS, headers=SECODA)
    (entry,) = control.done("GET", "/journal.har")["log"]["entries"]
    assert (entry["request"]["method"], entry["response"]["status"]) == ("GET", 200)
    assert "secoda-token" not in str(entry["request"])


def test_har_of_a_part_of_the_journal(control: Control) -> None:
    for _ in range(4):
        control.client.get(control.url + INTEGRATIONS, headers=SECODA)

    def numbers(query: str) -> list[int]:
        return [entry["_id"] for entry in control.done("GET", f"/journal.har?{query}")["log"]["entries"]]

    assert (numbers("since=1&limit=2"), numbers("limit=1"), numbers("since=4")) == ([2, 3], [4], [])


# Clock, switches, state


def test_clock_is_set_frozen_advanced_and_made_real_again(control: Control) -> None:
    frozen = {"now": "2030-01-01T00:00:00Z", "frozen": True}
    assert control.done("PUT", "/clock", json=frozen) == frozen
    assert control.done("POST", "/clock/advance", json={"seconds": 3600.5})["now"] == "2030-01-01T01:00:00.500000Z"
    created = control.client.post(control.url + INTEGRATIONS, headers=SECODA, json={}).json()
    assert created["created_at"] == "2030-01-01T01:00:00Z"
    running = control.done("PUT", "/clock", json={"frozen": False})
    assert (running["now"][:19], running["frozen"]) == ("2030-01-01T01:00:00", False)
    assert not control.done("PUT", "/clock", json={"now": None})["now"].startswith("2030-01-01T01")


def test_switches_are_set_for_this_sandbox_only(control: Control, catalogue: Catalogue) -> None:
    known = {f"{name}.{switch}" for name, contract in catalogue.contracts.items() for switch in contract.switches}
    control.sandbox(name="alpha")
    told = control.done("PATCH", "/sandboxes/alpha/switches", json={"celigo.empty_list_status": 204})
    assert told.keys() == known
    assert told["celigo.empty_list_status"] == 204
    assert control.done("GET", "/switches")["celigo.empty_list_status"] == 200


def test_one_wrong_switch_leaves_all_as_they_were(control: Control) -> None:
    before = control.done("GET", "/switches")
    control.refused("PATCH", "/switches", json={"celigo.empty_list_status": 204, "celigo.x": 1})
    assert control.done("GET", "/switches") == before


def test_collections_are_counted_and_paged(control: Control, catalogue: Catalogue) -> None:
    told = {one["collection"]: one for one in control.done("GET", "/state")["collections"]}
    assert list(told) == [one.name for vendor in catalogue.vendors.values() for one in vendor.collections]
    total = told["secoda.integrations"]["records"]
    assert total > 10
    whole = control.done("GET", "/state/secoda.integrations")
    assert (len(whole["records"]), whole["total"]) == (min(total, 100), total)
    page = control.done("GET", "/state/secoda.integrations?skip=3&limit=2")
    assert (page["records"], page["total"]) == (whole["records"][3:5], total)
    assert control.done("GET", f"/state/secoda.integrations?skip={2**70}")["records"] == []


def test_a_record_is_put_read_replaced_and_removed(control: Control) -> None:
    path, record = "/state/secoda.slack_conversations/a%20%2F%20b", {"id": "a / b", "name": "One"}
    assert control.ask("PUT", path, json=record).status_code == 201
    assert control.done("GET", path) == record
    assert control.ask("PUT", path, json={**record, "name": "Two"}).status_code == 200
    assert control.done("GET", path)["name"] == "Two"
    assert control.ask("DELETE", path).status_code == 204
    assert control.refused("DELETE", path)[0] == 404


def test_an_invalid_record_can_be_forced(control: Control) -> None:
    path, record = "/state/immuta.tags/99", {"id": 99, "colour": "red"}
    assert control.refused("PUT", path, json=record)[0] == 422
    assert control.done("PUT", f"{path}?force=true", json=record) == record


def test_a_credential_that_is_put_can_be_used_at_once_and_not_when_it_is_removed(control: Control) -> None:
    path = "/state/secoda.credentials/mine"
    headers = {"Authorization": "Bearer mine"}
    control.done("PUT", path, json={"id": "mine", "user": "u", "rights": "read"})
    assert control.client.get(control.url + INTEGRATIONS, headers=headers).status_code == 200
    assert control.client.post(control.url + INTEGRATIONS, headers=headers, json={}).status_code == 403
    control.done("DELETE", path)
    assert control.client.get(control.url + INTEGRATIONS, headers=headers).status_code == 401


def test_populate_adds_other_records_each_time(control: Control, catalogue: Catalogue) -> None:
    able = [one for vendor in catalogue.vendors.values() for one in vendor.collections if one.populate]
    assert {one.name for one in able} > {"celigo.flows", "paradime.bolt_schedules", "secoda.integrations"}
    for collection in able:
        before = control.done("GET", f"/state/{collection.name}")["total"]
        for times in (1, 2):
            body = {"collection": collection.name, "count": 5}
            added = control.done("POST", "/state/populate", json=body)["records"]
            assert len(added) == 5
            page = control.done("GET", f"/state/{collection.name}?limit=1000")
            assert page["total"] == before + 5 * times
            assert all(record in page["records"] for record in added)
        for record in added:
            # What is put is validated.
            control.done("PUT", f"/state/{collection.name}/{record[collection.key]}", json=record)


# The API's own documents, and how it is asked


def test_wrong_path_and_method_name_the_right_ones(control: Control) -> None:
    status, sentence = control.refused("GET", "/nonsense")
    assert status == 404
    assert sentence.startswith("Unknown path '/nonsense' of the control API. Did you mean '/openapi.json', '/docs' ")
    assert sentence.endswith("? GET /_emulator/docs lists all paths.")
    response = control.ask("POST", "/clock", json={})
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, PUT")
    assert response.json()["detail"] == "/clock takes GET, PUT, not POST."
    assert control.refused("POST", "") == (405, "/_emulator takes DELETE, GET, not POST.")


@pytest.mark.parametrize("operation", sorted(name for name, one in OPERATIONS.items() if one.method == "GET"))
def test_head_is_get_without_the_body(control: Control, operation: str) -> None:
    path = command_for(operation).url.removeprefix("emulator/_emulator")
    response = control.ask("HEAD", path)
    assert response.content == b""
    if operation != "streamExchanges":
        assert response.status_code == control.ask("GET", path).status_code


def test_only_so_many_faults_can_be_armed(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control.faults.MOST_FAULTS", 2)
    fault = {"vendor": "celigo", "delay": {"fixed": 0}}
    ids = [control.done("POST", "/faults", json=fault)["id"] for _ in range(2)]
    refusal = "There are 2 faults armed already; disarm some: DELETE faults, or faults/ID."
    assert control.refused("POST", "/faults", json=fault) == (422, refusal)
    control.done("DELETE", f"/faults/{ids[0]}")
    control.done("POST", "/faults", json=fault)


@pytest.mark.parametrize(("quick", "thread"), [(0, "off_loop"), (4 * 1024**2, "emulator")])
def test_a_large_journal_is_verified_off_the_event_loop(
    emulator: EmulatorUnderTest, control: Control, monkeypatch: pytest.MonkeyPatch, quick: int, thread: str
) -> None:
    threads = []

    see = Verifier.see

    def noting(verifier: Verifier, exchanges: Iterable[Exchange]) -> None:
        threads.append(threading.current_thread().name)
        see(verifier, exchanges)

    monkeypatch.setattr("emulator.journal.waiting.QUICK_BYTES", quick)
    monkeypatch.setattr(Verifier, "see", noting)
    emulator.call("celigo", "GET", "/integrations")
    found = control.done("POST", "/journal/verify?documents=true", json={"operation": "listIntegrations"})
    assert (found["passed"], len(found["documents"]), threads) == (True, 1, [thread])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SALE", ["Sales 100%", "sale_s", 'a "sale!"']),
        ("100%", ["Sales 100%"]),
        ("e_s", ["sale_s"]),
        ('"sale!"', ['a "sale!"']),
        ("'; DROP", []),
        ("größe", ["Größe größe"]),
    ],
)
def test_records_that_contain_a_text_are_listed(control: Control, text: str, names: list[str]) -> None:
    path = "/state/secoda.integrations"
    for name in ("Sales 100%", "sale_s", 'a "sale!"', "Größe größe"):
        control.done("POST", path, json={"name": name})
    found = control.done("GET", path, params={"text": text})
    assert sorted(record["name"] for record in found["records"]) == sorted(names)
    page = control.done("GET", path, params={"text": text, "skip": 1, "limit": 1})
    assert (page["records"], page["total"], found["total"]) == (found["records"][1:2], len(names), len(names))
