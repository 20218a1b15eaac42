"""`emulator pull`: records of a live vendor become fixtures without anything of anybody in them."""

from __future__ import annotations

import json
import subprocess
import sys
from asyncio import to_thread
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import yaml
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from emulator.app import Emulator
from emulator.catalogue import read_catalogue
from emulator.compare.faking import SECRET, Faking
from emulator.compare.pulling import pull_problems, read_pulls
from emulator.compare.structure import structural_differences
from emulator.contract.openapi import read_contract
from emulator.declared.shapes import Place, Shapes
from emulator.files.package_data import CONTRACTS
from emulator.journal.entry import Exchange
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.live_vendor import Reply, live_vendor
from tests.own_vendor import crud, served
from tests.sample_calls import READS
from tests.test_cli import Run, command
from tests.test_record import VENDORS, a_vendor
from tests.test_server import clean_environment

__all__ = ["command"]

PERSON, MAIL, SECRET_VALUE, NOTE = (
    "Jane Planted",
    "jane.planted@corp.test",
    "sk_live_9f8e7d6c5b4a",
    "Planted about Jane",
)
PLANTED = (PERSON, MAIL, SECRET_VALUE, NOTE, "Jane", "planted")

RECORDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "celigo": (
        "integrations",
        {
            "_id": "5fc5e0e66cfe5b44bb95de70",
            "name": PERSON,
            "description": f"{NOTE}, {MAIL}, {SECRET_VALUE}",
            "settings": {
                "apiKey": SECRET_VALUE,
                PERSON: MAIL,
                "owner": PERSON,
                "key": [SECRET_VALUE],
                SECRET_VALUE: True,
                "type": "planted",
                "Jane": {"status": SECRET_VALUE, "source": "planted", "schedule": "@planted"},
            },
        },
    ),
    "immuta": ("data_sources", {"id": 1, "name": PERSON, "description": NOTE, "connectionString": SECRET_VALUE}),
    "paradime": ("integrations", {"uid": SECRET_VALUE, "name": PERSON}),
    "secoda": ("integrations", {"name": PERSON, "credentials": {"password": SECRET_VALUE}, "properties": {"by": MAIL}}),
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedServer]:
    """The live vendors: an emulator with another seed, more records, and planted names and secrets."""
    folder = tmp_path_factory.mktemp("live")
    for vendor, (collection, planted) in RECORDS.items():
        (folder / vendor).mkdir()
        built_in = yaml.safe_load((CONTRACTS.parent / "fixtures" / vendor / f"{collection}.yaml").read_text("utf-8"))
        first, *others = built_in["records"]
        document = {"records": [first | planted, *others], "populate": 150 if vendor == "secoda" else 0}
        (folder / vendor / f"{collection}.yaml").write_text(yaml.safe_dump(document), "utf-8")
    switches = "secoda.credentials_in_replies=shown"
    settings = {"port": 0, "access_log": False, "seed": 7, "fixtures": str(folder), "switches": (switches,)}
    with ThreadedServer(Emulator(read_settings(settings))) as server:
        yield server


class Pulled:
    """What `emulator pull` has made of a live vendor."""

    def __init__(self, vendor: str, folder: Path, code: int, out: str, error: str) -> None:
        self.calls: list[Exchange] = []
        self.vendor = vendor
        self.folder = folder
        self.code, self.out, self.error = code, out, error

    def text(self) -> str:
        return "\n".join(file.read_text("utf-8") for file in sorted((self.folder / self.vendor).glob("*.yaml")))

    def records(self, collection: str) -> list[dict[str, Any]]:
        document = yaml.safe_load((self.folder / self.vendor / f"{collection}.yaml").read_text("utf-8"))
        records: list[dict[str, Any]] = document["records"]
        return records


def words(live: ThreadedServer, vendor: str, folder: Path, into: str = "mine") -> tuple[str, ...]:
    """Return the command that pulls from the live vendor with its first credential."""
    emulator = live.server.emulator
    credential = next(iter(emulator.sandboxes.default.credentials[vendor].values()))
    file = folder / "credentials.json"
    file.write_text(json.dumps({"headers": emulator.catalogue.vendors[vendor].present(credential)}))
    upstream, target = f"{live.url}/{vendor}", str(folder / into)
    return "pull", "--vendor", vendor, "--upstream", upstream, "--credentials", str(file), "--into", target


def pulled(command: Run, live: ThreadedServer, vendor: str, folder: Path, *options: str, name: str = "mine") -> Pulled:
    return Pulled(vendor, folder / name, *command(*words(live, vendor, folder, name), *options))


Once: TypeAlias = Callable[[str], Pulled]


@pytest.fixture(scope="module")
def once(live: ThreadedServer, tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Pull from a vendor, once for all tests."""

    @cache
    def pull(vendor: str) -> Pulled:
        folder, journal = tmp_path_factory.mktemp(vendor), live.server.emulator.sandboxes.default.journal
        number = len(list(journal))
        command = [sys.executable, "-m", "emulator", *words(live, vendor, folder)]
        done = subprocess.run(command, env=clean_environment(), cwd=folder, capture_output=True, text=True, check=False)
        result = Pulled(vendor, folder / "mine", done.returncode, done.stdout, done.stderr)
        result.calls = list(journal)[number:]
        return result

    return pull


def stored(live: ThreadedServer, name: str) -> list[dict[str, Any]]:
    """Return the records of the live vendor."""
    vendor, sandbox = name.partition(".")[0], live.server.emulator.sandboxes.default
    collection = next(one for one in live.server.emulator.catalogue.vendors[vendor].collections if one.name == name)
    return live.run(partial(sandbox.run, vendor, lambda world: world[collection].all()))


def texts(value: Any) -> Iterator[str]:
    """Yield each text in a document."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_name_and_no_secret_is_in_the_result(live: ThreadedServer, once: Once, vendor: str) -> None:
    done = once(vendor)
    assert (done.code, done.error) == (0, "")
    text = done.text()
    assert [one for one in PLANTED if one in text] == []
    for collection in live.server.emulator.catalogue.vendors[vendor].collections:
        name = collection.name.partition(".")[2]
        if name != "credentials" and (done.folder / vendor / f"{name}.yaml").exists() and done.records(name):
            for record in stored(live, collection.name):
                if len(str(record[collection.key])) > 4:
                    assert str(record[collection.key]) not in text
                assert [one for one in texts(record) if "@" in one and one in text] == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_result_passes_check_and_serves_lists_of_the_same_structure(
    command: Run, live: ThreadedServer, once: Once, vendor: str
) -> None:
    done = once(vendor)
    assert command("check", str(done.folder))[0] == 0
    method, path, body = READS[vendor]
    settings = {"port": 0, "access_log": False, "fixtures": str(done.folder)}
    replies = []
    with ThreadedServer(Emulator(read_settings(settings))) as served:
        for server in (live, served):
            emulator = server.server.emulator
            credential = next(iter(emulator.sandboxes.default.credentials[vendor].values()))
            headers = emulator.catalogue.vendors[vendor].present(credential)
            url = server.url + emulator.catalogue.contracts[vendor].base_path + path
            replies.append(httpx.request(method, url, headers=headers, json=body))
    theirs, ours = replies
    assert ours.status_code == theirs.status_code == 200
    differences = list(structural_differences(ours.json(), theirs.json()))
    # What has no fixed names, what a switch of the live vendor shows, and errors, which are not pulled.
    expected = ("/settings/", "/properties/", "/credentials/", "/lastErrorAt")
    assert [one for one in differences if not any(part in one[0] for part in expected)] == []
    assert [len(list(texts(reply.json()))) > 5 for reply in replies] == [True, True]


def test_references_still_join(live: ThreadedServer, once: Once) -> None:
    done = once("celigo")
    for collection, field, target in (
        ("flows", "_integrationId", "integrations"),
        ("exports", "_connectionId", "connections"),
        ("imports", "_connectionId", "connections"),
        ("revisions", "_integrationId", "integrations"),
    ):
        before = [one["_id"] for one in stored(live, f"celigo.{target}")]
        after = [one["_id"] for one in done.records(target)]
        assert len(set(after)) == len(before)
        by_place = {new: old for old, new in zip(before, after, strict=True)}
        known = {one["_id"]: one for one in stored(live, f"celigo.{collection}")}
        joined = sorted(known[id].get(field, "") for id in known)
        assert sorted(by_place.get(one.get(field, ""), "") for one in done.records(collection)) == joined


def test_immuta_can_be_changed_by_the_credentials(once: Once) -> None:
    done = once("immuta")
    users = {one["id"] for one in done.records("users")}
    assert {int(one["user"]) for one in done.records("credentials")} <= users
    assert {one["profile"] for one in done.records("subscriptions")} <= users
    sources = {one["id"] for one in done.records("data_sources")}
    assert {one["dataSource"] for one in done.records("dictionaries")} <= sources
    projects = {one["id"] for one in done.records("projects")}
    assert {one["project"] for one in done.records("project_members")} == projects
    assert {one["dataSource"] for one in done.records("project_data_sources")} <= sources
    columns = [one for dictionary in done.records("dictionaries") for one in dictionary["metadata"]]
    assert {one["dataType"] for one in columns} >= {"text", "integer"}


def test_a_collection_may_be_read_by_several_lists(once: Once) -> None:
    kinds = {one["entity_type"] for one in once("secoda").records("catalog")}
    assert kinds >= {"table", "column", "document", "glossary"}


def test_all_pages_are_read_and_what_is_cut_is_said(
    command: Run, live: ThreadedServer, once: Once, tmp_path: Path
) -> None:
    assert len(once("secoda").records("integrations")) == len(stored(live, "secoda.integrations")) > 100
    cut = pulled(command, live, "secoda", tmp_path, "--limit", "120")
    assert len(cut.records("integrations")) == 120
    assert "integrations: only the first 120 records; --limit takes more" in cut.error


def test_the_same_seed_makes_the_same(command: Run, live: ThreadedServer, once: Once, tmp_path: Path) -> None:
    same = pulled(command, live, "paradime", tmp_path, "--seed", "1", name="same")
    other = pulled(command, live, "paradime", tmp_path, "--seed", "4", name="other")
    assert same.text() == once("paradime").text() != other.text()


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_reads_are_made(live: ThreadedServer, once: Once, vendor: str) -> None:
    contract = live.server.emulator.catalogue.contracts[vendor]
    made = [contract.operations[name] for call in once(vendor).calls for name in call.operations]
    assert made
    assert [one.name for one in made if one.root != "query" and one.method != "GET"] == []
    assert [call.violations for call in once(vendor).calls if call.violations] == []


def test_a_vendor_of_ones_own_is_pulled_by_the_lists_that_it_declares(command: Run, tmp_path: Path) -> None:
    fixture = {"records": [{"id": f"task-{number}", "title": PERSON, "list": "home"} for number in range(3)]}
    files = {"fixtures/tasks.yaml": yaml.safe_dump(fixture)}
    file = tmp_path / "credentials.json"
    file.write_text('{"headers": {"Authorization": "Bearer acme-token"}}')
    with served(tmp_path, crud(), files) as client:
        url = str(client.base_url).rstrip("/")
        pull = ("pull", "--vendor", "acme", "--upstream", url, "--credentials", str(file), "--into", "mine")
        code, out, error = command(*pull, "--vendors", str(tmp_path / "vendors"))
    assert (code, error) == (0, "")
    document = yaml.safe_load((tmp_path / "mine" / "acme" / "tasks.yaml").read_text("utf-8"))
    assert "3 tasks" in out
    assert PERSON not in str(document)
    assert len({one["title"] for one in document["records"]}) == 1


ORDERS = [{"id": f"order-{number}", "total": number} for number in range(25)]
TEN = 10


def shop(*parameters: str) -> dict[str, Any]:
    """Return an OpenAPI document with a list of orders that takes query parameters."""
    order = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "total": {"type": "number"}},
        "required": ["id"],
    }
    page = {"type": "object", "properties": {"items": {"type": "array", "items": order}, "total": {"type": "integer"}}}
    reply = {"description": "Found.", "content": {"application/json": {"schema": page}}}
    taken = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in parameters]
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    found = {"description": "Found.", "content": {"application/json": {"schema": order}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://shop.example.com/api"}],
        "paths": {
            "/orders": {"get": {"operationId": "listOrders", "parameters": taken, "responses": {"200": reply}}},
            "/orders/{id}": {"get": {"operationId": "getOrder", "parameters": [one], "responses": {"200": found}}},
        },
    }


def place(request: web.BaseRequest, name: str) -> int:
    """Return where the page that is asked for begins."""
    given = request.rel_url.query.get(name, "")
    ids = [order["id"] for order in ORDERS]
    if name == "page":
        return (int(given or 1) - 1) * TEN
    return ids.index(given) + 1 if given in ids else int(given or 0)


Beside = Callable[[int], dict[str, Any]]


@pytest.mark.parametrize(
    ("parameter", "beside"),
    [
        ("offset", lambda _: {"total": 25}),
        ("skip", lambda _: {}),
        ("page", lambda _: {"meta": {"total_count": 25}}),
        ("page", lambda _: {}),
        ("cursor", lambda after: {"next_cursor": str(after) if after < 25 else None}),
        ("starting_after", lambda after: {"has_more": after < 25}),
        ("at", lambda after: {"links": {"next": f"/api/orders?at={after}" if after < 25 else None}}),
    ],
)
async def test_a_list_is_read_to_its_end_however_it_is_paged(
    command: Run, tmp_path: Path, parameter: str, beside: Beside
) -> None:
    def reply(request: web.BaseRequest) -> web.Response:
        start = place(request, parameter)
        return web.json_response({"items": ORDERS[start : start + TEN], **beside(start + TEN)})

    code, out, error = await pulled_orders(command, tmp_path, reply, parameter)
    assert (code, error) == (0, "")
    assert "25 orders" in out


async def test_what_comes_without_a_way_to_the_rest_is_said(command: Run, tmp_path: Path) -> None:
    def reply(_: web.BaseRequest) -> web.Response:
        return web.json_response({"items": ORDERS[:TEN], "total": 25})

    for parameter in ("colour", "offset"):  # not understood by the emulator, and not by the vendor
        code, out, error = await pulled_orders(command, tmp_path, reply, parameter)
        assert (code, "10 orders" in out) == (1, True)
        assert "orders: only 10 of 25 records: how the next page is read, is not known" in error


async def pulled_orders(command: Run, folder: Path, reply: Any, parameter: str) -> tuple[int, str, str]:
    (folder / "shop.json").write_text(json.dumps(shop(parameter)), "utf-8")
    async with a_vendor(reply) as url:
        words = from_url("shop", url, folder, parameter)
        return await to_thread(command, *words, "--openapi", f"shop={folder / 'shop.json'}")


@pytest.mark.parametrize("most", [50, 100])
async def test_a_vendor_whose_pages_are_shorter_than_asked_for_is_read_to_its_end(
    command: Run, tmp_path: Path, most: int
) -> None:
    def reply(request: web.BaseRequest) -> web.Response:
        start = int(request.rel_url.query.get("offset", "0"))
        users = [{"id": number, "userid": f"u{number}", "iamid": "bim"} for number in range(1, 121)]
        is_list = request.path == "/bim/user"
        return web.json_response({"count": 120, "hits": users[start : start + most]} if is_list else {}, status=200)

    async with a_vendor(reply) as url:
        code, out, _ = await to_thread(command, *from_url("immuta", url, tmp_path))
    assert code == 1
    assert "120 users" in out


async def test_a_refused_collection_is_said_and_ends_with_1(command: Run, live: ThreadedServer, tmp_path: Path) -> None:
    def refuse(reply: Reply) -> None:
        if reply.path == "/v1/flows":
            reply.status, reply.document = 403, {"errors": [{"code": "forbidden", "message": "no"}]}

    async with live_vendor(f"{live.url}/celigo", refuse) as url:
        given = words(live, "celigo", tmp_path)
        at = given.index("--upstream") + 1
        code, out, error = await to_thread(command, *given[:at], url, *given[at + 1 :])
    assert (code, "0 flows" in out) == (1, True)
    assert "flows: listFlows got 403" in error


async def test_records_that_may_not_be_read_one_by_one_are_asked_for_once(
    command: Run, live: ThreadedServer, tmp_path: Path
) -> None:
    asked: list[str] = []

    def refuse(reply: Reply) -> None:
        if reply.path.startswith("/v1/integrations/") and reply.path.count("/") == 3:
            asked.append(reply.path)
            reply.status, reply.document = 403, {"errors": [{"code": "forbidden", "message": "no"}]}

    async with live_vendor(f"{live.url}/celigo", refuse) as url:
        given = words(live, "celigo", tmp_path)
        at = given.index("--upstream") + 1
        code, _, error = await to_thread(command, *given[:at], url, *given[at + 1 :])
    assert (code, len(asked)) == (1, 1)
    assert "integrations: getIntegration got 403" in error


@pytest.mark.parametrize("into", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_asked(
    command: Run, live: ThreadedServer, tmp_path: Path, into: str
) -> None:
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "celigo").write_text("mine")
    (tmp_path / "file" / "below").write_text("mine")
    code, _, error = command(*words(live, "celigo", tmp_path, into=into))
    assert code == 2
    assert "into: " in error or "'--into'" in error


def test_a_vendor_that_refuses_leaves_nothing(command: Run, live: ThreadedServer, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.write_text('{"headers": {"Authorization": "Bearer wrong"}}')
    pull = ("pull", "--vendor", "celigo", "--credentials", str(file), "--into", str(tmp_path / "mine"))
    code, _, error = command(*pull, "--upstream", f"{live.url}/celigo")
    assert (code, "credentials: listIntegrations got 401" in error) == (2, True)
    code, _, error = command(*pull, "--upstream", "http://127.0.0.1:9")
    assert (code, "cannot be reached" in error) == (2, True)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("body", [b"<html>login</html>", b'[1, "a", null, {}]', b"[{}]"])
async def test_records_that_lack_what_names_them_are_said(
    command: Run, live: ThreadedServer, tmp_path: Path, body: bytes
) -> None:
    def change(reply: Reply) -> None:
        reply.document = body if reply.path == "/v1/integrations" else reply.document

    async with live_vendor(f"{live.url}/celigo", change) as url:
        given = list(words(live, "celigo", tmp_path))
        given[given.index("--upstream") + 1] = url
        _, out, error = await to_thread(command, *given)
    assert "0 integrations" in out
    said = "listIntegrations got 200 with JSON that is cut or broken" if b"html" in body else "1 without _id left out"
    assert f"emulator: integrations: {said}" in error
    assert ("integrations: what is not an object left out" in error) is (b"null" in body)


HTML, JSON = "text/html", "application/json"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        ("<html>Log in</html>", HTML, 200, "got 200 with text/html that is not JSON"),
        ('[{"_id":', JSON, 200, "got 200 with JSON that is cut or broken"),
        ("", JSON, 200, "got 200 with an empty body"),
        ("null", JSON, 200, "got 200 without a list of objects"),
        ("{}", JSON, 200, "got 200 without a list of objects"),
        ("[1]", JSON, 200, "got 200 without a list of objects"),
        ("", "", 302, "got 302 to https://login.example.com\n"),
        ("{}", JSON, 403, "got 403\n"),
        ("{}", JSON, 404, "got 404\n"),
        ("<html>", HTML, 502, "got 502\n"),
    ],
)
async def test_a_vendor_that_shows_no_records_leaves_nothing(
    command: Run, tmp_path: Path, vendor: str, body: str, kind: str, status: int, said: str
) -> None:
    headers = {"Content-Type": kind} if kind else {"Location": "https://login.example.com/?token=secret"}
    async with a_vendor(lambda _: web.Response(text=body, status=status, headers=headers)) as url:
        code, _, error = await to_thread(command, *from_url(vendor, url, tmp_path))
    assert code == 2
    assert "upstream: no collection could be read: " in error
    assert said in error
    assert not (tmp_path / "mine").exists()


async def test_records_without_a_key_are_said(command: Run, tmp_path: Path) -> None:
    def reply(request: web.BaseRequest) -> web.Response:
        return web.json_response([{"name": "flow"}, {"name": "flow"}] if request.path == "/v1/flows" else shown)

    shown: list[dict[str, str]] = []
    async with a_vendor(reply) as url:
        code, _, error = await to_thread(command, *from_url("celigo", url, tmp_path))
        assert (code, "flows: 2 without _id left out" in error) == (1, True)
        shown = [{"name": "x"}]
        code, _, error = await to_thread(command, *from_url("celigo", url, tmp_path, "other"))
        assert (code, "no collection could be read: integrations: 1 without _id left out" in error) == (2, True)


async def test_what_comes_after_a_page_is_said(command: Run, tmp_path: Path) -> None:
    async def pulled_with(second: web.Response, link: str, name: str) -> str:
        def reply(request: web.BaseRequest) -> web.Response:
            if request.path != "/v1/integrations":
                return web.json_response([] if request.path.count("/") == 2 else {"_id": "a" * 24})
            first = web.json_response([{"_id": "a" * 24}], headers={"Link": f'<{link}>; rel="next"'})
            return second if "page" in request.query else first

        async with a_vendor(reply) as url:
            code, out, error = await to_thread(command, *from_url("celigo", url, tmp_path, name))
        assert (code, "1 integrations" in out) == (1, True)
        return error

    here, cut = "/v1/integrations?page=2", web.Response(text="[{", content_type=JSON)
    assert "integrations: listIntegrations got 200 with JSON that is cut or broken after 1 records" in (
        await pulled_with(cut, here, "cut")
    )
    elsewhere = await pulled_with(cut, "https://api.example.com/other?page=2", "elsewhere")
    assert "integrations: the next page is not at the upstream" in elsewhere


def from_url(vendor: str, url: str, folder: Path, into: str = "mine") -> tuple[str, ...]:
    """Return the command that pulls from a URL."""
    file = folder / "credentials.json"
    file.write_text('{"headers": {"Authorization": "Bearer x"}}')
    where = ("--upstream", url, "--credentials", str(file), "--into", str(folder / into))
    return "pull", "--vendor", vendor, *where


def test_no_folder_is_overwritten(command: Run, live: ThreadedServer, tmp_path: Path) -> None:
    (tmp_path / "mine" / "celigo").mkdir(parents=True)
    done = pulled(command, live, "celigo", tmp_path)
    assert done.code == 2
    assert "exists already; name a new folder" in done.error
    assert list((tmp_path / "mine" / "celigo").iterdir()) == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_built_in_pulls_are_sound(vendor: str) -> None:
    contract = read_contract(CONTRACTS / vendor)
    assert list(pull_problems(contract)) == []
    collections = {one.name.partition(".")[2] for one in read_catalogue().vendors[vendor].collections}
    assert read_pulls(contract).keys() <= collections


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"flows": {"call": "listFlow", "records": ""}}, "/flows/call: unknown operation 'listFlow'"),
        ({"flows": {"call": "createFlow", "records": ""}}, "/flows/call: createFlow does not only read"),
        ({"flows": {"for": "integrations", "set": {}}}, "/flows/for: unknown collection 'integrations'"),
        ({"flows": {"call": "listFlows", "records": "", "nxt": "link"}}, "/flows/nxt"),
        ({"flows": [{"call": "listFlows", "records": ""}, {"call": "listFlow", "records": ""}]}, "/flows/1/call"),
        ([], "/pulls"),
    ],
)
def test_a_mistake_in_pulls_is_reported_with_its_place(command: Run, tmp_path: Path, document: Any, said: str) -> None:
    folder = tmp_path / "contracts" / "celigo"
    folder.mkdir(parents=True)
    (folder / "pulls.yaml").write_text(yaml.safe_dump(document))
    code, out, error = command("check", "--contracts", str(tmp_path / "contracts"))
    assert code == 1
    assert said in out + error
    assert "pulls.yaml line" in out + error


DESCRIBED = Place("", "", {"type": "string"})
FAKING = partial(Faking, shapes=Shapes({}))
FIELDS = st.sampled_from(["name", "email", "description", "id", "ownerName", "first_name", "value", "key"])


@given(st.dictionaries(st.text(min_size=4), FIELDS, min_size=1, max_size=20))
def test_a_text_is_replaced_by_the_same_one_everywhere_and_no_two_by_one(values: dict[str, str]) -> None:
    faking = FAKING(1)
    made = {value: faking.text(value, name, None) for value, name in values.items()}
    assert {value: faking.text(value, "other", None) for value in faking.replaced} == faking.replaced
    replaced = {value: new for value, new in made.items() if value in faking.replaced}
    assert len(set(replaced.values())) == len(replaced)
    assert [value for value, new in replaced.items() if value == new] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("createdAt", "2026-01-05T09:00:00.000Z"),
        ("type", "snowflake"),
        ("dataType", "character varying(20)"),
        ("schedule", "0 6 * * *"),
        ("status", "RUNNING"),
        ("icon", "🧪"),
        ("source", "curated"),
    ],
)
def test_times_and_kinds_are_kept(name: str, value: str) -> None:
    assert FAKING(1).text(value, name, DESCRIBED) == value
    is_time = name == "createdAt" or value == "🧪"
    assert (FAKING(1).text(value, name, None) == value) is is_time


def test_a_token_is_no_word_of_a_kind() -> None:
    assert FAKING(1).text("sk_live_9f8e7d6c5b4a3210", "type", DESCRIBED) != "sk_live_9f8e7d6c5b4a3210"


SCHEMA = {
    "properties": {
        "type": {"enum": ["sql", "x"]},
        "settings": {"type": "object"},
        "tags": {"additionalProperties": {"properties": {"kind": {"type": "string"}}}},
    }
}
FREE = st.recursive(
    st.text(st.characters(categories=("L", "N")), min_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcXYZ019_-$@ ", min_size=5), inner),
)


def of_schema() -> Faking:
    return Faking(1, Shapes({"file:///a.json": SCHEMA}))


@given(st.dictionaries(st.text("abcXYZ019_-$@ ", min_size=5) | st.sampled_from(["status", "role"]), FREE))
def test_of_a_free_object_nothing_is_left(settings: dict[str, Any]) -> None:
    faking = of_schema()
    made = faking.record({"settings": settings, "type": "sql"}, "file:///a.json")
    assert made.keys() == {"settings", "type"}
    assert len(made["settings"]) == len(settings)
    left = set(words_in(settings)) & set(words_in(made["settings"]))
    assert [one for one in left if any(map(str.isalnum, one))] == []
    assert faking.record({"settings": settings, "type": "sql"}, "file:///a.json") == made


def test_words_of_a_schema_are_kept_in_any_object() -> None:
    record = {
        "settings": {"type": "sql", "kind": "sql", "beta": "sql"},
        "tags": {"beta": {"kind": "sql"}},
        "type": "sql",
    }
    made = of_schema().record(record, "file:///a.json")
    assert made["type"] == "sql"
    free, [(beta, tag)] = made["settings"], made["tags"].items()
    assert set(free) == {"type", "kind", beta}
    assert beta != "beta"
    assert tag == {"kind": "sql"}
    assert len(set(free.values()) - {"sql"}) == 1


def words_in(value: Any) -> Iterator[str]:
    """Yield each name and text in a document."""
    yield from texts(value)
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words_in(one)
    yield from value if isinstance(value, dict) else ()


@pytest.mark.parametrize("name", ["password", "apiKey", "access_token", "client_secret", "Authorization"])
def test_credentials_are_removed_at_any_depth(name: str) -> None:
    record = {"a": [{name: "x1y2z3"}, {name: 4711}], name: {"type": "bearer", "value": "x1y2z3", "pin": 4711}}
    made = {"a": [{name: SECRET}, {name: 0}], name: {"type": SECRET, "value": SECRET, "pin": 0}}
    assert FAKING(1, words=(name, "type", "value", "pin")).record(record, "") == made


def test_names_below_names_stay_below() -> None:
    faking = FAKING(1)
    root, below = faking.text("Customer", "name", None), faking.text("Customer.email", "name", None)
    assert below.startswith(f"{root}.")
    assert not below.endswith("email")


def test_the_pulls_in_the_reference_are_sound(command: Run, tmp_path: Path) -> None:
    page = Path(__file__).parent.parent / "docs" / "reference" / "pulls.md"
    folder = tmp_path / "contracts" / "immuta"
    folder.mkdir(parents=True)
    (folder / "pulls.yaml").write_text(page.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0])
    assert command("check", "--contracts", str(tmp_path / "contracts"))[0] == 0
