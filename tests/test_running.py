"""The emulator without pytest's fixtures: in scripts, and in unittest."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.client import Client, EmulatorError
from emulator.testing import running
from emulator.testing.suite import Options, Wanted
from tests.conftest import EmulatorUnderTest
from tests.own_vendor import crud, written

CASES = """
import unittest
import httpx
from emulator.testing import running

def get(vendor, path):
    return httpx.get(vendor.url + path, headers=dict(vendor.headers))

class TestSync(unittest.TestCase):
    def setUp(self):
        self.emulator = self.enterContext(running(scenarios=["secoda/outage"]))

    def test_outage(self):
        self.assertEqual(get(self.emulator.secoda, "/integration/integrations").status_code, 503)

    def test_misstep(self):
        get(self.emulator.secoda, "/nowhere")
"""


@pytest.fixture(autouse=True)
def _no_other_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMULATOR_URL", raising=False)


def test_script_has_an_emulator_inside_the_block() -> None:
    before = set(threading.enumerate())
    with running(seed=7, scenarios="celigo/outage") as emulator:
        assert emulator.seed == 7
        reply = httpx.get(emulator.celigo.url + "/integrations", headers=dict(emulator.celigo.headers))
        assert reply.status_code == 503
        emulator.verify("listIntegrations", vendor="celigo", count=1)
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "emulator"]
    with pytest.raises(EmulatorError):
        emulator.reset()


def test_it_runs_where_pytest_is_not_installed(tmp_path: Path) -> None:
    script = """
        import sys
        sys.modules["pytest"] = None
        from emulator.testing import running
        with running(seed=7, allow_conduct=["gave-up"]) as emulator:
            print(emulator.seed, len(emulator.state("celigo.flows")))
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "7 7\n", "")


def test_variable_names_a_running_one(emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_URL", emulator.root)
    with running() as sandbox, Client(emulator.root) as client:
        assert sandbox.api.url == emulator.root
        assert client.sandboxes() == ["default", sandbox.name]
    with Client(emulator.root) as client:
        assert client.sandboxes() == ["default"]


def test_unexpected_calls_are_an_assertion_error_at_its_end() -> None:
    with pytest.raises(AssertionError) as caught, running() as emulator:  # noqa: PT012
        httpx.get(emulator.secoda.url + "/nowhere")
        httpx.get(emulator.api.url + "/zzz")
    advice, unmatched, stray_advice, stray = str(caught.value).splitlines()
    assert "allow them: running(allow_unmatched=True) or (allow_violations=True)." in advice
    assert unmatched.startswith("  GET /api/v1/nowhere: no operation in contracts/secoda/openapi.yaml matches")
    assert stray_advice.endswith("running(allow_default=True).")
    assert stray == "  GET /zzz -> 404, no such vendor or sandbox"
    with running(allow_unmatched=True, allow_default=["/zzz"]) as emulator:
        httpx.get(emulator.secoda.url + "/nowhere")
        httpx.get(emulator.api.url + "/zzz")


def test_error_in_the_block_is_the_one_that_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), running() as emulator:  # noqa: PT012
        httpx.get(emulator.secoda.url + "/nowhere")
        raise ZeroDivisionError


SCENARIO = "scenarios: {mine: {description: Mine., faults: [{reply: {status: 403}}]}}"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scenario": "secoda/outage"}, "Unknown argument 'scenario' of running(). Did you mean 'scenarios'? Known "),
        ({"scenarios": ["secoda/outrage"]}, "Unknown scenario 'secoda/outrage'. Did you mean 'secoda/outage', "),
        ({"scenarios": 3}, "scenarios: 3 is not of type 'array'. Write it like [\"secoda/rate-limited\"]."),
        ({"vendors": "/no/such"}, "Vendors: /no/such is not a folder."),
        ({"fixtures": "/no/such"}, "Fixtures: /no/such is not a folder."),
        ({"seed": -1}, "seed: -1 is less than the minimum of 0."),
        (
            {"allow_violations": ["createIntegratoin"]},
            "allow_violations: unknown operation 'createIntegratoin'. Did you mean 'createIntegration', ",
        ),
    ],
    ids=["argument", "scenario", "type", "vendors", "fixtures", "seed", "allowance"],
)
def test_invalid_options_are_refused(options: Any, sentence: str) -> None:
    with pytest.raises(EmulatorError) as refusal, running(**options):
        pass
    assert str(refusal.value).startswith(sentence)


def test_scenarios_in_the_folder_of_a_script_are_read(tmp_path: Path) -> None:
    (tmp_path / "secoda").mkdir()
    (tmp_path / "secoda" / "scenarios.yaml").write_text(SCENARIO)
    with running(fixtures=str(tmp_path), scenarios="secoda/mine") as emulator:
        call = httpx.get(f"{emulator.secoda.url}/integration/integrations", headers=dict(emulator.secoda.headers))
        assert call.status_code == 403


@pytest.mark.parametrize("option", ["vendors", "openapi"])
def test_vendors_of_your_own_are_served(tmp_path: Path, option: str) -> None:
    folder = written(tmp_path, crud())
    own: Any = {"vendors": str(folder), "openapi": [f"acme={folder}/acme/openapi.yaml"]}[option]
    with running(**{option: own}) as emulator:
        acme = emulator.vendors["acme"]
        assert httpx.get(f"{acme.url}/tasks", headers=dict(acme.headers)).status_code == 200


def test_scenarios_in_the_folder_of_one_sandbox_are_refused(
    tmp_path: Path, emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_URL", emulator.root)
    (tmp_path / "scenarios.yaml").write_text(SCENARIO)
    with pytest.raises(EmulatorError) as refusal, running(fixtures=str(tmp_path)):
        pass
    assert str(refusal.value) == (
        f"{tmp_path}/scenarios.yaml: scenarios are read at the start only; give the folder to"
        " `emulator serve --fixtures`, or in pytest to emulator_fixtures in the ini file."
    )


def test_unittest_runs_with_it(tmp_path: Path) -> None:
    (tmp_path / "test_sync.py").write_text(CASES, "utf-8")
    command = [sys.executable, "-m", "unittest", "test_sync"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Ran 2 tests" in done.stderr
    assert "FAILED (failures=1)" in done.stderr
    assert "GET /api/v1/nowhere: no operation in contracts/secoda/openapi.yaml matches" in done.stderr


def test_typed_options_are_those_that_are_accepted() -> None:
    assert list(Options.__annotations__) == [field.name for field in fields(Wanted)]


def test_type_checker_refuses_invalid_options(tmp_path: Path) -> None:
    calls = ["running(sed=7)", 'running(seed="7")', 'emulator_fixture("module", seeed=1)', "running(seed=7)"]
    script = tmp_path / "script.py"
    script.write_text("\n".join(["from emulator.testing import emulator_fixture, running", *calls, ""]), "utf-8")
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    refused = [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line]
    assert refused == ["2", "3", "4"], done.stdout + done.stderr


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            "from emulator.testing import running\nwith running(): pass",
            "EmulatorError: The package orjson is missing, and ",
        ),
        (
            "from emulator.testing.suite import Suite\nSuite('http://localhost').unstarted()",
            "EmulatorError: The package orjson is missing: an emulator in the event loop of the test needs all depend",
        ),
        (
            "sys.argv[1:] = ['--version']\nfrom emulator.__main__ import main\nmain()",
            "emulator: The package click is miss",
        ),
    ],
    ids=["running", "in the loop", "command"],
)
def test_missing_dependency_is_a_sentence(script: str, told: str) -> None:
    without = "import sys\nsys.modules.update(orjson=None, click=None)\n"
    done = subprocess.run([sys.executable, "-c", without + script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert told in done.stderr.splitlines()[-1]
    assert "During handling" not in done.stderr
