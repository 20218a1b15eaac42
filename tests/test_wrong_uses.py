"""Wrong uses and their full messages: what is wrong, what is allowed, what is similar."""

# ruff: noqa: E501 - sentences are given as a whole

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.catalogue import Catalogue, credential_check, read_scenarios
from emulator.client import Client, EmulatorError, SandboxClient
from emulator.errors import ConfigurationError
from emulator.sandbox.fixtures import read_fixtures
from emulator.settings import read_settings
from tests.conftest import EmulatorUnderTest
from tests.test_cli import Run, command

__all__ = ["command"]


@pytest.fixture(scope="module")
def client(_server: Any) -> Iterator[Client]:
    with Client(_server.url) as client:
        yield client


@pytest.fixture(scope="module")
def sandbox(client: Client) -> Iterator[SandboxClient]:
    with client.create_sandbox("wrong-uses") as sandbox:
        yield sandbox


PYTHON: list[tuple[Callable[[SandboxClient], Any], str]] = [
    (
        lambda box: box.scenario("outage"),
        "The scenario 'outage' needs its vendor; write celigo/outage, immuta/outage, paradime/outage, secoda/outage or */outage.",
    ),
    (
        lambda box: box.scenario("secoda/outrage"),
        "Unknown scenario 'secoda/outrage'. Did you mean 'secoda/outage', 'secoda/timeout' or 'secoda/unauthorized'? `emulator scenarios` lists all scenarios.",
    ),
    (
        lambda box: box.scenario("*/outrage"),
        "Unknown scenario '*/outrage'. Did you mean 'secoda/outage', 'immuta/outage' or 'celigo/outage'? `emulator scenarios` lists all scenarios.",
    ),
    (
        lambda box: box.fault(vendor="secodda", status=500),
        "Invalid fault: unknown vendor 'secodda'. Did you mean 'secoda'? Known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        lambda box: box.fault(vendor="secoda", operation="createIntegratoin", status=500),
        "Invalid fault: unknown operation 'createIntegratoin' of secoda. Did you mean 'createIntegration', 'getIntegration' or 'deleteIntegration'? `emulator operations --vendor secoda` lists all operations.",
    ),
    (
        lambda box: box.fault(vendor="immuta", operation="nothing", status=500),
        "Invalid fault: unknown operation 'nothing' of immuta. Some operations: addProjectDataSources, addTags, authenticateApiKey. `emulator operations --vendor immuta` lists all operations.",
    ),
    (
        lambda box: box.fault(vendor="secoda", operation="getIntegration", status=418),
        "Invalid fault: status 418 is not in the contract (getIntegration: 200, 400, 401, 403, 404, 429, 500, 503); force=True allows it.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, when={"time": 2}),  # type: ignore[arg-type]
        "when.time: unknown field 'time'. Did you mean 'times'? Known fields: after, nth, every, times, probability, between, over, per, follows.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, reply={"stauts": 500}),  # type: ignore[arg-type]
        "reply.stauts: unknown field 'stauts'. Did you mean 'status'? Known fields: status, body, headers.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, reply={"status": 429}),
        "Give either status or the status of reply.",
    ),
    (
        lambda box: box.fault(vendor="secoda", delay={"fixd": 2}),  # type: ignore[arg-type]
        "delay.fixd: unknown field 'fixd'. Did you mean 'fixed'? Known fields: fixed, uniform, lognormal, clock.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, where={"path": {"integration_id": {"regex": "(?=a)"}}}),
        'Invalid fault: where: path integration_id: invalid: "(?=a)" is not a valid regular expression (look-around and back references are not supported).',
    ),
    (
        lambda box: box.fault(vendor="secoda", delay=-1),
        "delay: -1 is less than the minimum of 0.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, when={"nth": "first"}),  # type: ignore[arg-type]
        "when.nth: 'first' is not of type 'integer', 'array'. Write it like 2.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, only="read"),  # type: ignore[arg-type]
        "only: unknown value 'read'. Did you mean 'reads'? Known values: reads, writes.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, commit="afterwards"),  # type: ignore[arg-type]
        "commit: unknown value 'afterwards'. Did you mean 'after'? Known values: before, after.",
    ),
    (lambda box: box.fault(vendor="secoda"), "Invalid fault: a fault needs a reply, a delay, a connection or graphql."),
    (
        lambda box: box.fault(vendor="secoda", status=500, connection="reset"),
        "Invalid fault: connection reset sends no reply, so it cannot be combined with one.",
    ),
    (
        lambda box: box.fault(vendor="secoda", graphql={"errors": [{"message": "x"}]}),
        "Invalid fault: secoda has no GraphQL operations; use a reply.",
    ),
    (
        lambda box: box.fault(vendor="secoda", reply={"status": 500, "headers": {"X A": "a"}}),
        "Invalid fault: invalid header 'X A': 'a'.",
    ),
    (
        lambda box: box.verify("createIntegratoin"),
        "Unknown operation 'createIntegratoin'. Did you mean 'createIntegration', 'getIntegration' or 'updateIntegration'? `emulator operations` lists all operations.",
    ),
    (
        # A glob that matches nothing would pass with count=0 whatever is called.
        lambda box: box.verify("zzz*", vendor="secoda", count=0),
        "Unknown operation 'zzz*' of secoda. Some operations: createChart, createCollection, createColumn. `emulator operations --vendor secoda` lists all operations.",
    ),
    (
        lambda box: box.verify("createIntegration", vendor="secodda"),
        "Unknown vendor 'secodda'. Did you mean 'secoda'? Known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        lambda box: box.journal.select(vendor="secodda"),
        "Unknown vendor 'secodda'. Did you mean 'secoda'? Known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        lambda box: box.journal.select(operation="listIntegration"),
        "Unknown operation 'listIntegration'. Did you mean 'listIntegrations', 'listIntegrationFlows' or 'listIntegrationErrors'? `emulator operations` lists all operations.",
    ),
    (
        lambda box: box.switches.update({"celigo.emptylist_status": 204}),
        "Unknown switch 'celigo.emptylist_status'. Did you mean 'celigo.empty_list_status', 'celigo.malformed_id_status' or 'celigo.patch_refused_status'? list(….switches) lists all switches.",
    ),
    (
        lambda box: box.switches.update({"secodda.bad_rows": "refused"}),
        "Unknown vendor 'secodda' of the switch 'secodda.bad_rows'. Did you mean 'secoda'? Known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        lambda box: box.switches.update({"secoda.bad_rows": "refuse"}),
        "secoda.bad_rows is 'refuse'; it takes recorded, refused.",
    ),
    (
        lambda box: box.switches.update({"secoda.torn_pages": "yes"}),
        "secoda.torn_pages is 'yes'; it takes false, true.",
    ),
    (
        lambda box: box.state(3).list(),  # type: ignore[arg-type]
        "Unknown collection '3'. Some collections: celigo.credentials, celigo.connections, celigo.exports. collections() lists all collections.",
    ),
    (
        lambda box: box.state("secoda.integration").list(),
        "Unknown collection 'secoda.integration'. Did you mean 'secoda.integrations', 'secoda.lineage' or 'secoda.slack_conversations'? collections() lists all collections.",
    ),
    (
        lambda box: box.state("celigo.script").put({"_id": "x"}),
        "Unknown collection 'celigo.script'. Did you mean 'celigo.scripts', 'celigo.imports' or 'celigo.audit'? collections() lists all collections.",
    ),
    (lambda box: box.state("celigo.scripts").put({"name": "x"}), "A record of celigo.scripts needs its _id."),
    (
        lambda box: box.state("immuta.tags").put({"id": 9, "nam": "x"}),
        "The record violates the schema of immuta.tags: /name: 'name' is a required property; /color: 'color' is a required property; /description: 'description' is a required property; /source: 'source' is a required property; /deleted: 'deleted' is a required property; /systemCreated: 'systemCreated' is a required property; /createdBy: 'createdBy' is a required property; /createdAt: 'createdAt' is a required property; /updatedAt: 'updatedAt' is a required property; /nam: unknown field 'nam'. Did you mean 'name'? Known fields: id, name, color, description, source, deleted, systemCreated, createdBy, createdAt, updatedAt. Pass force=True to store it as it is.",
    ),
    (
        lambda box: box.restore("yesterday"),
        "Unknown snapshot 'yesterday' in the sandbox wrong-uses. There are no snapshots.",
    ),
    (
        lambda box: box.secodda,  # type: ignore[attr-defined]
        "unknown attribute 'secodda' of a sandbox. Did you mean 'secoda', 'seed' or 'conduct'? dir() lists all attributes",
    ),
    (
        lambda box: box.fualt,  # type: ignore[attr-defined]
        "unknown attribute 'fualt' of a sandbox. Did you mean 'fault' or 'journal'? dir() lists all attributes",
    ),
    (
        lambda box: box.vendors["celgo"],
        "unknown vendor 'celgo'. Did you mean 'celigo'? Known vendors: celigo, immuta, paradime, secoda",
    ),
    (
        lambda box: box.changes()["secoda.integrations"],
        "unknown collection 'secoda.integrations' with changes. There are no collections with changes",
    ),
    (
        lambda box: box.scenario("nonsense/zzzz"),
        "Unknown scenario 'nonsense/zzzz'. Some scenarios: celigo/bad-request, celigo/connection-reset, celigo/empty-lists-204. `emulator scenarios` lists all scenarios.",
    ),
    (
        lambda box: box.scenario(""),
        "Unknown scenario ''. Some scenarios: celigo/bad-request, celigo/connection-reset, celigo/empty-lists-204. `emulator scenarios` lists all scenarios.",
    ),
    (
        lambda box: box.scenario("secoda/"),
        "Unknown scenario 'secoda/'. Did you mean 'secoda/slow', 'secoda/flaky' or 'secoda/outage'? `emulator scenarios` lists all scenarios.",
    ),
    (
        lambda box: box.fault(
            vendor="secoda", status=500, when={"follows": {"vendor": "celigo", "operation": "createIntegratio"}}
        ),
        "Invalid fault: follows: unknown operation 'createIntegratio' of celigo. Did you mean 'createIntegration', 'getIntegration' or 'updateIntegration'? `emulator operations --vendor celigo` lists all operations.",
    ),
    (
        lambda box: box.secoda.credentials["owner"],
        "unknown rights 'owner' of a credential. Known rights: full, read, expired",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, when=3),  # type: ignore[arg-type]
        "when: 3 is not of type 'object'. Write it like {\"times\": 2}. Known fields: after, nth, every, times, probability, between, over, per, follows.",
    ),
    (
        lambda box: box.fault(vendor="secoda", reply=429),  # type: ignore[arg-type]
        "reply: 429 is not of type 'object'. Write it like {\"status\": 429}. Known fields: status, body, headers.",
    ),
    (
        lambda box: box.fault(vendor="secoda", connection={"drip": 100}),  # type: ignore[arg-type]
        "connection.drip: 100 is not of type 'object'. Write it like {\"bytes_per_second\": 100}. Known fields: bytes_per_second.",
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, where={"body": "Sales"}),  # type: ignore[arg-type]
        'where.body: \'Sales\' is not of type \'object\'. Write it like {"name": "Sales", "/tags/0": "a"}.',
    ),
    (
        lambda box: box.fault(vendor="secoda", status=500, when={"between": ["2030-01-01T00:00:00Z", "soon"]}),
        "when.between[1]: 'soon' is not a 'date-time'. Write it like \"2030-01-01T00:00:00Z\".",
    ),
    (
        lambda box: box.verify(in_order=["listIntegrations", 3]),  # type: ignore[list-item]
        "in_order[1]: 3 is not of type 'string', 'object'. Write it like \"listIntegrations\".",
    ),
    (
        lambda box: box.verify("getIntegration", vendor="secoda", path={"integration": "1"}, count=0),
        "Invalid where: path: unknown parameter 'integration'. Did you mean 'integration_id'? Known parameters: integration_id.",
    ),
    (
        lambda box: box.verify("createIntegration", where={"arguments": {"name": "Sales"}}, count=0),
        "Invalid where: arguments: celigo and secoda have no GraphQL operations.",
    ),
    (
        lambda box: box.verify("addCustomIntegration", where={"arguments": {"nam": "Sales"}}, count=0),
        "Invalid where: arguments: unknown argument 'nam'. Did you mean 'name'? Known arguments: logoUrl, name, nodeTypes.",
    ),
    (
        lambda box: box.verify(in_order=[{"operation": "getIntegration", "where": {"variables": {"id": 1}}}]),
        "Invalid where: variables: celigo and secoda have no GraphQL operations.",
    ),
    (
        lambda box: box.journal.select(vendor="secoda", where={"arguments": {"name": "Sales"}}),
        "Invalid where: arguments: secoda has no GraphQL operations.",
    ),
    (
        lambda box: box.journal.select(
            operation="getIntegration", vendor="secoda", where={"path": {"integration": "1"}}
        ),
        "Invalid where: path: unknown parameter 'integration'. Did you mean 'integration_id'? Known parameters: integration_id.",
    ),
    (
        lambda box: box.journal.select(operation="zzz*"),
        "Unknown operation 'zzz*'. Some operations: addCustomIntegration, addCustomIntegrationNodes, addProjectDataSources. `emulator operations` lists all operations.",
    ),
    (
        lambda box: box.journal.select(limit=-1),
        "limit: -1 is less than the minimum of 0.",
    ),
    (
        lambda box: box.state("secoda.integrations").add_many([{"name": "Sales"}, 3]),  # type: ignore[list-item]
        "records[1]: 3 is not a record; expected an object.",
    ),
    (
        lambda box: box.state("immuta.tags").add(box.state("immuta.tags").list()[0]),
        "immuta.tags has a record whose id is 1 already, or it is given twice; put() replaces a record.",
    ),
    (
        lambda box: box.switches["celigo.emptylist_status"],
        "unknown switch 'celigo.emptylist_status'. Did you mean 'celigo.empty_list_status', 'celigo.malformed_id_status' or 'celigo.patch_refused_status'? list(…) lists all switches",
    ),
    (
        lambda box: box.clock.set("tomorrow"),
        "now: 'tomorrow' is not a 'date-time'. Write it like \"2030-01-01T00:00:00Z\".",
    ),
    (
        lambda box: box.verify("createIntegration", status="2xx"),
        "Invalid expectation: where: status: '2xx' is not a status; write it like 201 or {glob: \"2*\"}.",
    ),
    (
        lambda box: box.journal.select(where={"status": {"equals": True}}),
        'Invalid where: status: True is not a status; write it like 201 or {glob: "2*"}.',
    ),
    (
        lambda box: box.fault(vendor="secoda", delay=float("nan")),
        "The arguments cannot be written as JSON: they contain NaN, an infinity, or themselves.",
    ),
    (
        lambda box: box.state("secoda.integrations").add([{"name": "A"}]),  # type: ignore[arg-type]
        "add takes a record as a mapping, not [{'name': 'A'}]; for several, write add_many(…).",
    ),
    (
        lambda box: box.state("secoda.integrations").add_many(3),  # type: ignore[arg-type]
        "add_many takes a list of records; for a single one, write add(…).",
    ),
    (
        lambda box: box.state("secoda.integrations").put(3),  # type: ignore[arg-type]
        "A record of secoda.integrations needs its id.",
    ),
    (
        lambda box: Client(None),  # type: ignore[arg-type]
        "'None' is not the URL of an emulator; write it like http://127.0.0.1:4070.",
    ),
]


@pytest.mark.parametrize(("use", "sentence"), PYTHON)
def test_in_python(sandbox: SandboxClient, use: Callable[[SandboxClient], Any], sentence: str) -> None:
    with pytest.raises((EmulatorError, AttributeError, KeyError)) as refusal:
        use(sandbox)
    assert refusal.value.args[0] == sentence


CLIENT: list[tuple[Callable[[Client], Any], str]] = [
    (
        lambda client: client.sandbox("wrong-use"),
        "Unknown sandbox 'wrong-use'. Did you mean 'wrong-uses'? Known sandboxes: default, wrong-uses. create_sandbox() creates one.",
    ),
    (
        lambda client: client.create_sandbox(scenarios=["secoda/flakey"]),
        "Unknown scenario 'secoda/flakey'. Did you mean 'secoda/flaky', 'secoda/outage' or 'secoda/slow'? `emulator scenarios` lists all scenarios.",
    ),
    (
        lambda client: client.create_sandbox("No Name"),
        "name: 'No Name' does not match '^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$'. Write it like \"alpha\".",
    ),
    (
        lambda client: client.create_sandbox("default"),
        "The sandbox 'default' already exists; reset() resets it.",
    ),
    (
        lambda client: Client("http://127.0.0.1:4070/_emulator/"),
        "'http://127.0.0.1:4070/_emulator' is the URL of the control API; write http://127.0.0.1:4070.",
    ),
    (lambda client: client.create_sandbox(fixtures="/no/such"), "Fixtures: /no/such is not a folder."),
]


@pytest.mark.parametrize(("use", "sentence"), CLIENT)
def test_with_the_client(client: Client, sandbox: SandboxClient, use: Callable[[Client], Any], sentence: str) -> None:
    with pytest.raises(EmulatorError) as refusal:
        use(client)
    assert str(refusal.value) == sentence


HTTP: list[tuple[str, str, Any, str]] = [
    (
        "GET",
        "/sandboxs",
        None,
        "Unknown path '/sandboxs' of the control API. Did you mean '/sandboxes', '/sandboxes/{sandbox}' or '/docs'? GET /_emulator/docs lists all paths.",
    ),
    (
        "POST",
        "/sandboxes",
        {"sead": 1},
        "body /sead: unknown field 'sead'. Did you mean 'seed'? Known fields: name, seed, scenarios, from, clock, fixtures, switches, strict, ttl, idle.",
    ),
    (
        "GET",
        "/journal?limt=3",
        None,
        "query /limt: unknown query parameter 'limt'. Did you mean 'limit'? Known query parameters: vendor, operation, status, unmatched, stubbed, violations, where, state, since, limit.",
    ),
    (
        "GET",
        "/journal?vendor=immmuta&operation=list*",
        None,
        "Unknown vendor 'immmuta'. Did you mean 'immuta'? Known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        "GET",
        "/journal?vendor=immuta&operation=createTags",
        None,
        "Unknown operation 'createTags' of immuta. Did you mean 'createTag', 'createUser' or 'createDomain'? `emulator operations --vendor immuta` lists all operations.",
    ),
    (
        "POST",
        "/faults",
        {"vendor": "secoda", "connection": "dripp"},
        "body /connection: unknown value 'dripp'. Did you mean 'drip'? Known values: reset, close, truncate, drip.",
    ),
    (
        "POST",
        "/faults",
        {"vendor": "secoda", "connection": {"truncat": {"after_bytes": 1}}},
        "body /connection/truncat: unknown field 'truncat'. Did you mean 'truncate'? Known fields: truncate, drip.",
    ),
    (
        "POST",
        "/faults",
        {"vendor": "secoda", "connection": {"drip": {"bytes_per_second": 0.5}}},
        "body /connection/drip/bytes_per_second: 0.5 is less than the minimum of 1.",
    ),
    (
        "POST",
        "/faults",
        {"vendor": "secoda", "connection": {"drip": {"bytes": 5}}},
        "body /connection/drip/bytes: unknown field 'bytes'. Known fields: bytes_per_second; body /connection/drip/bytes_per_second: 'bytes_per_second' is a required property.",
    ),
    (
        "POST",
        "/faults",
        {"vendor": "secoda", "connection": {}},
        "body /connection: {} should be non-empty. Known fields: truncate, drip.",
    ),
    (
        "POST",
        "/faults",
        {"vendor": "secoda", "connection": 5},
        "body /connection: 5 is not of type 'string', 'object'. Write it like \"reset\".",
    ),
    ("GET", "/faults/f1", None, "Unknown fault 'f1'. There are no faults."),
    (
        "PUT",
        "/clock",
        {"now": "2999-12-31T23:59:60Z"},
        "Invalid time '2999-12-31T23:59:60Z'; write it like 2030-01-01T00:00:00Z.",
    ),
    ("PATCH", "/clock", {}, "/clock takes GET, PUT, not PATCH."),
    (
        "PUT",
        "/scenarios/secodda/outage",
        None,
        "Unknown scenario 'secodda/outage'. Did you mean 'secoda/outage', 'secoda/timeout' or 'celigo/outage'? `emulator scenarios` lists all scenarios.",
    ),
    (
        "GET",
        "/contracts/secoda/openapi.yml",
        None,
        "Unknown file 'openapi.yml' in the contract of secoda. Did you mean 'openapi.yaml', 'probes.yaml' or 'pulls.yaml'? Known files: openapi.yaml, probes.yaml, pulls.yaml, schemas/bulk-change.schema.json, schemas/chart-written.schema.json, schemas/collection-written.schema.json, schemas/column-written.schema.json, schemas/credential.schema.json, schemas/custom-property-written.schema.json, schemas/custom-property.schema.json, schemas/error.schema.json, schemas/failing-tests.schema.json and 34 more.",
    ),
    (
        "POST",
        "/faults",
        {"vendor": "secoda", "replly": {"status": 500}},
        "body /replly: unknown field 'replly'. Did you mean 'reply'? Known fields: vendor, operation, only, where, when, reply, delay, connection, graphql, commit, force.",
    ),
    (
        "POST",
        "/faults",
        {"reply": {"status": 500}},
        "Invalid fault: a fault needs a vendor; known vendors: celigo, immuta, paradime, secoda.",
    ),
    (
        "POST",
        "/snapshots",
        {"names": "x"},
        "body /names: unknown field 'names'. Did you mean 'name'? Known fields: name; body /name: 'name' is a required property.",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "sentence"), HTTP)
def test_over_http(emulator: EmulatorUnderTest, method: str, path: str, body: Any, sentence: str) -> None:
    response = httpx.request(method, f"{emulator.root}/_emulator{path}", json=body)
    assert response.json()["detail"] == sentence


def test_in_the_header_of_a_call(sandbox: SandboxClient) -> None:
    headers = {**sandbox.celigo.headers, "X-Emulator-Scenario": "flakey"}
    response = httpx.get(f"{sandbox.celigo.url}/integrations", headers=headers)
    assert (
        response.json()["detail"]
        == "Unknown scenario 'flakey' of celigo. Did you mean 'flaky'? `emulator scenarios --vendor celigo` lists all scenarios."
    )


SHELL: list[tuple[list[str], str]] = [
    (
        ["operations", "--vendor", "secodda"],
        "unknown vendor 'secodda'. Did you mean 'secoda'? Known vendors: celigo, immuta, paradime, secoda",
    ),
    (["chek"], "No such command 'chek'. Did you mean 'check'?"),
    (
        ["serve", "--scenario", "outage"],
        "the scenario 'outage' needs its vendor; write celigo/outage, immuta/outage, paradime/outage, secoda/outage or */outage",
    ),
    (
        ["serve", "--scenario", "secoda/outrage"],
        "unknown scenario 'secoda/outrage'. Did you mean 'secoda/outage', 'secoda/timeout' or 'secoda/unauthorized'? `emulator scenarios` lists all scenarios",
    ),
    (
        ["serve", "--switches", "secoda.badrows=refused"],
        "switches: unknown switch 'secoda.badrows'. Did you mean 'secoda.bad_rows'? Known switches: secoda.bad_rows, secoda.missing_csv_file, secoda.credentials_in_replies, secoda.default_page_size, secoda.maximum_page_size, secoda.dbt_on_other_types, secoda.dbt_unit_tests, secoda.torn_pages, secoda.sync_progress",
    ),
    (
        ["serve", "--switches", "secoda.bad_rows=refuse"],
        "switches: secoda.bad_rows is 'refuse'; it takes recorded, refused",
    ),
    (
        ["serve", "--vendor-hosts", "secodda=a.example.com"],
        "vendor_hosts: unknown vendor 'secodda'. Did you mean 'secoda'? Known vendors: celigo, immuta, paradime, secoda",
    ),
    (["state", "--limit", "2"], "No such option '--limit'. `emulator state --help` lists what it takes."),
    (["scenario"], "Missing command. `emulator scenario --help` lists what it takes."),
    (["scenario", "maybe"], "No such command 'maybe'. `emulator scenario --help` lists what it takes."),
    (["compare"], "Missing option '--vendor'. `emulator compare --help` lists what it takes."),
    (
        ["import", "acme"],
        "'acme': expected VENDOR=FILE, such as acme=acme.yaml; VENDOR takes small letters, digits, - and _",
    ),
    (["import", "acme=nowhere.yaml"], "openapi: nowhere.yaml does not exist"),
    (
        ["reset", "--url", "somewhere"],
        "--url: 'somewhere' is not the URL of an emulator; write it like http://127.0.0.1:4070.",
    ),
]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["state", "celigo.script"],
            "Unknown collection 'celigo.script'. Did you mean 'celigo.scripts', 'celigo.imports' or 'celigo.audit'? GET /_emulator/state lists all collections.",
        ),
        (
            ["journal", "--sandbox", "wrong-use"],
            "Unknown sandbox 'wrong-use'. Did you mean 'wrong-uses'? Known sandboxes: default, wrong-uses. POST /_emulator/sandboxes creates one.",
        ),
    ],
    ids=["state", "journal"],
)
def test_on_the_command_line_for_a_running_emulator(
    command: Run, client: Client, sandbox: SandboxClient, words: list[str], sentence: str
) -> None:
    """The commands use the client, but its methods are no words for them."""
    assert command(*words, "--url", client.url) == (1, "", f"emulator: {sentence}\n")


@pytest.mark.parametrize(("words", "sentence"), SHELL)
def test_on_the_command_line(command: Run, words: list[str], sentence: str) -> None:
    assert command(*words) == (2, "", f"emulator: {sentence}\n")


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_in_a_command_to_a_running_emulator(command: Run, emulator: EmulatorUnderTest, follow: list[str]) -> None:
    sentence = "Unknown vendor 'secodda'. Did you mean 'secoda'? Known vendors: celigo, immuta, paradime, secoda."
    words = ["journal", "--url", emulator.root, "--vendor", "secodda", *follow]
    assert command(*words) == (1, "", f"emulator: {sentence}\n")


SETTINGS: list[tuple[dict[str, str], str, str]] = [
    (
        {"EMULATOR_PROT": "1"},
        "",
        "environment: unknown setting 'EMULATOR_PROT'. Did you mean 'EMULATOR_PORT', 'EMULATOR_OTEL' or 'EMULATOR_HOST'? `emulator serve --help` lists all settings",
    ),
    (
        {},
        "jornal_size = 5",
        "emulator.toml: unknown setting 'jornal_size'. Did you mean 'journal_size', 'journal_bytes' or 'graphql_fields'? `emulator serve --help` lists all settings",
    ),
    ({"EMULATOR_LOG_LEVEL": "loud"}, "", "EMULATOR_LOG_LEVEL is 'loud': expected one of debug, info, warning, error"),
]


@pytest.mark.parametrize(("environ", "text", "sentence"), SETTINGS)
def test_in_the_settings(tmp_path: Path, environ: dict[str, str], text: str, sentence: str) -> None:
    (tmp_path / "emulator.toml").write_text(text)
    with pytest.raises(ConfigurationError) as refusal:
        read_settings(environ=environ, folder=tmp_path)
    assert str(refusal.value) == sentence


SCENARIO = "scenarios: {{mine: {{description: Mine., {}}}}}"
FILES: list[tuple[str, str, str]] = [
    (
        "scenarios.yaml",
        "scenario: {}",
        "scenarios.yaml line 1, /scenario: unknown field 'scenario'. Did you mean 'scenarios'? Known fields: scenarios",
    ),
    (
        "scenarios.yaml",
        SCENARIO.format("fault: []"),
        "scenarios.yaml line 1, /scenarios/mine/fault: unknown field 'fault'. Did you mean 'faults'? Known fields: description, faults, switches, records",
    ),
    (
        "scenarios.yaml",
        SCENARIO.format("faults: [{reply: {status: 500}, when: {time: 2}}]"),
        "scenarios.yaml line 1, /scenarios/mine/faults/0/when/time: unknown field 'time'. Did you mean 'times'? Known fields: after, nth, every, times, probability, between, over, per, follows",
    ),
    (
        "scenarios.yaml",
        SCENARIO.format("faults: [{operation: createIntegratoin, reply: {status: 500}}]"),
        "scenarios.yaml line 1, /scenarios/mine/faults/0: unknown operation 'createIntegratoin' of secoda. Did you mean 'createIntegration', 'getIntegration' or 'deleteIntegration'? `emulator operations --vendor secoda` lists all operations",
    ),
    (
        "scenarios.yaml",
        SCENARIO.format("switches: {torn_page: true}"),
        "scenarios.yaml line 1, /scenarios/mine/switches/torn_page: unknown switch 'torn_page' of secoda. Did you mean 'torn_pages'? Known switches: bad_rows, missing_csv_file, credentials_in_replies, default_page_size, maximum_page_size, dbt_on_other_types, dbt_unit_tests, torn_pages, sync_progress",
    ),
    (
        "scenarios.yaml",
        SCENARIO.format("records: {clear: [integration]}"),
        "scenarios.yaml line 1, /scenarios/mine/records/clear/0: unknown collection 'integration' of secoda. Did you mean 'integrations', 'slack_conversations' or 'lineage'? Known collections: integrations, syncs, resources, lineage, dbt_artifacts, failing_tests, slack_conversations, catalog, tags, manual_lineage, custom_properties, custom_property_values and 5 more",
    ),
    (
        "integration.yaml",
        "records: []",
        "integration.yaml: unknown collection 'integration' of secoda. Did you mean 'integrations', 'slack_conversations' or 'lineage'? Known collections: integrations, syncs, resources, lineage, dbt_artifacts, failing_tests, slack_conversations, catalog, tags, manual_lineage, custom_properties, custom_property_values and 5 more",
    ),
    (
        "integrations.yaml",
        "record: []",
        "integrations.yaml: unknown field 'record'. Did you mean 'records'? Known fields: records, populate, defaults",
    ),
    (
        "integrations.yaml",
        "records: [nothing]",
        "integrations.yaml line 1, /records/0: not a record: expected an object",
    ),
    ("integrations.yaml", "records: {}", "integrations.yaml line 1, /records: expected a list"),
    (
        "credentials.yaml",
        'records: [{id: a, user: "2", rights: full, expires: 2030-01-01T00:00:00Z}]',
        "credentials.yaml line 1, /records/0/expires: unknown field 'expires'. Did you mean 'expires_at'? Known fields: id, user, rights, expires_at",
    ),
]


def read(folder: Path, catalogue: Catalogue) -> None:
    """Read the scenarios and Secoda's fixtures in a folder."""
    read_scenarios([folder], catalogue)
    collections = catalogue.vendors["secoda"].collections
    read_fixtures([folder], catalogue.contracts["secoda"], collections, credential_check())


@pytest.mark.parametrize(("file", "text", "sentence"), FILES)
def test_in_fixtures_and_scenarios(catalogue: Catalogue, tmp_path: Path, file: str, text: str, sentence: str) -> None:
    (tmp_path / "secoda").mkdir()
    (tmp_path / "secoda" / file).write_text(text)
    with pytest.raises(ConfigurationError) as refusal:
        read(tmp_path, catalogue)
    assert str(refusal.value).partition("secoda/")[2] == sentence
