"""`emulator compare`: what exchanges with a live vendor say about the contract."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from emulator.compare.archive import ArchiveWriter, read_archive
from emulator.compare.comparison import Comparer, Comparison, new_comparison
from emulator.compare.report import FORMATS
from emulator.errors import ConfigurationError
from tests.conftest import EmulatorUnderTest
from tests.live_vendor import Change, Reply, live_vendor
from tests.sample_calls import READ_OPERATION, READS
from tests.test_cli import Run, command
from tests.test_record import reader, recording

__all__ = ["command"]

URL = "https://api.integrator.io/v1/integrations"
TOKEN = [{"name": "Authorization", "value": "Bearer abc"}]


def entry(
    url: str = URL,
    status: int = 200,
    text: str | None = "[]",
    method: str = "GET",
    post: str | None = None,
    kind: str = "application/json",
    **more: Any,
) -> dict[str, Any]:
    """Return an entry of a HAR file, as a browser writes it."""
    content = {"size": len(text or "x"), "mimeType": kind} | ({} if text is None else {"text": text})
    request: dict[str, Any] = {"method": method, "url": url}
    request["headers"] = [*TOKEN, {"name": ":authority", "value": "api.integrator.io"}]
    if post is not None:
        request["headers"].append({"name": "Content-Type", "value": "application/json"})
        request["postData"] = {"mimeType": "application/json", "text": post}
    response = {"status": status, "headers": [{"name": "Content-Type", "value": kind}], "content": content | more}
    return {"startedDateTime": "2026-11-27T10:00:00.000+01:00", "time": 12, "request": request, "response": response}


def written(folder: Path, *entries: Any) -> Path:
    """Write a HAR file."""
    file = folder / "browser.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return file


async def compared(emulator: EmulatorUnderTest, *files: Path, vendor: str = "celigo", upstream: str = "") -> Comparison:
    """Compare the exchanges in files with a built-in contract."""
    of_vendor = reader(emulator, vendor)
    comparison = new_comparison(of_vendor.contract)
    comparer = Comparer(of_vendor, comparison, of_vendor.vendor.dialect.refuses, upstream)
    for file in files:
        for recorded in read_archive(file):
            await comparer.add(recorded)
    return comparison


def verdicts(comparison: Comparison) -> dict[str, str]:
    """Return the verdicts of all rows that were met."""
    rows = comparison.rows.values()
    return {f"{row.operation} {row.status}": row.verdict for row in rows if row.verdict != "not met"}


def found(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Return operation and status, pointer and rule of each difference."""
    return [
        (f"{row.operation} {row.status}", f"{one.place}{one.pointer}", one.rule)
        for row in comparison.rows.values()
        for one in row.differences
    ]


async def recorded_through(
    emulator: EmulatorUnderTest, vendor: str, folder: Path, change: Change, calls: Sequence[tuple[str, str, Any]]
) -> Path:
    """Record calls to a live vendor whose replies are changed; return the file."""
    file = folder / "calls.har"
    async with (
        live_vendor(f"{emulator.root}/{vendor}", change) as url,
        recording(emulator, vendor, url, allows_writes=True) as recorded,
    ):
        for method, path, body in calls:
            await recorded.call(method, path, body)
    with ArchiveWriter(file, "1") as archive:
        for exchange in recorded.exchanges:
            archive.add(exchange)
    return file


def removed(reply: Reply) -> None:
    for record in reply.document:
        del record["name"]


def status_418(reply: Reply) -> None:
    reply.status = 418


def another_type(reply: Reply) -> None:
    reply.document[-1]["sandbox"] = "no"


def more_fields(reply: Reply) -> None:
    reply.document[0]["brandNew"] = 1


@pytest.mark.parametrize("vendor", ["celigo", "immuta", "paradime", "secoda"])
async def test_what_the_contract_says_is_confirmed(emulator: EmulatorUnderTest, vendor: str, tmp_path: Path) -> None:
    calls = [READS[vendor]]
    file = await recorded_through(emulator, vendor, tmp_path, lambda reply: None, calls)
    comparison = await compared(emulator, file, vendor=vendor)
    assert verdicts(comparison) == {f"{READ_OPERATION[vendor]} 200": "confirmed"}
    assert comparison.counts()["not met"] == len(comparison.rows) - 1
    assert not comparison.differs


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        (removed, [("listIntegrations 200", "body/0/name", "required")]),
        (status_418, [("listIntegrations 418", "status", "enum")]),
        (another_type, [("listIntegrations 200", "body/4/sandbox", "type")]),
        (more_fields, [("listIntegrations 200", "body/0/brandNew", "additionalProperties")]),
    ],
)
async def test_a_difference_is_found_once_and_nothing_else(
    emulator: EmulatorUnderTest, tmp_path: Path, change: Change, differences: list[tuple[str, str, str]]
) -> None:
    calls = [("GET", "/integrations", None)] * 2
    file = await recorded_through(emulator, "celigo", tmp_path, change, calls)
    assert found(await compared(emulator, file)) == differences


async def test_a_missing_graphql_field_belongs_to_its_root_field(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    def without_names(reply: Reply) -> None:
        for one in reply.document["data"]["listCustomIntegrations"]["integrations"]:
            del one["name"]

    query = "{ listCustomIntegrations { integrations { uid name } } }"
    calls = [("POST", "", {"query": query})]
    file = await recorded_through(emulator, "paradime", tmp_path, without_names, calls)
    where = "body/data/listCustomIntegrations/integrations/0/name"
    assert found(await compared(emulator, file, vendor="paradime")) == [("listCustomIntegrations 200", where, "type")]


async def test_what_the_vendor_accepts_and_the_emulator_refuses_is_a_difference(
    emulator: EmulatorUnderTest, tmp_path: Path
) -> None:
    made = emulator.call("celigo", "POST", "/integrations", json={"name": "x"}).text
    file = written(tmp_path, entry(method="POST", post='{"name": 5}', status=201, text=made))
    assert found(await compared(emulator, file)) == [("createIntegration 201", "call body/name", "type")]


async def test_a_refused_call_may_be_wrong(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    body = '{"errors": [{"code": "missing_required_field", "message": "name"}]}'
    file = written(tmp_path, entry(method="POST", post='{"name": 5}', status=422, text=body))
    assert verdicts(await compared(emulator, file)) == {"createIntegration 422": "confirmed"}


async def test_files_of_other_programs_are_read(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        entry(),
        entry(text=b64encode(b"[]").decode(), encoding="base64"),
        entry(url="https://example.com/v1/integrations"),
        entry(url="https://api.eu.integrator.io/v1/integrations"),
        entry(url="https://api.integrator.io/v1/nope", status=404),
        entry(status=0),
    )
    comparison = await compared(emulator, file)
    assert comparison.rows["listIntegrations", 200].calls == 3
    assert comparison.left_out == 2
    assert [sentence.partition(";")[0] for sentence in comparison.unmatched] == ["GET /v1/nope 404"]


async def test_a_body_that_was_not_recorded_is_not_a_difference(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    comparison = await compared(emulator, written(tmp_path, entry(text=None)))
    row = comparison.rows["listIntegrations", 200]
    assert (row.verdict, row.unread) == ("confirmed", 1)


@pytest.mark.parametrize("text", ['[{"_id": "5f', "<html>login</html>", "[NaN]", "[" * 100_000])
async def test_a_body_that_is_not_json_differs(emulator: EmulatorUnderTest, tmp_path: Path, text: str) -> None:
    comparison = await compared(emulator, written(tmp_path, entry(text=text), entry()))
    assert found(comparison) == [("listIntegrations 200", "body", "contentMediaType")]
    [difference] = comparison.rows["listIntegrations", 200].differences
    assert difference.sentence.startswith("the body ")


async def test_a_byte_order_mark_is_not_a_difference(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    assert found(await compared(emulator, written(tmp_path, entry(text="\ufeff[]")))) == []


async def test_masked_values_are_not_differences(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    token = '{"_userId": "***", "scope": "***"}'
    file = written(tmp_path, entry(url="https://api.integrator.io/v1/tokenInfo", text=token))
    assert all("***" not in str(one) for one in found(await compared(emulator, file)))


async def test_a_vendor_elsewhere_is_named_by_its_url(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    file = written(tmp_path, entry(url="https://gateway.example/celigo/v1/integrations"))
    assert verdicts(await compared(emulator, file)) == {}
    comparison = await compared(emulator, file, upstream="https://gateway.example/celigo")
    assert verdicts(comparison) == {"listIntegrations 200": "confirmed"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.har", "{}", "a.har: not a HAR file: log.entries is missing"),
        ("a.har", "[", "a.har: not JSON: "),
        ("a.har", '{"log": {"entries": [{}]}}', "a.har entry 1: not an exchange: it has no method"),
        ("a.jsonl", "\n{}\n", "a.jsonl line 2: not an exchange: it has no call"),
        ("a.har", None, "cannot be read"),
    ],
)
def test_a_file_that_is_not_a_recording_is_refused(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        list(read_archive(tmp_path / name))
    assert said in str(refused.value)


def test_the_command_prints_a_report_and_ends_with_1_if_anything_differs(command: Run, tmp_path: Path) -> None:
    file = written(tmp_path, entry(text='[{"_id": 1}]'))
    code, out, _ = command("compare", "--vendor", "celigo", "--from", str(file))
    assert code == 1
    assert "differs    listIntegrations 200 (documented), 1 call" in out
    assert "GET https://api.integrator.io/v1/integrations at 2026-11-27T09:00:00.000Z (browser.har entry 1)" in out
    code, out, _ = command("compare", "--vendor", "celigo", "--from", str(written(tmp_path, entry())))
    assert code == 0
    assert out.startswith("celigo: 1 confirmed, 0 differs, ")


def test_wrong_uses_end_with_2(command: Run, tmp_path: Path) -> None:
    assert command("compare", "--vendor", "celigo")[0] == 2
    assert command("compare", "--vendor", "celgo", "--from", str(written(tmp_path)))[0] == 2
    code, _, error = command("compare", "--vendor", "celigo", "--from", "none.har")
    assert (code, error) == (2, "emulator: none.har cannot be read: No such file or directory\n")


@pytest.mark.parametrize("options", [("--credentials", "c.json"), ("--allow-writes",)])
def test_recordings_do_not_take_what_is_for_the_live_vendor(
    command: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    code, out, error = command("compare", "--vendor", "celigo", "--from", str(written(tmp_path, entry())), *options)
    assert (code, out) == (2, "")
    assert error.startswith(f"emulator: {options[0]} is for the live vendor: ")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((), "browser.har\n"),
        ((entry(url="https://example.com/v1/integrations"), entry(status=0)), "browser.har; 2 to other hosts, or "),
    ],
)
def test_recordings_without_the_vendor_end_with_2(
    command: Run, tmp_path: Path, entries: tuple[dict[str, Any], ...], said: str
) -> None:
    code, out, error = command("compare", "--vendor", "celigo", "--from", str(written(tmp_path, *entries)))
    assert (code, out) == (2, "")
    assert "no exchange with celigo is in " in error
    assert said in error


LINE: dict[str, Any] = {
    "vendor": "celigo",
    "time": "2026-11-27T09:00:00Z",
    "seconds": 0.1,
    "call": {"method": "GET", "url": URL, "headers": [], "body": None, "body_cut": False, "body_size": 0},
    "reply": None,
}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({**LINE, "time": "now"}, "not an exchange: Invalid isoformat string: 'now'"),
        ({**LINE, "call": 5}, "not an exchange: it has not the form that emulator record writes"),
        ([1], "not an exchange: it has not the form that emulator record writes"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_line_that_is_not_an_exchange_is_said(tmp_path: Path, line: Any, said: str) -> None:
    file = tmp_path / "odd.jsonl"
    text = line if isinstance(line, str) else json.dumps(line)
    file.write_text(f"{json.dumps(LINE)}\n{text}\n")
    with pytest.raises(ConfigurationError) as refused:
        list(read_archive(file))
    assert str(refused.value).startswith(f"odd.jsonl line 2: {said}")


def test_a_file_that_is_not_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "odd.har").write_bytes(b"{\xff}")
    with pytest.raises(ConfigurationError, match=r"odd\.har cannot be read: byte 1 is not UTF-8"):
        list(read_archive(tmp_path / "odd.har"))


async def test_each_form_tells_the_same(emulator: EmulatorUnderTest, tmp_path: Path) -> None:
    file = written(tmp_path, entry(text='[{"_id": "a|b\\u0000"}]'), entry(status=503, text="{}"))
    comparison = await compared(emulator, file)
    document = json.loads(FORMATS["json"](comparison))
    differing = [row for row in document["results"] if row["verdict"] == "differs"]
    suite = ElementTree.fromstring(FORMATS["junit"](comparison))
    assert [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None] == [
        f"{row['operation']} {row['status']}" for row in differing
    ]
    assert suite.get("failures") == str(document["counts"]["differs"]) == str(len(differing))
    assert suite.get("skipped") == str(document["counts"]["not met"])
    rows = [line for line in FORMATS["markdown"](comparison).splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(row["differences"]) for row in differing)
    assert all(line.replace("\\|", "").count("|") == 7 for line in rows)
