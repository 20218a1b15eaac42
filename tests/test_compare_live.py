"""`emulator compare` with a live vendor, for which an emulator with changed replies stands in."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio import to_thread
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from emulator.compare import live
from emulator.compare.asking import Interview
from emulator.compare.comparison import Comparer, Comparison, new_comparison
from emulator.compare.live import Interrupted, LiveVendor, Question
from emulator.compare.own_records import MARK
from emulator.compare.upstream import read_credentials, upstream_of
from emulator.errors import ConfigurationError
from tests.conftest import EmulatorUnderTest
from tests.live_vendor import Change, Reply, keeping, live_vendor, unchanged
from tests.own_vendor import crud, served
from tests.test_cli import Run, command
from tests.test_compare import found, verdicts
from tests.test_record import VENDORS, reader

__all__ = ["command"]


class Interviewed:
    """What a live vendor was asked, and the comparison."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.calls: list[tuple[str, str, int]] = []
        self.left: list[str] = []


async def interviewed(
    emulator: EmulatorUnderTest, vendor: str, change: Change = unchanged, *, allows_writes: bool = False
) -> Interviewed:
    """Ask a vendor whose replies are changed on their way."""
    of_vendor = reader(emulator, vendor)
    contract = of_vendor.contract
    done = Interviewed(new_comparison(contract))
    async with live_vendor(f"{emulator.root}/{vendor}", change) as url:
        target = upstream_of(url, contract)
        comparer = Comparer(of_vendor, done.comparison, of_vendor.vendor.dialect.refuses, target.root)
        async with LiveVendor(target, emulator.headers(vendor)) as asked:
            interview = Interview(contract, asked, allows_writes)
            async for exchange in interview.exchanges():
                done.calls.append((exchange.method, exchange.url.removeprefix(url), exchange.status))
                await comparer.add(exchange)
            done.left = interview.own.left
    return done


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_vendor_that_keeps_its_contract_is_confirmed(emulator: EmulatorUnderTest, vendor: str) -> None:
    done = await interviewed(emulator, vendor)
    assert found(done.comparison) == []
    assert done.comparison.unmatched == []
    statuses = {name.rpartition(" ")[2] for name in verdicts(done.comparison)}
    assert {"200", "401"} <= statuses
    assert all(exchange.call.method in ("GET", "POST") for exchange in emulator.exchanges())


@pytest.mark.parametrize("vendor", VENDORS)
async def test_only_reads_are_asked_by_default(emulator: EmulatorUnderTest, vendor: str) -> None:
    collections = [one.name for one in emulator.catalogue.vendors[vendor].collections]
    before = {name: emulator.records(name) for name in collections}
    await interviewed(emulator, vendor)
    assert {name: emulator.records(name) for name in collections} == before


@pytest.mark.parametrize("vendor", ["celigo", "secoda"])
async def test_writes_work_in_records_of_their_own(emulator: EmulatorUnderTest, vendor: str) -> None:
    before = emulator.records(f"{vendor}.integrations")
    done = await interviewed(emulator, vendor, allows_writes=True)
    assert verdicts(done.comparison)["createIntegration 201"] == "confirmed"
    assert verdicts(done.comparison)["deleteIntegration 204"] == "confirmed"
    assert found(done.comparison) == []
    assert done.left == []
    assert emulator.records(f"{vendor}.integrations") == before


async def test_writes_that_affect_more_than_their_own_record_are_not_made(emulator: EmulatorUnderTest) -> None:
    done = await interviewed(emulator, "immuta", allows_writes=True)
    posted = {path for method, path, _ in done.calls if method == "POST"}
    assert "/governance/purpose" in posted
    assert not posted & {"/policy/global", "/domain", "/tag"}
    assert done.left == []


async def test_what_cannot_be_removed_is_said(emulator: EmulatorUnderTest) -> None:
    done = await interviewed(emulator, "celigo", keeping(), allows_writes=True)
    refused = [sentence.split("/")[1] for sentence in done.left]
    assert refused == [path.split("/")[2] for method, path, _ in done.calls if method == "DELETE"]
    assert "integrations" in refused
    assert all(sentence.endswith(f" was refused with 409: {MARK!r} is still there") for sentence in done.left)


def of_any_type(body: bytes) -> Change:
    """Change the bodies of all replies that report success and have one."""

    def change(reply: Reply) -> None:
        if reply.status in (200, 201):
            reply.document = body

    return change


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("body", [b"<html>login</html>", b'[{"_id": "5f', b'[1, "a", null, {}]', b'{"_id": {}}'])
async def test_any_body_is_a_difference_and_what_is_left_is_said(
    emulator: EmulatorUnderTest, vendor: str, body: bytes
) -> None:
    done = await interviewed(emulator, vendor, of_any_type(body), allows_writes=True)
    differing = {row.status for row in done.comparison.rows.values() if row.differences}
    created = {200, 201} if emulator.catalogue.contracts[vendor].graphql is None else set()
    made = [path for method, path, status in done.calls if method == "POST" and status in created]
    assert 200 in differing
    assert 401 not in differing
    assert len(done.left) == len(made)
    assert all(sentence.endswith(f"{MARK!r} was made, and its id is unknown") for sentence in done.left)


async def test_a_record_that_is_gone_is_not_left_whatever_the_removal_says(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.unknown_id_status", 422)

    def refuse(reply: Reply) -> None:
        if reply.method == "DELETE":
            reply.status, reply.document = 422, {"errors": [{"code": "invalid_ref", "message": "unknown"}]}

    assert (await interviewed(emulator, "celigo", refuse, allows_writes=True)).left == []


async def test_what_is_left_is_said_if_the_vendor_becomes_unreachable(
    command: Run, emulator: EmulatorUnderTest, credentials: Path
) -> None:
    made: list[str] = []

    def break_off(reply: Reply) -> None:
        if made:
            reply.status = 0
        elif reply.method == "POST":
            made.append(reply.document["_id"])

    async with live_vendor(f"{emulator.root}/celigo", break_off) as url:
        words = ("compare", "--vendor", "celigo", "--upstream", url, "--credentials", str(credentials))
        code, _, error = await to_thread(command, *words, "--allow-writes")
    assert code == 2
    assert f"upstream: {url}/v1 stopped answering at GET /integrations/{made[0]}: " in error
    assert [line for line in error.splitlines() if MARK in line] == [
        f"emulator: /integrations/{made[0]}: {MARK!r} may still be there: its removal got no reply"
    ]


@pytest.mark.parametrize("lost", ["PUT", "DELETE"])
async def test_a_write_whose_reply_is_lost_is_sent_again_if_that_does_the_same(
    emulator: EmulatorUnderTest, lost: str
) -> None:
    broken: list[str] = []

    def lose_every_second(reply: Reply) -> None:
        if reply.method == lost:
            broken.append(reply.path)
            reply.status = 0 if len(broken) % 2 else reply.status

    before = emulator.records("celigo.integrations")
    done = await interviewed(emulator, "celigo", lose_every_second, allows_writes=True)
    assert broken[0] == broken[1]
    assert done.left == []
    assert emulator.records("celigo.integrations") == before


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_was_made_is_removed_though_a_later_write_got_no_reply(
    command: Run, emulator: EmulatorUnderTest, credentials: Path, method: str
) -> None:
    def lose_a_probe(reply: Reply) -> None:
        if reply.method == method and reply.path.count("/") > 2:
            reply.status = 0

    before = emulator.records("celigo.integrations")
    async with live_vendor(f"{emulator.root}/celigo", lose_a_probe) as url:
        words = ("compare", "--vendor", "celigo", "--upstream", url, "--credentials", str(credentials))
        code, _, error = await to_thread(command, *words, "--allow-writes")
    assert code == 2
    assert f"stopped answering at {method} /" in error
    assert emulator.records("celigo.integrations")[: len(before)] == before
    known = [line for line in error.splitlines() if MARK in line and "may have been made" not in line]
    assert known == []


@pytest.mark.parametrize("body", [None, b"<html>", b'{"_id": "5f'])
@pytest.mark.parametrize(
    ("vendor", "path", "collection"),
    [
        ("celigo", "/v1/integrations", "celigo.integrations"),
        ("celigo", "/v1/scripts", "celigo.scripts"),
        ("secoda", "/api/v1/integration/integrations", "secoda.integrations"),
    ],
)
async def test_a_record_whose_id_never_came_is_found_by_its_name(
    command: Run, emulator: EmulatorUnderTest, tmp_path: Path, vendor: str, path: str, collection: str, body: Any
) -> None:
    def lose(reply: Reply) -> None:
        if reply.method == "POST" and reply.path == path:
            reply.status, reply.document = (reply.status, body) if body else (0, reply.document)

    before = emulator.records(collection)
    (tmp_path / "credentials.json").write_text(json.dumps({"headers": emulator.headers(vendor)}))
    async with live_vendor(f"{emulator.root}/{vendor}", lose) as url:
        words = ("compare", "--vendor", vendor, "--upstream", url, "--allow-writes")
        code, _, error = await to_thread(command, *words, "--credentials", str(tmp_path / "credentials.json"))
    assert code == (1 if body else 2)
    assert emulator.records(collection) == before
    assert MARK not in error


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(("signalled", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_what_was_made_is_removed_if_the_command_is_ended(
    emulator: EmulatorUnderTest, credentials: Path, method: str, signalled: signal.Signals, code: int
) -> None:
    running: list[asyncio.subprocess.Process] = []

    def end(reply: Reply) -> None:
        if reply.method == method and running:
            running.pop().send_signal(signalled)

    before = emulator.records("celigo.integrations")
    async with live_vendor(f"{emulator.root}/celigo", end) as url:
        words = ("compare", "--vendor", "celigo", "--upstream", url, "--credentials", str(credentials))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "emulator", *words, "--allow-writes", stderr=asyncio.subprocess.PIPE
        )
        running.append(process)
        _, error = await process.communicate()
    assert process.returncode == code
    assert emulator.records("celigo.integrations") == before
    assert MARK not in error.decode()


@pytest.mark.parametrize(("body", "kind"), [(b"<html>Log in</html>", "html"), (b"", "empty"), (b'[{"_id"', "cut")])
@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_success_without_what_the_contract_promises_settles_no_switch(
    command: Run, emulator: EmulatorUnderTest, tmp_path: Path, vendor: str, body: bytes, kind: str
) -> None:
    def log_in(reply: Reply) -> None:
        reply.status, reply.document = 200, body

    (tmp_path / "credentials.json").write_text(json.dumps({"headers": emulator.headers(vendor)}))
    async with live_vendor(f"{emulator.root}/{vendor}", log_in) as url:
        words = ("compare", "--vendor", vendor, "--upstream", url, "--format", "json")
        _, out, _ = await to_thread(command, *words, "--credentials", str(tmp_path / "credentials.json"))
    assert {one["verdict"] for one in json.loads(out)["switches"]} == {"open"}


def without_names(reply: Reply) -> None:
    if reply.path == "/v1/integrations" and reply.status == 200:
        for record in reply.document:
            del record["name"]


def plain_401(reply: Reply) -> None:
    if reply.path == "/v1/tokenInfo" and reply.status == 401:
        reply.document = {"error": "who are you?"}


def other_404(reply: Reply) -> None:
    if reply.path.startswith("/v1/integrations/") and reply.path.endswith("/audit") and reply.status == 404:
        reply.status = 410


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        (without_names, [("listIntegrations 200", "body/0/name", "required")]),
        (plain_401, [("getTokenInfo 401", "body", "anyOf")]),
        (other_404, [("listAuditLog 410", "status", "enum")]),
    ],
)
async def test_exactly_what_differs_is_found(
    emulator: EmulatorUnderTest, change: Change, differences: list[tuple[str, str, str]]
) -> None:
    done = await interviewed(emulator, "celigo", change)
    assert found(done.comparison) == differences


def held_back(times: int, status: int, headers: dict[str, str]) -> Change:
    """Return a change of a vendor that replies to the first calls that they are too many."""
    limited = iter([True] * times)

    def limit(reply: Reply) -> None:
        if next(limited, False):
            reply.status = status
            reply.headers |= headers

    return limit


NOON = {"Date": "Sat, 28 Nov 2026 12:00:00 GMT"}


@pytest.mark.parametrize(
    ("times", "status", "headers", "waited"),
    [
        (1, 429, {"Retry-After": "7"}, [7]),
        (2, 429, {"Retry-After": "Sat, 28 Nov 2026 12:00:09 GMT", **NOON}, [9, 9]),
        (1, 503, {"Retry-After": "Sat, 28 Nov 2026 12:01:00 GMT", **NOON}, [60]),
        (1, 429, {"Retry-After": "Sat, 28 Nov 2026 11:59:00 GMT", **NOON}, [0]),
        (1, 429, {"Retry-After": "soon"}, [1]),
        (4, 429, {}, [1, 4, 16, 60]),
    ],
)
async def test_a_call_is_repeated_after_the_pause_that_the_vendor_wants(
    emulator: EmulatorUnderTest,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    status: int,
    headers: dict[str, str],
    waited: list[float],
) -> None:
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(live, "sleep", sleep)
    done = await interviewed(emulator, "secoda", held_back(times, status, headers))
    assert paused == waited
    assert [one for _, _, one in done.calls if one == status] == []


class Broken:
    """A vendor of which replies break off, those with these numbers; `asked` are the calls that it got."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers
        self.asked: list[str] = []

    def __call__(self, reply: Reply) -> None:
        self.asked.append(f"{reply.method} {reply.path}")
        reply.breaks_off = len(self.asked) in self.numbers


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_read_whose_reply_breaks_off_is_asked_once_more(emulator: EmulatorUnderTest, vendor: str) -> None:
    broken = Broken(2, 5)
    done = await interviewed(emulator, vendor, broken)
    assert [broken.asked[1], broken.asked[4]] == [broken.asked[2], broken.asked[5]]
    assert len(done.calls) == len(broken.asked) - 2
    assert found(done.comparison) == []


async def test_silence_of_a_vendor_is_said_and_ends_the_second_try(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SILENCE_SECONDS", 0.1)
    over = asyncio.Event()

    async def answer_once(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.endswith("/flows"):
            await over.wait()
        return web.json_response([])

    said: list[str] = []
    async with RawTestServer(answer_once) as server:
        target = upstream_of(str(server.make_url("")), emulator.catalogue.contracts["celigo"])
        async with LiveVendor(target, {}, said.append) as asked:
            await asked.ask(Question("GET", "/integrations"))
            with pytest.raises(Interrupted, match=r"stopped answering at GET /flows: nothing came for 0\.1 s"):
                await asked.ask(Question("GET", "/flows"))
            over.set()
    assert said == ["asks once more: GET /flows: nothing came for 0.1 seconds"]


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_vendor_that_stops_answering_ends_with_2_and_what_was_met(
    command: Run, emulator: EmulatorUnderTest, credentials: Path, form: str
) -> None:
    broken = Broken(*range(4, 99))
    async with live_vendor(f"{emulator.root}/celigo", broken) as url:
        words = ("compare", "--vendor", "celigo", "--upstream", url, "--credentials", str(credentials))
        code, out, error = await to_thread(command, *words, "--format", form)
    assert code == 2
    assert len(broken.asked) == 5
    assert f"upstream: {url}/v1 stopped answering at GET /ashares?skip=many: the reply broke off\n" in error
    assert "asks once more: GET /ashares?skip=many: the reply broke off\n" in error
    if form == "json":
        assert sum(row["calls"] for row in json.loads(out)["results"]) == 3


async def test_a_wait_is_said_and_a_longer_one_ends_with_2_and_what_was_met(
    command: Run, emulator: EmulatorUnderTest, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    waits = ["7", "30", "86400"]

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    def limit(reply: Reply) -> None:
        if reply.path == "/v1/connections" and waits:
            reply.status, reply.headers["Retry-After"] = 429, waits.pop(0)
            reply.document = {"errors": [{"code": "too_many_requests", "message": "slow down"}]}

    monkeypatch.setattr(live, "sleep", sleep)
    monkeypatch.setattr(live, "MOST_TRIES", 4)
    async with live_vendor(f"{emulator.root}/celigo", limit) as url:
        words = ("compare", "--vendor", "celigo", "--upstream", url, "--credentials", str(credentials))
        code, out, error = await to_thread(command, *words)
    assert (code, paused) == (2, [7, 30])
    assert out.startswith("celigo: ")
    lines = error.splitlines()
    assert lines[0] == "emulator: waits 7 seconds: GET /connections got 429 with Retry-After: 7"
    assert lines[1] == "emulator: waits 30 seconds: GET /connections got 429 with Retry-After: 30"
    assert "is not asked any more: GET /connections got 429 with Retry-After: 86400" in lines[2]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Retry-After": "1"}, "3 times GET /ashares got 429 with Retry-After: 1"),
        ({}, "5 times GET /ashares got 429 without Retry-After"),
    ],
)
async def test_a_vendor_that_is_always_asked_too_much_is_not_confirmed(
    command: Run,
    emulator: EmulatorUnderTest,
    credentials: Path,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    said: str,
) -> None:
    async def sleep(seconds: float) -> None:
        """Wait for nothing."""

    def limit(reply: Reply) -> None:
        reply.status = 429
        reply.headers |= headers

    monkeypatch.setattr(live, "sleep", sleep)
    async with live_vendor(f"{emulator.root}/celigo", limit) as url:
        words = ("compare", "--vendor", "celigo", "--upstream", url, "--credentials", str(credentials))
        code, _, error = await to_thread(command, *words)
    assert code == 2
    assert f"{url}/v1 is not asked any more: {said}\n" in error


@pytest.fixture
def credentials(emulator: EmulatorUnderTest, tmp_path: Path) -> Path:
    """A file with Celigo's credential."""
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"headers": emulator.headers("celigo")}))
    return file


def test_the_command_asks_the_vendor(command: Run, emulator: EmulatorUnderTest, credentials: Path) -> None:
    words = ("compare", "--vendor", "celigo", "--upstream", emulator.url("celigo"), "--credentials", str(credentials))
    code, out, _ = command(*words, "--format", "json")
    document = json.loads(out)
    assert code == 0
    assert document["counts"]["differs"] == 0
    assert document["counts"]["confirmed"] > 20


def refused_by(status: int, document: Any) -> Change:
    """Change all replies that report success."""

    def refuse(reply: Reply) -> None:
        if reply.status in (200, 201, 204):
            reply.status, reply.document = status, document

    return refuse


UNAUTHENTICATED = {"errors": [{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}], "data": None}


@pytest.mark.parametrize("options", [(), ("--allow-writes",)])
@pytest.mark.parametrize("vendor", VENDORS)
def test_wrong_credentials_end_with_2_at_the_first_call(
    command: Run, emulator: EmulatorUnderTest, tmp_path: Path, vendor: str, options: tuple[str, ...]
) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"headers": dict.fromkeys(emulator.headers(vendor), "wrong")}))
    words = ("compare", "--vendor", vendor, "--upstream", f"{emulator.root}/{vendor}", "--credentials", str(file))
    code, out, error = command(*words, *options)
    assert (code, out) == (2, "")
    [exchange] = emulator.exchanges()
    assert error == f"emulator: credentials: {exchange.operations[0]} got 401\n"


@pytest.mark.parametrize(
    ("vendor", "status", "document"),
    [
        ("celigo", 403, {"errors": []}),
        ("paradime", 403, {"message": "no"}),
        ("paradime", 400, {"message": "no workspace"}),
        ("paradime", 200, UNAUTHENTICATED),
    ],
)
async def test_credentials_that_nothing_admits_end_the_comparison_before_a_write(
    emulator: EmulatorUnderTest, vendor: str, status: int, document: Any
) -> None:
    with pytest.raises(ConfigurationError, match=rf"^credentials: \w+ got {status}$"):
        await interviewed(emulator, vendor, refused_by(status, document), allows_writes=True)
    assert vendor == "paradime" or {one.call.method for one in emulator.exchanges()} == {"GET"}


async def test_credentials_that_expire_end_with_2_and_what_was_met(
    command: Run, emulator: EmulatorUnderTest, credentials: Path
) -> None:
    refused: list[str] = []

    def expire(reply: Reply) -> None:
        if refused or reply.path == "/v1/flows":
            refused.append(reply.path)
            reply.status, reply.document = 401, {"errors": [{"code": "unauthorized", "message": "Unauthorized"}]}

    async with live_vendor(f"{emulator.root}/celigo", expire) as url:
        words = ("compare", "--vendor", "celigo", "--upstream", url, "--credentials", str(credentials))
        code, out, error = await to_thread(command, *words)
    assert code == 2
    assert out.startswith("celigo: ")
    assert "credentials: 5 operations in a row got 401" in error


async def test_what_could_not_be_recognised_is_not_made_and_said(command: Run, tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text('{"headers": {"Authorization": "Bearer acme-token"}}')
    vendor = crud()
    with served(tmp_path, vendor) as client:
        url = str(client.base_url).rstrip("/")
        words = ("compare", "--vendor", "acme", "--vendors", str(tmp_path / "vendors"), "--upstream", url)
        given = ("--credentials", str(tmp_path / "credentials.json"), "--allow-writes")
        _, _, error = await to_thread(command, *words, *given)
    assert "emulator: not tried, as what they make has no name to recognise it by: " in error


async def test_credentials_that_may_not_do_everything_are_compared(emulator: EmulatorUnderTest) -> None:
    def refuse(reply: Reply) -> None:
        if reply.path != "/v1/integrations" and reply.status == 200:
            reply.status, reply.document = 403, {"errors": [{"code": "forbidden", "message": "no"}]}

    assert verdicts((await interviewed(emulator, "celigo", refuse)).comparison)["listIntegrations 200"] == "confirmed"


def test_a_vendor_that_cannot_be_reached_ends_with_2(command: Run, credentials: Path) -> None:
    words = ("compare", "--vendor", "celigo", "--upstream", "http://127.0.0.1:9", "--credentials", str(credentials))
    code, _, error = command(*words)
    assert code == 2
    assert "upstream: http://127.0.0.1:9/v1 cannot be reached: " in error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", 'expected {"headers": {"Authorization": "Bearer …"}}'),
        ('{"headers": {"A": 1}}', "expected"),
        ('{"headers": {}, "token": "S3KR3T"}', "expected"),
        ('{"headers": {"S3KR3T header": "x"}}', "a name is not that of a header"),
        ('{"headers": {"Host": "S3KR3T"}}', "or one of connection, content-length, expect, host"),
        ('{"headers": {"Authorization": "S3KR3T\\r\\nA: b"}}', "a value has a line break"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_wrong_credentials_file_is_refused_without_quoting_it(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "credentials.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        read_credentials(file)
    assert said in str(refused.value)
    assert "S3KR3T" not in str(refused.value)


@pytest.mark.parametrize(
    ("vendor", "url", "root", "mount"),
    [
        ("paradime", "https://api.paradime.io", "https://api.paradime.io", "/api/v1/company-token"),
        ("paradime", "https://api.paradime.io/api/v1/abc", "https://api.paradime.io", "/api/v1/abc"),
        ("paradime", "https://api.paradime.io/api/v1/abc/graphql", "https://api.paradime.io", "/api/v1/abc"),
        ("immuta", "https://my.immuta.com/", "https://my.immuta.com", ""),
        ("secoda", "https://api.secoda.co/api/v1", "https://api.secoda.co", "/api/v1"),
    ],
)
def test_the_server_path_is_taken_from_the_url(
    emulator: EmulatorUnderTest, vendor: str, url: str, root: str, mount: str
) -> None:
    target = upstream_of(url, emulator.catalogue.contracts[vendor])
    assert (target.root, target.mount) == (root, mount)
