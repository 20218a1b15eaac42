"""The commands besides `serve`: what they print, and how they end."""

from __future__ import annotations

import gc
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from emulator import __version__
from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.cli.main import commands, main
from emulator.cli.problems import contract_problems
from emulator.cli.serve import _banner, _reachable
from emulator.files.package_data import CONTRACTS
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from tests.conftest import EmulatorUnderTest
from tests.ports import reserved_port
from tests.test_server import COMMAND, banner, clean_environment, process

__all__ = ["process"]

Run = Callable[..., tuple[int, str, str]]
SCENARIO = "scenarios: {mine: {description: Ours., faults: [{reply: {status: 500}}]}}\n"


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process; return exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    for variable in clean_environment().keys() ^ os.environ.keys():
        monkeypatch.delenv(variable)

    def run(*words: str) -> tuple[int, str, str]:
        code: object = 0
        try:
            main(words)
        except SystemExit as end:
            code = end.code
        printed = capfd.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    return run


def test_every_command_is_listed_and_every_help_text_shows_an_example(command: Run) -> None:
    listed = command("--help")[1]
    assert "Example: emulator serve" in listed
    for name in commands.commands:
        assert f"  {name}" in listed
        example = "Example: eval" if name == "completion" else f"Example: emulator {name}"
        assert example in command(name, "--help")[1]
    for name in ("save", "restore", "list"):
        assert f"Example: emulator snapshot {name}" in command("snapshot", name, "--help")[1]


def test_a_start_that_fails_leaves_the_garbage_collector_on(command: Run) -> None:
    assert command("serve", "--scenario", "nobody/x")[0] == 2
    assert gc.isenabled()


def test_no_command_is_the_list_of_commands(command: Run) -> None:
    assert command() == command("--help")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["chek"], "emulator: No such command 'chek'. Did you mean 'check'?"),
        (["snapshot"], "emulator: Missing command."),
        (["operations", "--vendor", "nobody"], "emulator: unknown vendor 'nobody'. Known vendors: "),
        (["scenarios", "--vendor", "nobody"], "emulator: unknown vendor 'nobody'. Known vendors: "),
        (["check", "nowhere"], "emulator: nowhere is not a folder"),
        (["completion", "tcsh"], "emulator: Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of"),
        (
            ["reset", "--url", "somewhere"],
            "emulator: --url: 'somewhere' is not the URL of an emulator; write",
        ),
        (
            ["reset", "--url", "http://localhost:port"],
            "emulator: --url: 'http://localhost:port' is not the URL of an emulator; ",
        ),
        (["wait", "--seconds", "long"], "emulator: Invalid value for '--seconds': 'long' is not a valid float"),
        (["serve", "--prot", "1"], "emulator: No such option '--prot'."),
        (["serve", "--scenario", "nobody/x"], "emulator: unknown scenario 'nobody/x'. "),
        (["serve", "--host", "no host", "--port", "0"], "emulator: cannot listen on no host port 0: "),
        (["serve", "--strict", "--host", "no host", "--port", "0"], "emulator: cannot listen on no host port 0: "),
        (["serve", "--strict", "maybe"], "emulator: --strict is 'maybe': expected true, false, 1 or 0"),
        (["serve", "--port"], "emulator: Option '--port' requires an argument."),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(command: Run, words: list[str], sentence: str) -> None:
    code, out, err = command(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(sentence)


def test_an_emulator_that_is_not_there_is_one_sentence_and_status_1(command: Run) -> None:
    url = "http://127.0.0.1:9"
    told = f"emulator: No reply from an emulator at {url}: connection refused; `emulator serve` starts one.\n"
    assert command("reset", "--url", url) == (1, "", told)


@pytest.mark.parametrize(
    ("words", "strict"), [([], None), (["--strict"], "true"), (["--strict", "false"], "false"), (["--strict=1"], "1")]
)
def test_a_boolean_option_alone_is_true(words: list[str], strict: str | None) -> None:
    given = commands.commands["serve"].make_context("serve", [*words, "--port", "0"]).params
    assert (given["strict"], given["port"]) == (strict, "0")


def test_a_file_that_is_not_a_database_gives_one_sentence_and_status_2(command: Run, tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("This is no database, and long enough to look at it. " * 40)
    ended = command("serve", "--port", "0", "--database", "text.sqlite")
    assert ended == (2, "", "emulator: database: text.sqlite cannot be opened: file is not a database\n")


def test_foreign_database_is_one_sentence_and_status_2(command: Run, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as db:
        db.execute("CREATE TABLE other (name)")
    db.close()
    code, out, err = command("serve", "--port", "0", "--database", "other.sqlite")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "emulator: database: other.sqlite was not created by this version" in err


def test_a_bad_fixture_is_one_sentence_and_status_2(command: Run, tmp_path: Path) -> None:
    (tmp_path / "own" / "secoda").mkdir(parents=True)
    (tmp_path / "own" / "secoda" / "integrations.yaml").write_text("records:\n- name: x\n")
    ended = command("serve", "--port", "0", "--fixtures", "own")
    assert ended == (2, "", "emulator: own/secoda/integrations.yaml line 2, /records/0: the record has no id\n")


def test_check_finds_nothing_wrong_with_what_is_built_in(command: Run) -> None:
    code, out, err = command("check")
    assert (code, out, err) == (0, "No problem in the built-in contracts, fixtures and scenarios.\n", "")


def test_check_prints_each_problem_with_its_place(command: Run, tmp_path: Path) -> None:
    own = tmp_path / "own"
    for file, text in {
        "secoda/integrations.yaml": "populate: many\nrecords:\n- name: x\n- 3\n",
        "secoda/zzz.yaml": "records: []\n",
        "immuta/dictionaries.yaml": "records: [\n",
        "celigo/scenarios.yaml": SCENARIO.replace("500", "999"),
        "scenarios.yaml": "scenarios: {a: {description: b, switches: {no_such_switch: true}}}\n",
        "secodda/integrations.yaml": "records: []\n",
        "paradime/nodes.yml": "records: []\n",
    }.items():
        (own / file).parent.mkdir(parents=True, exist_ok=True)
        (own / file).write_text(text)
    code, out, err = command("check", "own")
    assert code == 1
    for sentence in (
        "own/secoda/integrations.yaml line 1, /populate: expected a whole number from 0 to 1000000, not 'many'",
        "own/secoda/integrations.yaml line 3, /records/0: the record has no id",
        "own/secoda/integrations.yaml line 4, /records/1: not a record: expected an object",
        "own/secoda/zzz.yaml: unknown collection 'zzz' of secoda. Known collections: ",
        "own/immuta/dictionaries.yaml line 2: while parsing",
        "own/celigo/scenarios.yaml line 1, /scenarios/mine/faults/0/reply/status: 999",
        "own/scenarios.yaml line 1, /scenarios/a/switches/no_such_switch: unknown switch 'no_such_switch' of ",
        "own/secodda: nothing reads this: unknown name 'secodda'. Did you mean 'secoda'? Known names: celigo, immuta, ",
        "own/paradime/nodes.yml: nothing reads this; rename it to nodes.yaml",
    ):
        assert sentence in out
    assert err == f"{len(out.splitlines())} problems found.\n"


def test_check_prints_structural_and_semantic_problems_of_all_files_at_once(command: Run, tmp_path: Path) -> None:
    contract = (CONTRACTS / "celigo" / "openapi.yaml").read_text("utf-8")
    renamed = contract.replace("operationId: getIntegration\n", "operationId: getOne\n").replace(
        "  /tokenInfo:", "  5:"
    )
    for file, text in {
        "promises/celigo/openapi.yaml": renamed,
        "own/celigo/integrations.yaml": "rows: []\npopulate: 1000000000\nrecords: [{_id: {}}]\n",
        "own/secoda/scenarios.yaml": dedent(
            """
            scenarios:
              one: {}
              two:
                description: Two.
                faults: [{reply: {status: 999}}, {operation: nothing, reply: {status: 500}}]
                switches: {nothing: 1}
                records:
                  merge: {integrations: {"*": {nam: X}, "740904fe-e87d-44f8-8a91-b13631ff281": {name: Y}}}
                  delete: {integrations: [nope]}
            """
        ),
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, "utf-8")
    code, out, _ = command("check", "own", "--contracts", "promises")
    assert code == 1
    for sentence in (
        "promises/celigo/openapi.yaml line ",
        "promises/celigo/openapi.yaml: operation getOne has no handler in emulator/vendors/celigo; handlers found: ",
        "emulator/vendors/celigo has a handler for getIntegration, which is not an operation of promises/celigo/open",
        "own/celigo/integrations.yaml: unknown field 'rows'. Known fields: records, populate",
        "own/celigo/integrations.yaml line 2, /populate: expected a whole number from 0 to 1000000, not 1000000000",
        "own/celigo/integrations.yaml line 3, /records/0/_id: invalid id",
        "own/secoda/scenarios.yaml line 3, /scenarios/one/description: 'description' is a required property",
        "own/secoda/scenarios.yaml line 6, /scenarios/two/faults/0/reply/status: 999 is greater than the maximum",
        "own/secoda/scenarios.yaml line 6, /scenarios/two/faults/1: unknown operation 'nothing' of secoda",
        "own/secoda/scenarios.yaml line 7, /scenarios/two/switches/nothing: unknown switch 'nothing' of secoda. Known",
        "own/secoda/scenarios.yaml line 9, /scenarios/two/records/merge/integrations/*/nam: unknown field 'nam'. Did",
        "unknown record '740904fe-e87d-44f8-8a91-b13631ff281' of secoda.integrations. Did you mean '740904fe-e87d-44f8",
        "/scenarios/two/records/delete/integrations/0: unknown record 'nope' of secoda.integrations. ",
    ):
        assert sentence in out


@pytest.mark.parametrize("records", ["delete: {integrations: [nope]}", 'merge: {integrations: {"*": {nam: X}}}'])
def test_serve_refuses_a_scenario_whose_records_could_not_be_served(command: Run, tmp_path: Path, records: str) -> None:
    (tmp_path / "own" / "secoda").mkdir(parents=True)
    text = f"scenarios: {{one: {{description: One., records: {{{records}}}}}}}\n"
    (tmp_path / "own" / "secoda" / "scenarios.yaml").write_text(text, "utf-8")
    code, _, err = command("serve", "--port", "0", "--fixtures", "own")
    assert code == 2
    assert err.startswith("emulator: own/secoda/scenarios.yaml line 1, /scenarios/one/records/")


@pytest.mark.parametrize("file", ["own/secoda/integrations.yaml", "promises/secoda/openapi.yaml"])
def test_pipe_in_the_place_of_a_file_is_refused(command: Run, tmp_path: Path, file: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / file).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / file)
    words = ("--fixtures", "own") if file.startswith("own") else ("--contracts", "promises")
    code, _, err = command("serve", "--port", "0", *words)
    assert (code, err) == (2, f"emulator: {file}: expected a regular file\n")


def test_folder_that_nothing_reads_is_a_warning_of_serve(
    catalogue: Catalogue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own" / "sekoda").mkdir(parents=True)
    (tmp_path / "own" / "sekoda" / "integrations.yaml").write_text("records: []\n", "utf-8")
    (tmp_path / "promises" / "seconda" / "schemas").mkdir(parents=True)
    (tmp_path / "promises" / "seconda" / "openapi.yaml").write_text("openapi: 3.1.0\n", "utf-8")
    Emulator(read_settings({"fixtures": str(tmp_path / "own"), "contracts": str(tmp_path / "promises")}))
    of_contracts, of_fixtures = caplog.messages
    assert of_contracts.startswith(
        f"{tmp_path}/promises/seconda/openapi.yaml: nothing reads this: unknown file 'seconda/openapi.yaml'."
        " Did you mean 'secoda/openapi.yaml', "
    )
    assert of_contracts.endswith("? The repository's folder contracts/ lists all files")
    assert of_fixtures == (
        f"{tmp_path}/own/sekoda: nothing reads this: unknown name 'sekoda'. Did you mean 'secoda'? Known names: celigo,"
        " immuta, paradime, secoda, scenarios.yaml"
    )


def test_check_loads_it(command: Run, tmp_path: Path) -> None:
    (tmp_path / "own" / "immuta").mkdir(parents=True)
    (tmp_path / "own" / "immuta" / "dictionaries.yaml").write_text("records: [{dataSourceId: 99999999999999999999}]\n")
    code, out, _ = command("check", "own")
    assert code == 1
    assert "immuta" in out
    assert out.count("\n") >= 1


def test_check_takes_the_folder_of_the_settings(command: Run, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "emulator.toml").write_text('fixtures = "own"\n')
    assert command("check")[1].endswith("and of own.\n")


def test_check_and_serve_report_mistakes_in_own_contracts(command: Run, tmp_path: Path) -> None:
    own = tmp_path / "promises"
    (own / "secoda").mkdir(parents=True)
    (own / "immuta").mkdir()
    (own / "secoda" / "openapi.yaml").write_text("openapi: 3.1.0\n")
    (own / "immuta" / "openapi.yml").write_text("openapi: 3.1.0\n")
    code, out, _ = command("check", "--contracts", "promises")
    assert code == 1
    assert "promises/secoda/openapi.yaml line 1, /info: info is missing\n" in out
    assert (
        "immuta/openapi.yml: nothing reads this: unknown file 'immuta/openapi.yml'. Did you mean 'immuta/openapi.yaml'"
        in out
    )
    code, out, err = command("serve", "--port", "0", "--contracts", "promises")
    assert (code, out) == (2, "")
    assert err.startswith("emulator: promises/secoda/openapi.yaml line 1, /info: info is missing (4 more; ")
    assert err.count("\n") == 1
    assert command("serve", "--port", "0", "--contracts", "nowhere")[2] == (
        "emulator: contracts: nowhere is not a folder\n"
    )


def test_own_contracts_take_the_place_of_the_built_in_ones(command: Run, tmp_path: Path) -> None:
    (tmp_path / "promises" / "celigo").mkdir(parents=True)
    text = (CONTRACTS / "celigo" / "openapi.yaml").read_text()
    source = "level: documented"
    assert source in text
    (tmp_path / "promises" / "celigo" / "openapi.yaml").write_text(text.replace(source, "level: observed"))
    (tmp_path / "emulator.toml").write_text('contracts = "promises"\n')
    assert command("check")[1].endswith("and of promises.\n")
    assert " documented " not in command("operations", "--vendor", "celigo")[1]
    assert " documented " in command("operations", "--vendor", "secoda")[1]


def test_check_reports_mistakes_in_a_contract(tmp_path: Path, catalogue: Catalogue) -> None:
    for name in catalogue.vendors:
        (tmp_path / name).mkdir()
        (tmp_path / name / "openapi.yaml").write_text("openapi: 3.1.0\n")
    problems = list(contract_problems(tmp_path))
    assert [problem for problem in problems if "/paths: " in problem] == [
        f"{tmp_path}/{name}/openapi.yaml line 1, /paths: paths is missing" for name in catalogue.vendors
    ]


def test_operations_are_listed_of_one_vendor(command: Run, catalogue: Catalogue) -> None:
    lines = command("operations", "--vendor", "celigo")[1].splitlines()
    assert len(lines) == len(catalogue.contracts["celigo"].handled)
    assert {line.split()[0] for line in lines} == {"celigo"}


def test_scenarios_are_listed_with_a_sentence(command: Run, tmp_path: Path) -> None:
    (tmp_path / "own" / "secoda").mkdir(parents=True)
    (tmp_path / "own" / "secoda" / "scenarios.yaml").write_text(SCENARIO)
    lines = command("scenarios", "--vendor", "secoda", "--fixtures", "own")[1].splitlines()
    assert {line.partition("/")[0] for line in lines} == {"secoda"}
    assert ["secoda/mine", "Ours."] in [line.split(maxsplit=1) for line in lines]
    assert not any("mine" in line for line in command("scenarios")[1].splitlines())


def test_version_is_printed(command: Run) -> None:
    assert command("version") == (0, f"{__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_the_shells_own_script(command: Run, shell: str) -> None:
    code, out, _ = command("completion", shell)
    assert code == 0
    assert f"_EMULATOR_COMPLETE={shell}_complete" in out


def test_wait_returns_once_it_is_ready(command: Run, emulator: EmulatorUnderTest) -> None:
    assert command("wait", "--url", emulator.root) == (0, "", "")


def test_wait_gives_up_with_status_1(command: Run) -> None:
    with reserved_port() as port:
        code, _, err = command("wait", "--url", f"http://127.0.0.1:{port}", "--seconds", "0")
    assert code == 1
    url = f"http://127.0.0.1:{port}"
    assert err.startswith(f"emulator: {url} is not ready after 0 s: No reply from an emulator at {url}: ")


def test_a_reset_recreates_the_sandbox(command: Run, emulator: EmulatorUnderTest) -> None:
    emulator.scenario("secoda/rate-limited")
    assert command("reset", "--url", emulator.root) == (0, "", "")
    assert not emulator.sandbox.scenarios


def test_reset_of_a_sandbox_that_is_not_there_is_status_1(command: Run, emulator: EmulatorUnderTest) -> None:
    code, _, err = command("reset", "--url", emulator.root, "--sandbox", "nobody")
    assert code == 1
    assert "Unknown sandbox 'nobody'" in err


def test_a_snapshot_is_saved_listed_and_restored_from_its_file(
    command: Run, emulator: EmulatorUnderTest, tmp_path: Path
) -> None:
    url = ("--url", emulator.root)
    before = emulator.records("secoda.integrations")
    assert command("snapshot", "save", "before", "before.sqlite", *url)[0] == 0
    assert (tmp_path / "before.sqlite").read_bytes().startswith(b"SQLite format 3\0")
    assert command("snapshot", "list", *url)[1].split()[0] == "before"
    emulator.scenario("secoda/empty-world")
    assert emulator.records("secoda.integrations") == []
    assert command("snapshot", "restore", "before", *url)[0] == 0
    assert emulator.records("secoda.integrations") == before
    assert command("snapshot", "restore", "copy", "before.sqlite", *url)[0] == 0
    assert [line.split()[0] for line in command("snapshot", "list", *url)[1].splitlines()] == ["before", "copy"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["restore", "nothing"], 1, "Unknown snapshot 'nothing' in the sandbox default"),
        (["restore", "nothing", "nowhere.sqlite"], 2, "emulator: nowhere.sqlite: no such file or directory"),
        (["save", "Not A Name"], 1, "'Not A Name' does not match"),
    ],
)
def test_an_invalid_snapshot_is_a_sentence(
    command: Run, emulator: EmulatorUnderTest, words: list[str], code: int, sentence: str
) -> None:
    ended, _, err = command("snapshot", *words, "--url", emulator.root)
    assert (ended, err.count("\n")) == (code, 1)
    assert sentence in err


def test_serve_prints_a_line_for_each_call(process: subprocess.Popen[str]) -> None:
    url = re.findall(r"http://[0-9.:]+", banner(process)[0])[0]
    assert process.stdout is not None
    for number in (1, 2):
        headers = {"Authorization": "Bearer secoda-token"}
        httpx.get(f"{url}/secoda/api/v1/integration/integrations", headers=headers)
        line = process.stdout.readline().split()
        assert line[1:5] == ["default", "secoda", "listIntegrations", "200"], number


def test_serve_prints_only_json_lines_or_none_on_request(tmp_path: Path) -> None:
    words = [*COMMAND, "serve", "--port", "0", "--log-format", "json", "--access-log", "false"]
    environment = clean_environment(PYTHONPATH=str(Path(__file__).parent.parent))
    with subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline())["message"]]
        while lines[-1] != "Ready.":
            lines.append(json.loads(process.stdout.readline())["message"])
        httpx.get(re.findall(r"http://[0-9.:]+", lines[0])[0] + "/secoda/nowhere")
        process.terminate()
        assert process.stdout.read() == ""
        assert process.wait(60) == 0


def test_open_shows_the_console_in_a_browser(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    os.mkfifo(seen)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    words = [*COMMAND, "serve", "--port", "0", "--open"]
    environment = clean_environment(BROWSER=f"{browser} %s")
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, env=environment) as process:
        try:
            page = httpx.get(seen.read_text().strip())
        finally:
            process.terminate()
    assert page.status_code == 200
    assert "<title>Emulator console</title>" in page.text


def test_banner_shows_addresses_that_can_be_called(catalogue: Catalogue) -> None:
    settings = read_settings({"port": 0, "host": "0.0.0.0", "tls": "auto", "tls_port": 0})
    with ThreadedServer(Emulator(settings, catalogue)) as server:
        *lines, everywhere, ready = _banner(server.server).split("\n")
    port = server.url.rpartition(":")[2]
    assert everywhere.split()[:3] == ["listening", "on", server.url]
    assert f"HTTPS_PROXY=http://127.0.0.1:{port}" in lines[-1]
    assert all("//127.0.0.1:" in line for line in lines)
    assert ready == "Ready."
    assert _reachable("http://[::]:4070") == "http://127.0.0.1:4070"


def test_a_sandbox_without_credentials_has_a_banner_too(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "secoda").mkdir()
    (tmp_path / "secoda" / "credentials.yaml").write_text("records: []\n")
    settings = read_settings({"port": "0", "fixtures": str(tmp_path)})
    with ThreadedServer(Emulator(settings, catalogue)) as server:
        lines = _banner(server.server).split("\n")
    assert [line.endswith("no credentials") for line in lines] == [
        *(name == "secoda" for name in catalogue.vendors),
        False,
    ]


def test_only_serve_waits_for_the_web_server_and_it_for_no_client() -> None:
    looked_for = "{'aiohttp', 'emulator.app', 'emulator.client', 'yaml'}"
    code = f"import sys, emulator.cli.main; print({looked_for} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
