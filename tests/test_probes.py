"""How `emulator compare` settles switches: an emulator with known values stands in for the live vendor."""

from __future__ import annotations

import copy
import json
from asyncio import to_thread
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from xml.etree import ElementTree

import httpx
import pytest
import yaml

from emulator.app import Emulator
from emulator.cli.recording import reader_of
from emulator.compare.asking import Interview
from emulator.compare.comparison import Comparer, Comparison, new_comparison
from emulator.compare.evidence import WEAK
from emulator.compare.live import LiveVendor
from emulator.compare.own_records import MARK, OwnRecords
from emulator.compare.probes import probe_problems, read_probes
from emulator.compare.probing import Prober
from emulator.compare.report import FORMATS
from emulator.compare.settling import SwitchFinding, new_findings
from emulator.compare.upstream import upstream_of
from emulator.contract.openapi import Contract, read_contract
from emulator.files.package_data import CONTRACTS
from emulator.matching.globs import matches
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.store.world import World
from tests.conftest import EmulatorUnderTest
from tests.live_vendor import Change, Reply, keeping, live_vendor, unchanged
from tests.own_vendor import crud
from tests.own_vendor import written as written_vendor
from tests.test_cli import Run, command
from tests.test_compare import entry, written
from tests.test_record import VENDORS, reader

__all__ = ["command"]

MANY = {"celigo.default_page_size": 101, "secoda.default_page_size": 60, "secoda.maximum_page_size": 1001}
"""How many records a list must have before its pages show the switch."""


def values() -> Iterator[tuple[str, Any]]:
    """Yield each switch with each value that its probe can tell from all others."""
    for vendor in VENDORS:
        contract = read_contract(CONTRACTS / vendor)
        for name, probe in read_probes(contract).items():
            known = probe.values()
            yield from ((f"{vendor}.{name}", value) for value in contract.switches[name].choices if value in known)


def findings(contract: Contract) -> dict[str, SwitchFinding]:
    return new_findings(contract.vendor, contract.switches.values(), read_probes(contract), {})


def with_many_records(emulator: EmulatorUnderTest, name: str) -> None:
    """Give the list that a switch is about as many records as it needs."""
    vendor = name.partition(".")[0]
    collection = next(
        one for one in emulator.catalogue.vendors[vendor].collections if one.name.endswith(".integrations")
    )
    key = collection.key

    def add(world: World) -> None:
        [first] = world[collection].page(limit=1)
        for number in range(MANY[name]):
            id = f"{number:024x}" if vendor == "celigo" else f"00000000-0000-4000-8000-{number:012}"
            world[collection].insert({**first, key: id})

    emulator.run(partial(emulator.sandbox.run, vendor, add))


def credentials(emulator: EmulatorUnderTest, name: str) -> dict[str, str]:
    """Return the headers of a client; for what is about workspaces, with a token that needs one."""
    vendor = name.partition(".")[0]
    if name != "paradime.missing_workspace_status":
        return emulator.headers(vendor)
    of_company = next(one for one in emulator.sandbox.credentials[vendor].values() if "workspace" in one)
    return emulator.catalogue.vendors[vendor].present(of_company)


class Asked:
    """A comparison with a live vendor, and what was left behind."""

    def __init__(self, comparison: Comparison, own: OwnRecords) -> None:
        self.switches = comparison.switches
        self.comparison = comparison
        self.own = own

    def __getitem__(self, name: str) -> SwitchFinding:
        return self.comparison.switches[name]


async def asked(
    emulator: EmulatorUnderTest, name: str, change: Change = unchanged, *, allows_writes: bool = True, all: bool = False
) -> Asked:
    """Ask a live vendor for one switch, or for everything."""
    vendor, _, switch = name.partition(".")
    of_vendor = reader(emulator, vendor)
    contract = of_vendor.contract
    comparison, own = new_comparison(contract, findings(contract)), OwnRecords()
    async with live_vendor(f"{emulator.root}/{vendor}", change) as url:
        target = upstream_of(url, contract)
        comparer = Comparer(of_vendor, comparison, of_vendor.vendor.dialect.refuses, target.root)
        async with LiveVendor(target, credentials(emulator, name)) as live:
            if all:
                async for exchange in Interview(contract, live, allows_writes, own).exchanges():
                    await comparer.add(exchange)
            prober = Prober(contract, live, comparer.add, own, allows_writes=allows_writes)
            for finding in comparison.switches.values() if all else [comparison.switches[switch]]:
                await prober.settle(finding)
    return Asked(comparison, own)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_value_of_every_switch_can_be_observed_or_it_is_said_why_not(vendor: str) -> None:
    contract = read_contract(CONTRACTS / vendor)
    assert list(probe_problems(contract)) == []
    probes = read_probes(contract)
    assert probes.keys() == contract.switches.keys()
    for name, probe in probes.items():
        assert (probe.values() == set(contract.switches[name].choices)) is (probe.unobservable == ""), name


ONE_SIDED = {
    "celigo.delete_referenced": "a deletion that is accepted may be of a connection that nothing refers to",
    "celigo.patch_operations": "a patch that is refused may be refused for its value",
    "immuta.missing_dictionary_put": "a dictionary that is updated may have existed",
    "immuta.column_nullable": "a column that is read with nullable may have been stored with it",
    "paradime.bolt_first_state": "a run that is read as running may have been starting before",
    "secoda.credentials_in_replies": "an integration that is read without credentials may have none",
}
"""The switches of which some exchanges show one value and could not show its rival, and why."""


@pytest.mark.parametrize("vendor", VENDORS)
def test_where_one_value_would_show_its_rivals_do(vendor: str) -> None:
    contract = read_contract(CONTRACTS / vendor)
    one_sided = set()
    for name, probe in read_probes(contract).items():
        shown: dict[Any, set[str]] = {value: set() for value in probe.values()}
        for one in probe.observations:
            operations = {found for found in contract.operations for named in one.operations if matches(found, named)}
            for value in one.means:
                shown[value] |= operations
        if any(operations != next(iter(shown.values())) for operations in shown.values()):
            one_sided.add(f"{vendor}.{name}")
    assert one_sided == {name for name in ONE_SIDED if name.startswith(f"{vendor}.")}


def test_both_replies_to_an_empty_list_are_seen_at_every_list(command: Run, tmp_path: Path) -> None:
    contract = read_contract(CONTRACTS / "celigo")
    for number, operation in enumerate(contract.handled.values()):
        responses = contract.document["paths"][operation.path][operation.method.lower()]["responses"]
        if responses.get("204") == {"$ref": "#/components/responses/NoRecords"}:
            path = operation.path.replace("{", "").replace("}", "").replace("_id", "a" * 24)
            url = f"https://api.integrator.io/v1{path}"
            (tmp_path / str(number)).mkdir()
            calls = written(tmp_path / str(number), entry(url=url), entry(url=url, status=204, text="", kind=""))
            _, out, _ = command("compare", "--vendor", "celigo", "--from", str(calls))
            assert "empty_list_status has no value that fits: 200 and 204 were seen" in out, operation.name


def test_a_page_behind_the_last_record_says_nothing_of_an_empty_list(command: Run, tmp_path: Path) -> None:
    url = "https://api.integrator.io/v1/integrations"
    pages = [entry(url=f"{url}?skip=100", text="[]"), entry(url=f"{url}?skip=100", status=204, text="", kind="")]
    _, out, _ = command("compare", "--vendor", "celigo", "--from", str(written(tmp_path, *pages)))
    assert "celigo.empty_list_status is open" in out


@pytest.mark.parametrize(("name", "value"), list(values()), ids=lambda one: str(one))
async def test_compare_names_exactly_the_value_of_the_live_vendor(
    emulator: EmulatorUnderTest, name: str, value: Any
) -> None:
    emulator.switch(name, value)
    if name in MANY:
        with_many_records(emulator, name)
    if name.startswith("immuta."):
        emulator.call("immuta", "DELETE", "/dictionary/3")
    done = await asked(emulator, name)
    finding = done[name.partition(".")[2]]
    assert finding.sentence == f"{name} is {str(value).lower() if isinstance(value, bool) else value} here"
    assert finding.verdict == ("confirmed" if value == finding.switch.default else "differs")
    for others in (one for one in done.switches.values() if one is not finding):
        assert others.verdict != "differs"
    assert [row for row in done.comparison.rows.values() if row.differences] == []
    assert done.comparison.unmatched == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_probes_leave_nothing_that_can_be_deleted(emulator: EmulatorUnderTest, vendor: str) -> None:
    collections = ["celigo.integrations", "celigo.flows", "celigo.exports", "celigo.connections"]
    collections += ["immuta.dictionaries", "immuta.tags", "paradime.bolt_schedules", "secoda.integrations"]
    mine = [one for one in collections if one.startswith(vendor)]
    before = {one: emulator.records(one) for one in mine}
    done = await asked(emulator, f"{vendor}.", all=True)
    assert {one: emulator.records(one) for one in mine} == before
    assert [one for one in done.own.left if not one.endswith("it is inactive now; no operation deletes it")] == []
    assert [finding.sentence for finding in done.switches.values() if finding.verdict == "differs"] == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_without_allow_writes_nothing_is_changed(emulator: EmulatorUnderTest, vendor: str) -> None:
    collections = [one.name for one in emulator.catalogue.vendors[vendor].collections]
    before = {name: emulator.records(name) for name in collections}
    done = await asked(emulator, f"{vendor}.", allows_writes=False, all=True)
    assert {name: emulator.records(name) for name in collections} == before
    contract = emulator.catalogue.contracts[vendor]
    for finding in done.switches.values():
        if finding.verdict == "open" and finding.probe.steps and finding.probe.writes(contract):
            assert finding.sentence == f"{finding.name} is open: --allow-writes asks for it"


def test_a_vendor_that_does_now_this_now_that_has_no_value(command: Run, tmp_path: Path) -> None:
    of_one = "https://api.integrator.io/v1/integrations/5fc5e0e66cfe5b44bb95de70"
    calls = written(
        tmp_path, entry(url=f"{of_one}/flows"), entry(url=f"{of_one}/connections", status=204, text="", kind="")
    )
    code, out, _ = command("compare", "--vendor", "celigo", "--from", str(calls))
    assert code == 1
    assert "differs    celigo.empty_list_status has no value that fits: 200 and 204 were seen (200 in" in out
    assert "emulator.toml" not in out


async def test_a_refused_step_says_why_a_switch_stays_open(emulator: EmulatorUnderTest) -> None:
    def refuse_flows(reply: Reply) -> None:
        if reply.method == "POST" and reply.path == "/v1/flows":
            reply.status, reply.document = 403, {"errors": [{"code": "forbidden", "message": "no"}]}

    done = await asked(emulator, "celigo.delete_with_flows", refuse_flows)
    assert done["delete_with_flows"].sentence == "celigo.delete_with_flows is open: createFlow got 403"
    assert done.own.left == []


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize(
    ("switch", "method", "path"),
    [
        ("delete_referenced", "DELETE", "/v1/connections/"),
        ("patch_operations", "PATCH", "/v1/integrations/"),
        ("writes_during_update", "PATCH", "/v1/integrations/"),
    ],
)
async def test_a_refusal_for_another_reason_shows_nothing(
    emulator: EmulatorUnderTest, switch: str, method: str, path: str, status: int
) -> None:
    def refuse(reply: Reply) -> None:
        if reply.method == method and reply.path.startswith(path):
            reply.status, reply.document = status, {"errors": [{"code": "no", "message": "no"}]}

    done = await asked(emulator, f"celigo.{switch}", refuse)
    assert done[switch].verdict == "open"


@pytest.mark.parametrize("message", ["Internal server error", "You may not do this", "Rate limit exceeded", ""])
@pytest.mark.parametrize(
    ("switch", "field"),
    [
        ("duplicate_names", "addCustomIntegration"),
        ("finished_snapshot", "addCustomIntegrationNodes"),
        ("open_snapshots", "addCustomIntegrationNodes"),
        ("bolt_concurrent_runs", "triggerBoltRun"),
    ],
)
async def test_an_error_of_another_matter_shows_nothing(
    emulator: EmulatorUnderTest, switch: str, field: str, message: str
) -> None:
    seen: list[Reply] = []

    def fail_the_second(reply: Reply) -> None:
        if field in reply.document.get("data", {}):
            seen.append(reply)
            if len(seen) > 1:
                reply.document = {"data": {field: None}, "errors": [{"message": message, "path": [field]}]}

    done = await asked(emulator, f"paradime.{switch}", fail_the_second)
    assert len(seen) > 1
    assert done[switch].verdict == "open"


async def test_what_a_probe_cannot_remove_is_said(emulator: EmulatorUnderTest) -> None:
    [left] = (await asked(emulator, "celigo.patch_operations", keeping())).own.left
    assert left.startswith("deleteIntegration /integrations/")
    assert left.endswith(f" was refused with 409: {MARK!r} is still there")


async def test_what_a_cascade_has_removed_is_not_left(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.unknown_id_status", 422)
    before = emulator.records("celigo.flows")
    done = await asked(emulator, "celigo.delete_with_flows")
    assert emulator.records("celigo.flows") == before
    assert done.own.left == []


async def test_what_may_be_there_is_said_if_no_read_decides(emulator: EmulatorUnderTest) -> None:
    made: list[str] = []

    def keep(reply: Reply) -> None:
        if reply.method == "POST":
            made.append(reply.document["_id"])
        if reply.method == "DELETE" or (made and reply.path.endswith(made[0]) and reply.method == "GET"):
            reply.status, reply.document = 403, {"errors": [{"code": "forbidden", "message": "no"}]}

    [left] = (await asked(emulator, "celigo.patch_operations", keep)).own.left
    assert left == f"deleteIntegration /integrations/{made[0]} was refused with 403: {MARK!r} may still be there"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("body", [b"<html>login</html>", b'[1, "a", null, {}]', b'{"_id": {}, "id": [], "uid": null}'])
async def test_no_body_of_a_created_record_ends_the_comparison(
    emulator: EmulatorUnderTest, vendor: str, body: bytes
) -> None:
    made: list[str] = []

    def cut(reply: Reply) -> None:
        if reply.method == "POST" and reply.status in (200, 201):
            made.append(reply.path)
            reply.document = body

    done = await asked(emulator, f"{vendor}.", cut, all=True)
    assert made
    assert vendor == "paradime" or any(f"{MARK!r} was made, and its id is unknown" in one for one in done.own.left)


@pytest.mark.parametrize("everything", [True, False])
async def test_a_record_that_a_failing_vendor_may_have_made_is_said(
    emulator: EmulatorUnderTest, everything: bool
) -> None:
    def fail(reply: Reply) -> None:
        if reply.method == "POST" and reply.path == "/v1/integrations":
            reply.status, reply.document = 500, {"errors": [{"code": "internal_error", "message": "no"}]}

    done = await asked(emulator, "celigo.patch_operations", fail, all=everything)
    [left] = done.own.left
    times = sum(one.call.method == "POST" and one.call.path == "/integrations" for one in emulator.exchanges())
    counted = f" ({times} times)" if times > 1 else ""
    assert left == f"/integrations: {MARK!r} may have been made: the reply was 500{counted}"
    assert (times > 1) is everything


async def test_a_record_without_an_id_is_said_though_later_ones_are_removed(emulator: EmulatorUnderTest) -> None:
    made: list[str] = []

    def cut(reply: Reply) -> None:
        if reply.method == "POST" and reply.path == "/v1/integrations":
            made.append(reply.path)
            reply.document = b'{"_id' if len(made) in (1, 3) else reply.document

    done = await asked(emulator, "celigo.", cut, all=True)
    assert len(made) > 3
    assert done.own.left == [f"/integrations: {MARK!r} was made, and its id is unknown (2 times)"]


async def test_what_a_step_has_deleted_is_not_deleted_again(emulator: EmulatorUnderTest) -> None:
    await asked(emulator, "celigo.delete_with_flows")
    deleted = [one.call.path for one in emulator.exchanges() if one.operations == ("deleteIntegration",)]
    assert len(deleted) == 1


def test_a_vendor_of_ones_own_may_have_probes(command: Run, tmp_path: Path) -> None:
    switch = {"default": 404, "schema": {"enum": [404, 410]}, "description": "For an unknown task."}
    probe = {
        "gone": {
            "observe": [{"operation": "getTask", "reply": {"status": status}, "means": status} for status in (404, 410)]
        }
    }
    document = crud(**{"x-switches": {"gone": switch}, "servers": [{"url": "https://api.acme.test"}]})
    vendors = str(written_vendor(tmp_path, document, {"probes.yaml": yaml.safe_dump(probe)}))
    calls = written(tmp_path, entry(url="https://api.acme.test/tasks/t1", status=410, text="{}"))
    code, out, error = command("compare", "--vendor", "acme", "--vendors", vendors, "--from", str(calls))
    assert code == 1, error
    assert "differs    acme.gone is 410 here (404 in the emulator" in out
    wrong = written_vendor(tmp_path / "other", document, {"probes.yaml": yaml.safe_dump({"gnoe": probe["gone"]})})
    assert "unknown switch 'gnoe'" in "".join(command("check", "--vendors", str(wrong))[1:])


@pytest.fixture
def words(emulator: EmulatorUnderTest, tmp_path: Path) -> tuple[str, ...]:
    """The command that compares Celigo, which gives empty lists 204 and unknown ids 422."""
    emulator.switch("celigo.empty_list_status", 204)
    emulator.switch("celigo.unknown_id_status", 422)
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"headers": emulator.headers("celigo")}))
    upstream = f"{emulator.root}/celigo"
    return ("compare", "--vendor", "celigo", "--upstream", upstream, "--credentials", str(file), "--allow-writes")


LINES = 'switches = [\n  "celigo.empty_list_status=204",\n  "celigo.unknown_id_status=422",\n]'


def test_the_command_says_which_value_is_true_and_the_lines_for_the_settings(
    command: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    code, out, _ = command(*words)
    assert code == 1
    assert "differs    celigo.empty_list_status is 204 here (200 in the emulator, documented)\n    GET http" in out
    assert "confirmed  celigo.malformed_id_status is 422 here (422 in the emulator, assumed)" in out
    assert out.endswith(f"emulator.toml:\n{LINES}\n")
    (tmp_path / "emulator.toml").write_text(LINES)
    code, out, _ = command(*words)
    assert code == 0
    assert "confirmed  celigo.empty_list_status is 204 here (204 in the emulator, documented)" in out
    assert "emulator.toml" not in out


def test_the_evidence_is_an_overlay_that_passes_check_and_serves(
    command: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "contracts" / "celigo" / "emulator.overlay.yaml"
    assert command(*words, "--evidence", str(file))[0] == 1
    overlay = yaml.safe_load(file.read_text("utf-8"))
    targets = {action["target"] for action in overlay["actions"]}
    assert "$['x-switches'].empty_list_status" in targets
    assert "$['x-switches'].auth_error_body" not in targets  # It is documented, and so it is.
    code, _, error = command("check", "--contracts", str(tmp_path / "contracts"))
    assert (code, error) == (0, "")
    settings = read_settings({"port": 0, "access_log": False, "contracts": str(tmp_path / "contracts")})
    with ThreadedServer(Emulator(settings)) as server:
        switches = server.server.emulator.catalogue.contracts["celigo"].switches
        headers = server.server.emulator.catalogue.vendors["celigo"].present(
            next(iter(server.server.emulator.sandboxes.default.credentials["celigo"].values()))
        )
        unknown = httpx.get(f"{server.url}/celigo/v1/integrations/{'f' * 24}", headers=headers)
    assert unknown.status_code == 422
    assert switches["empty_list_status"].default == 204
    evidence = switches["unknown_id_status"].evidence
    assert evidence.level == "observed"
    assert evidence.source.startswith("emulator compare, 20")
    assert evidence.note.startswith("Shown by GET http://127.0.0.1")
    assert switches["malformed_id_status"].evidence.level == "observed"
    assert switches["auth_error_body"].evidence.level == "documented"


def levels(overlay: Path | None) -> dict[tuple[str, int], str]:
    """Return on what evidence each reply of Immuta's operations stands, with an overlay of its contract."""
    contract = reader_of(read_settings({"contracts": str(overlay)} if overlay else {}), "immuta").contract
    operations = contract.handled.values()
    return {(one.name, status): reply.evidence.level for one in operations for status, reply in one.responses.items()}


async def test_replies_that_come_as_assumed_become_observed_of_the_called_operations(
    command: Run, emulator: EmulatorUnderTest, tmp_path: Path
) -> None:
    (tmp_path / "credentials.json").write_text(json.dumps({"headers": credentials(emulator, "immuta")}))
    overlay, before = tmp_path / "contracts", levels(None)
    given = ("--credentials", str(tmp_path / "credentials.json"), "--format", "json")
    async with live_vendor(f"{emulator.root}/immuta") as url:
        words = ("compare", "--vendor", "immuta", "--upstream", url, *given)
        _, out, error = await to_thread(
            command, *words, "--evidence", str(overlay / "immuta" / "emulator.overlay.yaml")
        )
    rows = {(row["operation"], row["status"]): row["verdict"] for row in json.loads(out)["results"]}
    expected = {
        reply: "observed" if level in WEAK and rows[reply] == "confirmed" else level for reply, level in before.items()
    }
    assert levels(overlay) == expected
    assert expected != before
    assert await to_thread(command, "check", "--contracts", str(overlay)) == (0, ANY, "")
    assert " operations and replies in " in error


@pytest.mark.parametrize(
    ("switch", "said"), [("celgo.unknown_id_status=422", "celgo"), ("immuta.column_nullable=no", "it takes added")]
)
def test_a_wrong_switch_is_refused_whose_ever_it_is(command: Run, tmp_path: Path, switch: str, said: str) -> None:
    calls = written(tmp_path, entry())
    code, _, error = command("compare", "--vendor", "celigo", "--from", str(calls), "--switch", switch)
    assert (code, said in error) == (2, True)


def test_evidence_replaces_no_file(command: Run, words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text("mine")
    code, _, error = command(*words, "--evidence", str(file))
    assert code == 2
    assert "exists already; name a new file" in error
    assert file.read_text() == "mine"


def test_recordings_settle_switches_too(command: Run, tmp_path: Path) -> None:
    nothing = entry(status=204, text="", kind="")
    unknown = entry(url=f"https://api.integrator.io/v1/integrations/{'f' * 24}", status=404, text='{"errors": []}')
    calls = written(tmp_path, nothing, unknown)
    overlay = tmp_path / "emulator.overlay.yaml"
    _, out, error = command("compare", "--vendor", "celigo", "--from", str(calls), "--evidence", str(overlay))
    assert "differs    celigo.empty_list_status is 204 here" in out
    assert "confirmed  celigo.unknown_id_status is 404 here" in out
    assert "open       celigo.clone_reply is open: no exchange shows it" in out
    assert f"2 switches in {overlay}" in error


def test_a_masked_value_shows_nothing(command: Run, tmp_path: Path) -> None:
    masked = entry(url="https://api.integrator.io/v1/tokenInfo", status=401, text='{"message": "***"}')
    _, out, _ = command("compare", "--vendor", "celigo", "--from", str(written(tmp_path, masked)), "--format", "json")
    [finding] = [one for one in json.loads(out)["switches"] if one["switch"] == "celigo.auth_error_body"]
    assert finding["verdict"] == "open"


async def test_each_form_tells_the_same(emulator: EmulatorUnderTest) -> None:
    emulator.switch("celigo.unknown_id_status", 422)
    comparison = (await asked(emulator, "celigo.", allows_writes=False, all=True)).comparison
    document = json.loads(FORMATS["json"](comparison))
    by_verdict = {one["switch"]: one["verdict"] for one in document["switches"]}
    assert [name for name, verdict in by_verdict.items() if verdict == "differs"] == ["celigo.unknown_id_status"]
    assert document["settings"] == {"switches": ["celigo.unknown_id_status=422"]}
    suite = ElementTree.fromstring(FORMATS["junit"](comparison))
    cases = {case.get("name"): case for case in suite.iter("testcase") if case.get("classname") == "celigo.switches"}
    tags = {"differs": ["failure"], "open": ["skipped"], "confirmed": []}
    assert {f"celigo.{name}": [one.tag for one in case] for name, case in cases.items()} == {
        name: tags[verdict] for name, verdict in by_verdict.items()
    }
    assert suite.get("tests") == str(len(list(suite.iter("testcase"))))
    assert suite.get("skipped") == str(len(list(suite.iter("skipped"))))
    markdown = FORMATS["markdown"](comparison)
    assert "| `celigo.unknown_id_status` | `404` | assumed | `422` | GET " in markdown
    assert '```toml\nswitches = [\n  "celigo.unknown_id_status=422",\n]\n```' in markdown


def changed(document: dict[str, Any], *steps: Any, to: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    inner: Any = made
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = to
    return made


SOUND: dict[str, Any] = {
    "unknown_id_status": {
        "observe": [{"operation": "getIntegration", "reply": {"status": 404}, "means": 404}],
        "ask": [
            {"call": "listIntegrations", "keep": {"id": "/0/_id"}},
            {"call": "getIntegration", "path": {"_id": "<id>"}, "observe": [{"reply": {"status": 422}, "means": 422}]},
        ],
    }
}
PROBE = "unknown_id_status"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"unknown_id_statos": SOUND[PROBE]}, "unknown switch 'unknown_id_statos'. Did you mean 'unknown_id_status'"),
        (changed(SOUND, PROBE, "observe", 0, "means", to=405), "/observe/0/means: 405 is not one of 404, 422"),
        (changed(SOUND, PROBE, "observe", 0, "operation", to="getIntegratio"), "unknown operation 'getIntegratio'"),
        (changed(SOUND, PROBE, "ask", 1, "call", to="getIntegratio"), "/ask/1/call: unknown operation"),
        (changed(SOUND, PROBE, "ask", 1, "path", to={"_id": "<uid>"}), "/ask/1: unknown name 'uid'"),
        (changed(SOUND, PROBE, "ask", 1, "undo", to={"call": "nope"}), "/ask/1/undo/call: unknown operation"),
        (changed(SOUND, PROBE, "ask", 1, "each", to="id"), "/ask/1: each and until belong together"),
        (changed(SOUND, PROBE, "observe", 0, "call", to={"path": {"_id": {"regex": "("}}}), "where: path _id"),
        (changed(SOUND, PROBE, "observe", 0, "reply", to={"state": 1}), "/observe/0/reply/state"),
        (changed(SOUND, PROBE, to={}), "/unknown_id_status"),
        ([], "/probes"),
    ],
)
def test_a_mistake_in_probes_is_reported_with_its_place(tmp_path: Path, command: Run, document: Any, said: str) -> None:
    folder = tmp_path / "contracts" / "celigo"
    folder.mkdir(parents=True)
    (folder / "probes.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    code, out, error = command("check", "--contracts", str(tmp_path / "contracts"))
    assert code == 1
    assert said in out + error
    assert "probes.yaml line" in out + error
    calls = written(tmp_path, entry())
    words = ("compare", "--vendor", "celigo", "--contracts", str(tmp_path / "contracts"), "--from", str(calls))
    assert command(*words)[0] == 2


async def test_a_vendor_that_goes_away_during_a_probe_is_an_error_that_names_what_is_left(
    emulator: EmulatorUnderTest, command: Run, words: tuple[str, ...]
) -> None:
    made: list[Mapping[str, Any]] = []

    def go_away(reply: Reply) -> None:
        if reply.method == "PATCH":
            made.append({})
        if made:
            reply.status = 0

    async with live_vendor(f"{emulator.root}/celigo", go_away) as url:
        code, _, error = await to_thread(command, *("compare", "--vendor", "celigo", "--upstream", url), *words[5:])
    assert code == 2
    assert error.count(f"{MARK!r} may still be there: its removal got no reply") == 1


def test_the_probe_in_the_reference_is_sound(command: Run, tmp_path: Path) -> None:
    page = Path(__file__).parent.parent / "docs" / "reference" / "probes.md"
    folder = tmp_path / "contracts" / "celigo"
    folder.mkdir(parents=True)
    (folder / "probes.yaml").write_text(page.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0])
    assert command("check", "--contracts", str(tmp_path / "contracts"))[0] == 0
