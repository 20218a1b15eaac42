"""The commands that look into a running emulator."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator

import httpx
import pytest

from emulator.client import Client, EmulatorError, SandboxClient
from tests.conftest import EmulatorUnderTest
from tests.test_cli import Run, command
from tests.test_server import COMMAND, clean_environment

__all__ = ["command"]

NUMBER_TIME = 2


@pytest.fixture
def client(emulator: EmulatorUnderTest) -> Iterator[Client]:
    with Client(emulator.root) as client:
        yield client


def list_integrations(sandbox: SandboxClient, path: str = "/integration/integrations") -> int:
    return httpx.get(f"{sandbox.secoda.url}{path}", headers=sandbox.secoda.headers).status_code


def test_sandboxes_are_listed(command: Run, client: Client) -> None:
    with client.create_sandbox("alpha", scenarios=["secoda/slow"]) as alpha:
        list_integrations(alpha)
        lines = command("sandboxes", "--url", client.url)[1].splitlines()
    columns = [line.split() for line in lines]
    assert [column[0] for column in columns] == ["default", "alpha"]
    assert columns[1][3:] == ["1", "call", "secoda/slow"]


def test_journal_shows_each_call_with_what_was_wrong(command: Run, client: Client) -> None:
    with client.create_sandbox("alpha") as alpha, alpha.fault(vendor="secoda", operation="list*", status=503):
        list_integrations(alpha)
        list_integrations(alpha, "/nowhere/%1b[31m")
        httpx.post(f"{alpha.secoda.url}/integration/integrations", headers=alpha.secoda.headers, json={"nam": "x"})
        shown = ("--url", client.url, "--sandbox", "alpha")
        listed, unmatched, created = (line.split("  ") for line in command("journal", *shown)[1].splitlines())
        newest = command("journal", *shown, "--limit", "1")[1]
        none = command("journal", *shown, "--vendor", "celigo")
    assert [part.strip() for part in listed if part][NUMBER_TIME:4] == ["secoda", "listIntegrations"]
    assert listed[-1] == "fault fault-1"
    assert unmatched[-1] == "no operation"
    assert "\x1b" not in "".join(unmatched)
    assert created[-1].startswith("call: body /nam: 'nam' is not ")
    assert newest.split("  ") == [*created[:-1], f"{created[-1]}\n"]
    assert none == (0, "", "")


def test_journal_shows_date_and_time_of_the_sandboxs_clock(command: Run, client: Client) -> None:
    clock = {"now": "2031-05-06T07:08:09Z", "frozen": True}
    with client.create_sandbox("alpha", clock=clock) as alpha:
        list_integrations(alpha)
        line = command("journal", "--url", client.url, "--sandbox", "alpha")[1]
    assert "  2031-05-06 07:08:09  secoda " in line


def test_journal_follows_calls_as_they_end(client: Client) -> None:
    words = [*COMMAND, "journal", "--follow", "--url", client.url, "--sandbox", "alpha"]
    with client.create_sandbox("alpha") as alpha:
        list_integrations(alpha)
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=clean_environment()) as process:
            try:
                assert process.stdout is not None
                assert "listIntegrations" in process.stdout.readline()
                list_integrations(alpha, "/nowhere")
                assert "/nowhere" in process.stdout.readline()
                alpha.drop()
                assert process.stdout.read() == ""
                assert process.wait(60) == 0
            finally:
                process.kill()


def test_following_in_python_ends_with_the_sandbox(client: Client) -> None:
    with client.create_sandbox("alpha") as alpha:
        list_integrations(alpha)
        list_integrations(alpha, "/nowhere")
        followed = alpha.journal.follow(since=1)
        assert next(followed).path.endswith("/nowhere")
        threading.Thread(target=alpha.drop).start()
        assert list(followed) == []
        with pytest.raises(EmulatorError, match="Unknown sandbox 'alpha'"):
            next(alpha.journal.follow())


def test_state_lists_collections_records_and_one_record(command: Run, client: Client) -> None:
    shown = ("--url", client.url)
    counts = dict(line.split() for line in command("state", *shown)[1].splitlines())
    records = [json.loads(line) for line in command("state", "secoda.integrations", *shown)[1].splitlines()]
    assert int(counts["secoda.integrations"]) == len(records)
    assert json.loads(command("state", "secoda.integrations", records[0]["id"], *shown)[1]) == records[0]
    code, out, err = command("state", "secoda.integration", *shown)
    assert (code, out) == (1, "")
    assert err.startswith("emulator: Unknown collection 'secoda.integration'. Did you mean 'secoda.integrations'")


def test_faults_are_listed_with_their_hits(command: Run, client: Client) -> None:
    shown = ("--url", client.url)
    with client.sandbox().fault(vendor="secoda", status=503):
        list_integrations(client.sandbox())
        id, hits, document = command("faults", *shown)[1].split(maxsplit=2)
    assert (id.startswith("fault-"), hits, json.loads(document)["reply"]) == (True, "1", {"status": 503})
    assert command("faults", *shown) == (0, "", "")


def test_a_scenario_is_switched_on_and_off(command: Run, client: Client) -> None:
    shown = ("--url", client.url)
    assert command("scenario", "on", "*/outage", *shown) == (0, "", "")
    assert client.sandbox().scenarios()["celigo/outage"]
    assert command("scenario", "off", "celigo/outage", *shown) == (0, "", "")
    assert not client.sandbox().scenarios()["celigo/outage"]
    assert client.sandbox().scenarios()["secoda/outage"]


@pytest.mark.parametrize("switch", ["on", "off"])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("outage", "The scenario 'outage' needs its vendor; write "),
        ("secoda/outrage", "Unknown scenario 'secoda/outrage'. Did you mean 'secoda/outage', "),
    ],
)
def test_an_unknown_scenario_is_a_sentence(command: Run, client: Client, switch: str, name: str, sentence: str) -> None:
    code, out, err = command("scenario", switch, name, "--url", client.url)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"emulator: {sentence}")
