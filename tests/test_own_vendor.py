"""A vendor in a folder of its own: what `emulator new-vendor` writes, who may call it, what reloads, where it shows."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner

from emulator.app import Emulator
from emulator.catalogue import read_catalogue, read_own
from emulator.cli.main import commands
from emulator.client import Client
from emulator.declared import folders
from emulator.declared.folders import find_vendors
from emulator.errors import ConfigurationError
from emulator.server.reload import Reload
from emulator.server.server import ThreadedServer
from emulator.settings import Settings, read_settings
from emulator.store.collection import INDEXED_FROM
from tests.own_vendor import body, crud, operation, problems, served, written

PROJECT = "7d5f0f3e-3f0a-4a51-9f5e-2c8a6d1b4e90"


def run(*words: str) -> tuple[int, str]:
    """Run the command line; return the exit code, and what it printed or said."""
    result = CliRunner().invoke(commands, words)
    return result.exit_code, result.output + (str(result.exception) if result.exception else "")


@pytest.fixture
def vendors(tmp_path: Path) -> Path:
    """Return the folder with the vendor acme as `emulator new-vendor` writes it."""
    assert run("new-vendor", "acme", "--into", str(tmp_path / "vendors"))[0] == 0
    return tmp_path / "vendors"


def settings(vendors: Path, **more: Any) -> Settings:
    return read_settings({"vendors": str(vendors), "port": 0, "access_log": False, **more})


@pytest.fixture
def client(vendors: Path) -> Iterator[httpx.Client]:
    emulator = Emulator(settings(vendors), read_catalogue({}, homes={"acme": vendors / "acme"}))
    with (
        ThreadedServer(emulator) as server,
        httpx.Client(base_url=f"{server.url}/acme/v1", headers={"Authorization": "Bearer acme-token"}) as client,
    ):
        yield client


def control(client: httpx.Client) -> str:
    return str(client.base_url).partition("/acme")[0] + "/_emulator"


def test_new_vendor_passes_the_check_which_says_how_each_operation_is_served(vendors: Path) -> None:
    code, said = run("check", "--vendors", str(vendors))
    assert code == 0, said
    assert "finishTask                   POST     /tasks/{taskId}/finish" in said
    assert {line.split()[-1] for line in said.splitlines() if line.startswith("acme")} == {"declared"}


def test_operations_and_scenarios_of_an_own_vendor_are_listed(vendors: Path) -> None:
    _, operations = run("operations", "--vendors", str(vendors), "--vendor", "acme")
    assert len(operations.splitlines()) == 10
    _, scenarios = run("scenarios", "--vendors", str(vendors), "--vendor", "acme")
    names = [line.split()[0] for line in scenarios.splitlines()]
    assert {"acme/busy", "acme/empty", "acme/rate-limited", "acme/unauthorized"} <= set(names)


def test_new_vendor_is_not_written_over_another(vendors: Path) -> None:
    code, said = run("new-vendor", "acme", "--into", str(vendors))
    assert (code, "exists already" in said) == (1, True)
    assert "there is a vendor celigo already" in run("new-vendor", "celigo", "--into", str(vendors))[1]
    assert "invalid vendor name 'My API'" in run("new-vendor", "My API", "--into", str(vendors))[1]


def test_state_over_all_operations(client: httpx.Client) -> None:
    assert [task["title"] for task in client.get(f"/projects/{PROJECT}/tasks").json()["data"]] == ["Water the roses"]
    task = client.post(f"/projects/{PROJECT}/tasks", json={"title": "Mow"}).json()
    assert (task["projectId"], task["state"]) == (PROJECT, "open")
    assert client.patch(f"/tasks/{task['id']}", json={"title": "Mow twice"}).json()["title"] == "Mow twice"
    assert client.post(f"/tasks/{task['id']}/finish").json()["state"] == "done"
    assert client.post(f"/tasks/{task['id']}/finish").status_code == 409
    page = client.get(f"/projects/{PROJECT}/tasks", params={"limit": 1, "sort": "-title"}).json()
    assert (page["total"], [one["title"] for one in page["data"]]) == (2, ["Water the roses"])
    assert [one["title"] for one in client.get(page["next"]).json()["data"]] == ["Mow twice"]
    assert client.get(f"/projects/{PROJECT}/tasks?state=done").json()["total"] == 1
    assert client.delete(f"/tasks/{task['id']}").status_code == 204
    assert client.delete(f"/projects/{PROJECT}").status_code == 204
    assert client.get("/tasks/tsk_water00001").status_code == 404


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"method": "GET", "url": "/nothing"}, 404),
        ({"method": "PUT", "url": "/projects"}, 405),
        ({"method": "GET", "url": "/projects/no-uuid"}, 422),
        ({"method": "POST", "url": "/projects", "json": {"name": ""}}, 422),
        ({"method": "POST", "url": "/projects", "json": {"name": 5}}, 422),
        ({"method": "POST", "url": "/projects"}, 422),
        ({"method": "POST", "url": "/projects", "content": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"method": "POST", "url": "/projects", "content": "a", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"method": "GET", "url": "/projects", "headers": {"Authorization": "Bearer other"}}, 401),
        ({"method": "GET", "url": "/projects", "headers": {"Authorization": "Basic !"}}, 401),
        ({"method": "POST", "url": "/projects", "headers": {"Authorization": "Bearer acme-viewer-token"}}, 403),
        ({"method": "GET", "url": "/projects", "headers": {"X-Emulator-Scenario": "rate-limited"}}, 429),
        ({"method": "GET", "url": "/projects", "headers": {"Prefer": "code=503"}}, 503),
    ],
)
def test_error_is_a_problem_document_of_the_contract(client: httpx.Client, call: Any, status: int) -> None:
    reply = client.request(**call)
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert reply.json()["status"] == status
    (exchange,) = httpx.get(f"{control(client)}/sandboxes/default/journal").json()["exchanges"]
    assert [found for found in exchange["violations"] if found["of"] == "reply"] == []


def test_unknown_query_parameter_is_journalled_and_refused_only_in_strict_mode(client: httpx.Client) -> None:
    assert client.get("/projects?color=red").status_code == 200
    (exchange,) = httpx.get(f"{control(client)}/sandboxes/default/journal").json()["exchanges"]
    assert [(found["of"], found["rule"]) for found in exchange["violations"]] == [("call", "additionalProperties")]
    name = httpx.post(f"{control(client)}/sandboxes", json={"strict": True}).json()["name"]
    strict = str(client.base_url).replace("/acme", f"/~{name}/acme")
    assert httpx.get(f"{strict}projects?color=red", headers=client.headers).status_code == 422


def test_every_scenario_can_be_switched_on(client: httpx.Client) -> None:
    found = httpx.get(f"{control(client)}/sandboxes/default/scenarios").json()["scenarios"]
    names = [one["name"] for one in found]
    assert len(names) > 10
    for name in names:
        on = httpx.put(f"{control(client)}/sandboxes/default/scenarios/acme/{name}")
        assert on.is_success, (name, on.text)


QUERIES = {
    "openapi": "3.1.0",
    "info": {"title": "Acme", "version": "1"},
    "paths": {
        "/graphql": {
            "post": {
                "operationId": "graphql",
                "requestBody": body({"type": "object", "properties": {"query": {"type": "string"}}}),
                "responses": {"200": body({"type": "object"})},
                "x-graphql": {"schema": "schema.graphql", "operations": {"version": {}}},
            }
        }
    },
}


@pytest.mark.parametrize("protocol", ["REST", "GraphQL"])
def test_vendor_that_only_reads_is_served_alone_without_the_scenario_of_writes(tmp_path: Path, protocol: str) -> None:
    reads = {**crud(), "paths": {"/tasks": {"get": crud()["paths"]["/tasks"]["get"]}}}
    document, files = (
        (reads, {}) if protocol == "REST" else (QUERIES, {"schema.graphql": "type Query { version: Int }"})
    )
    with served(tmp_path, document, files) as client:
        found = httpx.get(f"{control(client)}/sandboxes/default/scenarios").json()["scenarios"]
        names = [one["name"] for one in found]
        on = [httpx.put(f"{control(client)}/sandboxes/default/scenarios/acme/{name}") for name in names]
    assert {"server-error", "empty-world", "flaky"} <= set(names)
    assert "write-then-fail" not in names
    assert {one.status_code for one in on} == {200}


def test_own_scenario_changes_records(client: httpx.Client) -> None:
    httpx.put(f"{control(client)}/sandboxes/default/scenarios/acme/empty")
    assert client.get(f"/projects/{PROJECT}/tasks").json() == {"data": [], "total": 0, "next": None}


def test_sandboxes_have_their_own_records(vendors: Path) -> None:
    with (
        ThreadedServer(Emulator(settings(vendors))) as server,
        Client(server.url) as client,
        client.create_sandbox() as first,
        client.create_sandbox() as second,
    ):
        acme, other = first.vendors["acme"], second.vendors["acme"]
        httpx.post(f"{acme.url}/projects", headers=acme.headers, json={"name": "Mine"})
        found = [httpx.get(f"{one.url}/projects", headers=one.headers).json() for one in (acme, other)]
        assert [len(projects) for projects in found] == [2, 1]
        assert [exchange.operations for exchange in first.journal] == [("createProject",), ("listProjects",)]


def test_generated_records_fit_their_schema(vendors: Path) -> None:
    (vendors / "acme" / "fixtures" / "tasks.yaml").write_text("populate: 30", "utf-8")
    code, said = run("check", "--vendors", str(vendors))
    assert code == 0, said
    emulator = Emulator(settings(vendors), read_catalogue({}, homes={"acme": vendors / "acme"}))
    headers = {"Authorization": "Bearer acme-token"}
    with ThreadedServer(emulator) as server:
        url = f"{server.url}/acme/v1/projects/{PROJECT}/tasks"
        assert httpx.get(url, headers=headers, params={"limit": 100}).json()["total"] == 30
        more = httpx.post(f"{server.url}/_emulator/state/acme.tasks", json={"title": "Mine"})
        assert (more.status_code, more.json()["title"], more.json()["projectId"]) == (201, "Mine", PROJECT)


BASIC = {"basic": {"type": "http", "scheme": "basic"}}
KEY = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
QUERY = {"key": {"type": "apiKey", "in": "query", "name": "key"}}
COOKIE = {"key": {"type": "apiKey", "in": "cookie", "name": "sid"}}


@pytest.mark.parametrize(
    ("schemes", "given", "status"),
    [
        (BASIC, {"auth": ("acme-token", "acme-secret")}, 200),
        (BASIC, {"auth": ("acme-token", "other")}, 401),
        (BASIC, {"headers": {"Authorization": "Bearer acme-token"}}, 401),
        (KEY, {"headers": {"X-Key": "acme-token"}}, 200),
        (KEY, {"headers": {"X-Key": "other"}}, 401),
        (KEY, {}, 401),
        (QUERY, {"params": {"key": "acme-token"}}, 200),
        (QUERY, {"params": {"key": "other"}}, 401),
        (COOKIE, {"headers": {"Cookie": "sid=acme-token"}}, 200),
        ({**KEY, **BASIC}, {"auth": ("acme-token", "acme-secret")}, 200),
        (KEY, {"headers": {"X-Key": "acme-expired-token"}}, 401),
    ],
)
def test_credential_is_presented_as_the_contract_says(tmp_path: Path, schemes: Any, given: Any, status: int) -> None:
    document = crud()
    document["components"]["securitySchemes"] = schemes
    with served(tmp_path, document) as client:
        reply = httpx.get(f"{client.base_url}tasks", **given)
        assert reply.status_code == status
        assert ("WWW-Authenticate" in reply.headers) == (status == 401)


def test_headers_from_the_control_api_are_valid(tmp_path: Path) -> None:
    for schemes in (BASIC, KEY, COOKIE, {}):
        document = crud()
        document["components"]["securitySchemes"] = schemes
        with served(tmp_path, document) as client:
            sandbox = httpx.get(f"{control(client)}/sandboxes/default").json()
            headers = sandbox["vendors"]["acme"]["headers"]
            assert httpx.get(f"{client.base_url}tasks", headers=headers).status_code == 200


def with_tokens(url: str = "https://acme.example/oauth/token", seconds: int = 3600) -> dict[str, Any]:
    document = crud()
    flows = {"clientCredentials": {"tokenUrl": url, "scopes": {"read": "", "write": ""}}}
    document["components"]["securitySchemes"] = {
        "oauth": {"type": "oauth2", "flows": flows, "x-emulator": {"expiresIn": seconds}}
    }
    document["security"] = [{"oauth": ["read"]}]
    document["paths"]["/tasks"]["post"]["security"] = [{"oauth": ["write"]}]
    return document


def token(client: httpx.Client, **form: str) -> httpx.Response:
    given = {"grant_type": "client_credentials", "client_id": "acme-client", "client_secret": "acme-secret", **form}
    return httpx.post(f"{client.base_url}oauth/token", data=given)


def test_token_endpoint_issues_tokens_that_expire_by_the_sandboxs_clock(tmp_path: Path) -> None:
    with served(tmp_path, with_tokens(seconds=60)) as client:
        clock = f"{control(client)}/sandboxes/default/clock"
        httpx.put(clock, json={"now": "2026-01-01T00:00:00Z", "frozen": True})
        issued = token(client).json()
        assert (issued["token_type"], issued["expires_in"], issued["scope"]) == ("Bearer", 60, "read write")
        headers = {"Authorization": f"Bearer {issued['access_token']}"}
        assert httpx.get(f"{client.base_url}tasks", headers=headers).status_code == 200
        httpx.put(clock, json={"now": "2026-01-01T00:01:01Z", "frozen": True})
        assert httpx.get(f"{client.base_url}tasks", headers=headers).status_code == 401


def test_token_has_the_scopes_that_were_asked_for(tmp_path: Path) -> None:
    with served(tmp_path, with_tokens()) as client:
        headers = {"Authorization": f"Bearer {token(client, scope='read').json()['access_token']}"}
        assert httpx.get(f"{client.base_url}tasks", headers=headers).status_code == 200
        refused = httpx.post(f"{client.base_url}tasks", headers=headers, json={"title": "A"})
        assert (refused.status_code, "needs write" in refused.json()["detail"]) == (403, True)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "other"}, 401, "invalid_client"),
        ({"client_id": "acme-token"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "admin"}, 400, "invalid_scope"),
    ],
)
def test_token_is_refused_as_rfc_6749_says(tmp_path: Path, form: dict[str, str], status: int, error: str) -> None:
    with served(tmp_path, with_tokens()) as client:
        reply = token(client, **form)
        assert (reply.status_code, reply.json()["error"]) == (status, error)


def test_client_may_identify_itself_by_basic_and_is_itself_no_token(tmp_path: Path) -> None:
    with served(tmp_path, with_tokens()) as client:
        form, auth = {"grant_type": "client_credentials"}, ("acme-client", "acme-secret")
        assert httpx.post(f"{client.base_url}oauth/token", data=form, auth=auth).status_code == 200
        headers = {"Authorization": "Bearer acme-client"}
        assert httpx.get(f"{client.base_url}tasks", headers=headers).status_code == 401


def test_token_endpoint_of_another_host_is_served_there_and_below_the_base(tmp_path: Path) -> None:
    with served(tmp_path, with_tokens("https://login.acme.example/token")) as client:
        form = {"grant_type": "client_credentials"}
        auth = base64.b64encode(b"acme-client:acme-secret").decode()
        headers = {"Authorization": f"Basic {auth}"}
        assert httpx.post(f"{client.base_url}token", data=form, headers=headers).status_code == 200
        root = control(client).removesuffix("_emulator")
        headers["Host"] = "login.acme.example"
        assert httpx.post(f"{root}token", data=form, headers=headers).status_code == 200


async def test_change_of_the_contract_is_served_and_a_broken_one_leaves_the_former(
    vendors: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = vendors / "acme" / "openapi.yaml"
    emulator = Emulator(settings(vendors), read_catalogue({}, homes={"acme": vendors / "acme"}))
    reload = Reload(emulator)
    await emulator.start()
    try:
        text = file.read_text("utf-8")
        file.write_text(text.replace("operationId: finishTask", "operationId: endTask"), "utf-8")
        assert await reload.poll()
        assert "endTask" in emulator.catalogue.contracts["acme"].operations
        file.write_text(text.replace("action: patch", "action: update"), "utf-8")
        assert not await reload.poll()
        assert "endTask" in emulator.catalogue.contracts["acme"].operations
        assert "acme/openapi.yaml line 133, /paths/~1tasks~1{taskId}~1finish/post/x-emulator/action" in caplog.text
        file.write_text(text.replace("    tasks:\n", "    others: {}\n    tasks:\n", 1), "utf-8")
        assert not await reload.poll()
        assert "its collections have changed, which takes a restart" in caplog.text
        (vendors / "acme" / "vendor.py").write_text("x = (", "utf-8")
        file.write_text(text, "utf-8")
        assert not await reload.poll()
        assert "vendor.py line 1: '(' was never closed" in caplog.text
    finally:
        await emulator.close()


CODE = """
from emulator.exchange import Reply
from emulator.store.collection import Collection
from emulator.vendor import Handlers

handlers = Handlers()


@handlers.operation("countTasks")
def count(call, world):
    return Reply(200, {"count": world[Collection("acme.tasks")].count()})
"""


def test_python_beside_declared_operations_sees_their_records(tmp_path: Path) -> None:
    document = crud()
    document["paths"]["/count"] = {"get": operation("countTasks", None, {"type": "object"})}
    with served(tmp_path, document, {"vendor.py": CODE}) as client:
        client.post("/tasks", json={"title": "A"})
        assert client.get("/count").json() == {"count": 1}
        listed = httpx.get(f"{control(client)}/operations").json()["operations"]
    ways = read_own(tmp_path / "vendors" / "acme", "acme").ways()
    assert (ways["countTasks"], ways["listTasks"]) == ("code", "declared")
    assert {one["operation"]: one["handled_by"] for one in listed} == ways


def test_contract_is_served_with_what_was_added(tmp_path: Path) -> None:
    with served(tmp_path, crud()) as client:
        document = yaml.safe_load(httpx.get(f"{control(client)}/contracts/acme/openapi.yaml").text)
    assert document["info"] == {"title": "Acme", "version": "1"}
    assert document["paths"]["/tasks"]["get"]["responses"]["503"] == {"$ref": "#/components/responses/Added503"}
    assert document["components"]["responses"]["Added503"]["x-evidence"]["level"] == "assumed"


HOOKS = """
from emulator.errors import Refusal
from emulator.exchange import Reply
from emulator.store.collection import Collection
from emulator.vendor import Hooks

hooks = Hooks()
LISTS = Collection("acme.lists")


@hooks.seeking("lists")
def keep_first(world):
    if not world[LISTS].count({"id": "first"}):
        world[LISTS].insert({"id": "first", "name": "FIRST"})


@hooks.writing("tasks")
def shout(world, write):
    if write.after is None:
        problem = {"title": "Conflict", "status": 409}
        raise Refusal(Reply(409, problem, content_type="application/problem+json"))
    return {**write.after, "title": write.after["title"].upper(), "id": "another"}


@hooks.written("*")
def log(world, write):
    if write.collection != "lists":
        what = "change" if write.before else "create"
        world[LISTS].insert({"id": f"{what} {world[LISTS].count()}", "name": write.after["title"]})


@hooks.shown("tasks")
def with_note(world, task):
    return {**task, "note": f"{world[LISTS].count()} entries"}
"""


def test_hooks_change_refuse_follow_and_show_declared_records(tmp_path: Path) -> None:
    with served(tmp_path, crud(), {"vendor.py": HOOKS}) as client:
        task = client.post("/tasks", json={"title": "quiet"}).json()
        assert (task["title"], task["note"], task["id"] != "another") == ("QUIET", "1 entries", True)
        client.patch(f"/tasks/{task['id']}", json={"title": "loud"})
        assert client.get("/lists/first").json()["name"] == "FIRST"
        assert client.get("/lists/change 1").json() == {"id": "change 1", "name": "LOUD"}
        assert [one["note"] for one in client.get("/tasks").json()] == ["3 entries"]
        assert client.delete(f"/tasks/{task['id']}").status_code == 409
        assert client.get(f"/tasks/{task['id']}").json()["title"] == "LOUD"


def test_schemas_may_be_in_files_beside_the_contract(tmp_path: Path) -> None:
    document = crud()
    schema = '{"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "string"}, "name": {}}}'
    document["x-emulator"]["collections"]["lists"]["schema"] = "list.schema.json"
    document["paths"]["/lists"]["post"]["requestBody"] = body({"$ref": "schemas/list.schema.json"})
    files = {"schemas/list.schema.json": schema, "fixtures/lists.yaml": "records: [{id: a, name: A}]"}
    with served(tmp_path, document, files) as client:
        assert client.get("/lists/a").json() == {"id": "a", "name": "A"}
        assert client.post("/lists", json={"id": "b"}).status_code == 422
    files["fixtures/lists.yaml"] = "records: [{id: a}]"
    sentence = r"lists\.yaml line 1, /records/0/name: 'name' is a required property"
    with pytest.raises(ConfigurationError, match=sentence), served(tmp_path, document, files):
        pass


def test_fixture_of_an_unknown_collection_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"unknown collection 'task' of acme\. Did you mean 'tasks'"),
        served(tmp_path, crud(), {"fixtures/task.yaml": "records: []"}),
    ):
        pass


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ((), "has no folder with an openapi.yaml; `emulator new-vendor` writes one"),
        (("openapi.yaml",), "is itself a vendor; name the folder above it"),
        (("celigo/openapi.yaml",), "there is a vendor celigo already; give the folder another name"),
        (("My API/openapi.yaml",), "invalid vendor name 'My API'; use small letters, digits, - and _"),
    ],
)
def test_folder_without_a_vendor_is_refused(tmp_path: Path, made: tuple[str, ...], sentence: str) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}", "utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        find_vendors([str(tmp_path)], ["celigo"])
    assert sentence in str(refusal.value)


def test_document_that_nothing_reads_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    files = {"scenario.yaml": "{}", "fixtures/tasks.yml": "{}", "schemas/task.schema.json": "{}", "notes.txt": ""}
    told = problems(tmp_path, crud(), files)
    assert [sentence.partition(" Known")[0] for sentence in told] == [
        "acme/fixtures/tasks.yml: nothing reads this: unknown file 'fixtures/tasks.yml'. Did you mean"
        " 'fixtures/COLLECTION.yaml'?",
        "acme/scenario.yaml: nothing reads this: unknown file 'scenario.yaml'. Did you mean 'scenarios.yaml'?",
    ]


def test_folder_beside_vendors_that_is_none_is_warned_of(vendors: Path, caplog: pytest.LogCaptureFixture) -> None:
    (vendors / "other").mkdir()
    assert list(find_vendors([str(vendors)], [])) == ["acme"]
    assert "other: no vendor, because it has no openapi.yaml" in caplog.text


def test_folder_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="vendors: nowhere is not a folder"):
        find_vendors(["nowhere"], [])


def test_vendor_of_an_installed_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "acme_for_emulator"
    shutil.copytree(written(tmp_path, crud()) / "acme", package)
    (package / "__init__.py").touch()
    info = tmp_path / "acme_for_emulator-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme_for_emulator\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[{folders.GROUP}]\nacme = acme_for_emulator\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_vendors([], []) == {"acme": package}


def test_pytest_serves_the_vendors_that_the_ini_file_names(tmp_path: Path, vendors: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nemulator_vendors = vendors\n", "utf-8")
    (tmp_path / "test_acme.py").write_text(
        "import urllib.request\n\n"
        "def test_projects(emulator):\n"
        "    acme = emulator.vendors['acme']\n"
        "    request = urllib.request.Request(f'{acme.url}/projects', headers=dict(acme.headers))\n"
        "    with urllib.request.urlopen(request) as reply:\n"
        "        assert b'Garden' in reply.read()\n"
        "    assert [one.operations for one in emulator.journal] == [('listProjects',)]\n",
        "utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_acme.py"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_database_is_used_again_after_words_have_changed_its_indexes(tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    for words in ({}, {"sort": "-title", "unique": ["title"]}, {"sort": "rank"}):
        home = written(tmp_path, crud(words)) / "acme"
        kept = read_settings({"port": 0, "access_log": False, "database": database})
        with (
            ThreadedServer(Emulator(kept, read_catalogue({}, homes={"acme": home}))) as server,
            httpx.Client(base_url=f"{server.url}/acme", headers={"Authorization": "Bearer acme-token"}) as client,
        ):
            for number in range(INDEXED_FROM):
                client.post("/tasks", json={"title": f"{words} {number}", "rank": -len(words)})
            ranks = [task["rank"] for task in client.get("/tasks").json()]
    assert ranks == [rank for rank in (-2, -1, 0) for _ in range(INDEXED_FROM)]


def test_a_snapshot_from_before_an_index_was_added_is_restored(tmp_path: Path) -> None:
    headers, files = {"Authorization": "Bearer acme-token"}, list[bytes]()
    for words in ({}, {"sort": "-title"}):
        home = written(tmp_path, crud(words)) / "acme"
        emulator = Emulator(settings(home.parent), read_catalogue({}, homes={"acme": home}))
        with ThreadedServer(emulator) as server, Client(server.url) as client:
            sandbox = client.sandbox()
            for file in files:
                sandbox.restore(sandbox.upload_snapshot("before", file))
            tasks = httpx.get(f"{server.url}/acme/tasks", headers=headers).json()
            for number in range(INDEXED_FROM):
                httpx.post(f"{server.url}/acme/tasks", json={"title": f"{number:02}"}, headers=headers)
            files.append(sandbox.download_snapshot(sandbox.snapshot("after").name))
    assert [task["title"] for task in tasks] == [f"{number:02}" for number in reversed(range(INDEXED_FROM))]


def test_a_snapshot_with_indexes_is_restored_where_there_are_fewer_records(tmp_path: Path) -> None:
    headers, home = {"Authorization": "Bearer acme-token"}, written(tmp_path, crud({"sort": "-title"})) / "acme"
    emulator = Emulator(settings(home.parent), read_catalogue({}, homes={"acme": home}))
    with ThreadedServer(emulator) as server, Client(server.url) as client:
        sandbox = client.sandbox()
        for number in range(INDEXED_FROM):
            httpx.post(f"{server.url}/acme/tasks", json={"title": f"{number:02}"}, headers=headers)
        file = sandbox.download_snapshot(sandbox.snapshot("large").name)
        sandbox.reset()
        sandbox.restore(sandbox.upload_snapshot("again", file))
        tasks = httpx.get(f"{server.url}/acme/tasks", headers=headers).json()
    assert [task["title"] for task in tasks] == [f"{number:02}" for number in reversed(range(INDEXED_FROM))]
