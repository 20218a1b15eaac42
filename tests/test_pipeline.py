"""The life of one request, seen from outside, with a made-up vendor."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import ClientConnectionError, ClientSession, FormData, web
from aiohttp.test_utils import TestClient

from emulator.app import Emulator
from emulator.catalogue import Catalogue, read_catalogue
from emulator.errors import ContractError
from emulator.exchange import Call, Reply
from emulator.pipeline.handling import RequestContext
from emulator.sandbox.in_flight import InFlightCalls
from emulator.sandbox.lifetime import Lifetime
from emulator.sandbox.sandbox import Sandbox
from emulator.server.server import Server
from emulator.settings import read_settings
from emulator.testing.in_loop import InLoopServer
from emulator.vendor import Handlers, Transactions
from emulator.vendors import load_vendors

MADE_UP = Path(__file__).parent / "made_up"
TOKEN = {"X-Acme-Token": "acme-token"}
JSON = {**TOKEN, "Content-Type": "application/json"}

Acme = Callable[..., Awaitable["Running"]]


class Running:
    """A started emulator of the made-up vendor alone, and a client for it."""

    def __init__(self, emulator: Emulator, client: TestClient[web.Request, web.Application]) -> None:
        self.emulator = emulator
        self.client = client

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Call with a valid credential; return status and JSON."""
        options.setdefault("headers", TOKEN)
        async with self.client.request(method, f"/acme/v1{path}", **options) as response:
            text = await response.read()
            return response.status, await response.json() if text else None

    async def names(self) -> list[str]:
        """Return the names of all things."""
        return [thing["name"] for thing in (await self.call("GET", "/things"))[1]]

    @property
    def last(self) -> Any:
        """The newest exchange."""
        return list(self.emulator.sandboxes.default.journal)[-1]


@pytest.fixture
def catalogue() -> Catalogue:
    """The made-up vendor alone."""
    return read_catalogue({}, homes={"acme": MADE_UP / "acme"})


@pytest.fixture
def acme(aiohttp_client: Any, catalogue: Catalogue) -> Acme:
    async def start(**settings: Any) -> Running:
        emulator = Emulator(read_settings(settings), catalogue)
        return Running(emulator, await aiohttp_client(InLoopServer(emulator)))

    return start


async def test_another_client_of_a_server_in_the_loop_finds_its_sandboxes(acme: Acme, aiohttp_client: Any) -> None:
    running = await acme()
    before = running.emulator.sandboxes.default
    await aiohttp_client(running.client.server)
    assert running.emulator.sandboxes.default is before


async def test_call_reaches_its_handler_and_is_journalled(acme: Acme) -> None:
    here = await acme()
    assert await here.call("GET", "/things") == (200, [{"id": "a", "name": "A"}])
    exchange = here.last
    assert (exchange.number, exchange.vendor, exchange.operations) == (1, "acme", ("listThings",))
    assert (exchange.call.base_url.endswith("/acme/v1"), exchange.call.path) == (True, "/things")
    assert (exchange.reply.status, exchange.violations, exchange.seconds > 0) == (200, (), True)


@pytest.mark.parametrize("path", ["/acme/v1/things", "/acme/things", "/acme/v1/things/"])
async def test_operation_is_served_at_every_mount_with_and_without_slash(acme: Acme, path: str) -> None:
    here = await acme()
    async with here.client.get(path, headers=TOKEN) as response:
        assert response.status == 200


async def test_unknown_path_and_wrong_method_get_the_vendors_own_replies(acme: Acme) -> None:
    here = await acme()
    assert await here.call("GET", "/nothing") == (404, {"problem": "nothing at /v1/nothing"})
    assert await here.call("DELETE", "/things") == (405, {"problem": "use GET, POST"})
    assert here.last.operations == ()


async def test_a_path_of_no_vendor_is_a_problem_that_names_the_vendors(acme: Acme) -> None:
    here = await acme()
    async with here.client.get("/elsewhere") as response:
        assert (response.status, response.content_type) == (404, "application/problem+json")
        assert "/acme/" in (await response.json())["detail"]


async def test_head_is_get_without_the_body(acme: Acme) -> None:
    here = await acme()
    async with here.client.head("/acme/v1/things", headers=TOKEN) as response:
        assert (response.status, await response.read()) == (200, b"")


async def test_credentials_are_asked_for_where_the_contract_says_so(acme: Acme) -> None:
    here = await acme()
    assert await here.call("GET", "/things", headers={}) == (401, {"problem": "who are you?"})
    assert (await here.call("GET", "/things/a", headers={}))[0] == 200


async def test_switch_reaches_handler(acme: Acme) -> None:
    here = await acme(switches=["acme.greeting=bye"])
    assert await here.call("GET", "/things/zz") == (404, {"problem": "bye, no zz"})


@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        ({"data": b"{", "headers": JSON}, 400, "Expecting property name enclosed in double quotes: line 1 column 2"),
        ({"data": b'{"name": NaN}', "headers": JSON}, 400, "Out of range float values"),
        ({"data": b"\xff", "headers": JSON}, 400, "codec can't decode"),
        ({"data": b"[" * 100_000, "headers": JSON}, 400, "nested too deep"),
        ({"data": b""}, 400, "body  required"),
        ({"json": {}}, 400, "body /name required"),
        ({"json": {"name": 1}}, 400, "body /name type"),
        ({"json": {"name": "x" * 11}}, 400, "body /name maxLength"),
        ({"json": ["x"]}, 400, "body  type"),
        ({"data": b"{}", "headers": {**TOKEN, "Content-Type": "text/plain"}}, 415, "send application/json, "),
    ],
)
async def test_a_call_outside_the_contract_is_refused_in_the_vendors_words(
    acme: Acme, options: dict[str, Any], status: int, sentence: str
) -> None:
    here = await acme()
    found, document = await here.call("POST", "/things", **options)
    assert (found, sentence in document["problem"]) == (status, True), document
    assert await here.names() == ["A"]


@pytest.mark.parametrize(("query", "sentence"), [("limit=x", "query /limit type"), ("limit=0", "query /limit minimum")])
async def test_a_malformed_query_parameter_is_refused(acme: Acme, query: str, sentence: str) -> None:
    here = await acme()
    assert await here.call("GET", f"/things?{query}") == (400, {"problem": sentence})


async def test_what_the_vendor_tolerates_is_served_and_recorded(acme: Acme) -> None:
    here = await acme()
    status, _ = await here.call("POST", "/things?who=me", json={"name": "B", "colour": "red"})
    assert status == 201
    assert [(found.place, found.pointer, found.rule, found.actual) for found in here.last.call_violations] == [
        ("query", "/who", "additionalProperties", "me"),
        ("body", "/colour", "additionalProperties", "red"),
    ]


async def test_strict_refuses_what_the_vendor_tolerates(acme: Acme) -> None:
    here = await acme(strict=True)
    response = await here.call("POST", "/things", json={"name": "B", "colour": "red"})
    assert response == (400, {"problem": "body /colour additionalProperties"})
    assert await here.names() == ["A"]


async def test_form_body_is_a_document(acme: Acme) -> None:
    here = await acme()
    assert (await here.call("POST", "/things", data={"name": "B"}))[0] == 201
    assert await here.names() == ["A", "B"]


async def test_refusal_after_writing_undoes_the_write(acme: Acme) -> None:
    here = await acme()
    response = await here.call("POST", "/things", json={"name": "B", "broken": "refuse"})
    assert response == (400, {"problem": "refused after writing"})
    assert await here.names() == ["A"]


@pytest.mark.internal_error
@pytest.mark.parametrize(
    ("broken", "places", "kept"),
    [("raise", [], ["A"]), ("status", ["status"], ["A", "B"]), ("shape", ["body/extra"], ["A", "B"])],
)
async def test_our_own_fault_is_500_logged_and_recorded(
    acme: Acme, caplog: pytest.LogCaptureFixture, broken: str, places: list[str], kept: list[str]
) -> None:
    here = await acme()
    response = await here.call("POST", "/things", json={"name": "B", "broken": broken})
    assert response == (500, {"problem": "internal error"})
    assert "internal error in POST /things (acme createThing)" in caplog.text
    assert [found.place + found.pointer for found in here.last.reply_violations] == places
    assert await here.names() == kept


async def test_the_same_seed_gives_the_same_ids(acme: Acme) -> None:
    first, second, other = await acme(seed=1), await acme(seed=1), await acme(seed=2)
    responses = [await here.call("POST", "/things", json={"name": "B"}) for here in (first, second, other)]
    assert responses[0] == responses[1] != responses[2]


def upload(content: bytes, **fields: str) -> FormData:
    form = FormData(fields)
    form.add_field("file", content, filename="names.txt")
    return form


async def test_uploaded_file_is_read_line_by_line_in_its_own_transactions(acme: Acme) -> None:
    here = await acme()
    assert await here.call("POST", "/things/import", data=upload(b"B\nC\n", note="two")) == (204, None)
    assert await here.names() == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (upload(b""), "body /file minLength"),
        (upload(b"B", note="far too long"), "body /note maxLength"),
        (FormData({"file": "plain"}, default_to_multipart=True), "body /file contentMediaType"),
        (FormData({"note": "two"}, default_to_multipart=True), "body /file required"),
    ],
)
async def test_a_wrong_upload_is_refused(acme: Acme, form: FormData, sentence: str) -> None:
    here = await acme()
    assert await here.call("POST", "/things/import", data=form) == (400, {"problem": sentence})


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ("", "Multipart form parse error - Invalid boundary in multipart: None"),
        ("; boundary=x", "body /file required"),
    ],
)
async def test_an_upload_that_is_not_multipart_inside_is_refused(acme: Acme, parameters: str, problem: str) -> None:
    here = await acme()
    headers = {**TOKEN, "Content-Type": f"multipart/form-data{parameters}"}
    reply = await here.call("POST", "/things/import", data=b"nothing of the kind", headers=headers)
    assert reply == (400, {"problem": problem})


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/things", "/things/import"])
async def test_a_body_over_the_limit_is_rejected_and_nothing_stored(acme: Acme, path: str, chunked: bool) -> None:
    here = await acme(max_body="1k")

    async def chunks() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        for _ in range(40):
            yield b"B" * 99 + b"\n"
        yield b"\r\n--x--\r\n"

    data = chunks() if chunked else b"".join([chunk async for chunk in chunks()])
    headers = {**TOKEN, "Content-Type": "multipart/form-data; boundary=x"}
    assert await here.call("POST", path, data=data, headers=headers) == (413, {"problem": "more than 1024 bytes"})
    assert await here.names() == ["A"]


async def test_reply_carries_the_vendors_conventions(acme: Acme) -> None:
    here = await acme()
    async with here.client.get("/acme/v1/things", headers=TOKEN) as response:
        assert (response.headers["x-acme"], response.content_type) == ("yes", "application/json")


async def test_an_unchanged_response_is_304_by_its_etag(acme: Acme) -> None:
    here = await acme()
    async with here.client.get("/acme/v1/things", headers=TOKEN) as first:
        etag = first.headers["ETag"]
    async with here.client.get("/acme/v1/things", headers={**TOKEN, "If-None-Match": etag}) as second:
        assert (second.status, await second.read(), second.headers["ETag"]) == (304, b"", etag)
    await here.call("POST", "/things", json={"name": "B"})
    async with here.client.get("/acme/v1/things", headers={**TOKEN, "If-None-Match": etag}) as third:
        assert third.status == 200


async def test_a_request_in_flight_gets_its_reply_before_the_server_stops(catalogue: Catalogue) -> None:
    arrived, released = asyncio.Event(), asyncio.Event()

    async def slow(call: Call, transactions: Transactions) -> Reply:
        arrived.set()
        await released.wait()
        return Reply(204)

    catalogue.handlers["acme"].streaming["importThings"] = slow
    server = Server(Emulator(read_settings({"port": 0}), catalogue))
    await server.start()
    url = f"{server.url}/acme/things"
    async with ClientSession(headers=TOKEN) as session:
        call = asyncio.create_task(session.post(f"{url}/import", data=upload(b"B")))
        await arrived.wait()
        stopping = asyncio.create_task(server.stop())
        released.set()
        assert (await call).status == 204
        await stopping
        with pytest.raises(ClientConnectionError):
            await session.get(url)


@pytest.mark.parametrize(
    ("forgotten", "added", "sentence"),
    [
        ("createTag", "", "operation createTag has no handler in emulator/vendors/immuta; handlers found: "),
        ("", "dropTag", "emulator/vendors/immuta has a handler for dropTag, which is not an operation of contracts/"),
    ],
)
def test_a_contract_and_handlers_that_do_not_fit_stop_the_start(forgotten: str, added: str, sentence: str) -> None:
    vendor, handlers = load_vendors()["immuta"], Handlers()
    for module in vendor.handlers:
        handlers.merge(module)
    handlers.transactional.pop(forgotten, None)
    if added:
        handlers.operation(added)(lambda call, world: None)
    with pytest.raises(ContractError) as refusal:
        read_catalogue({"immuta": replace(vendor, handlers=[handlers])})
    assert sentence in str(refusal.value)


def test_a_handler_of_an_own_vendor_that_fits_no_operation_is_named_with_its_file(tmp_path: Path) -> None:
    shutil.copytree(MADE_UP / "acme", tmp_path / "acme")
    with (tmp_path / "acme" / "vendor.py").open("a") as file:
        file.write("\nhandlers.operation('dropThing')(list_things)\n")
    with pytest.raises(ContractError, match=r"acme/vendor.py has a handler for dropThing, which is not an operation"):
        read_catalogue({}, homes={"acme": tmp_path / "acme"})


def test_two_handlers_for_one_operation_are_refused() -> None:
    handlers = Handlers()
    handlers.operation("a")(lambda call, world: None)
    with pytest.raises(ContractError, match="operation a has two handlers"):
        handlers.operation("a")(lambda call, world: None)


def test_a_call_ends_although_a_file_of_its_parts_cannot_be_closed() -> None:
    def close() -> None:
        raise OSError("no space left on device")

    sandbox = cast(Sandbox, SimpleNamespace(in_flight=InFlightCalls(Lifetime())))
    request, now = cast(web.BaseRequest, None), datetime.now(UTC)
    context = RequestContext(request, sandbox, now, None, Call("POST", "/files"))
    context.files.callback(close)
    with pytest.raises(OSError, match="no space left"), context:
        assert sandbox.in_flight.count == 1
    assert sandbox.in_flight.count == 0
