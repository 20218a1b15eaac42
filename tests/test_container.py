"""The image, as far as it can be checked without an engine, and every snippet of docs/how-to/container.md."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator
from testcontainers.core.config import ConnectionMode, testcontainers_config

from emulator import __version__
from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.cli import healthcheck
from emulator.cli.main import serve
from emulator.errors import ConfigurationError
from emulator.files import temporary
from emulator.server.server import ThreadedServer
from emulator.settings import SETTINGS, Settings, read_settings
from emulator.store.database import Store
from emulator.testing.containers import IMAGE, EmulatorContainer
from tests.conftest import EmulatorUnderTest
from tests.ports import reserved_port

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "compose.yaml"
PAGE = ROOT / "docs" / "how-to" / "container.md"
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
VARIABLES = {setting.variable for setting in SETTINGS}
COMPOSE_SCHEMA = "vendor.compose-spec"
WORKFLOW_SCHEMA = "vendor.github-workflows"


def instructions(file: Path = DOCKERFILE) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions: ("USER", "65532:65532")."""
    lines = [line for line in file.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines()]


def last(name: str) -> str:
    """Return what the last instruction of that name says, in the stage that is the image."""
    return [text for instruction, text in instructions() if instruction == name][-1]


def snippets(language: str) -> list[str]:
    """Return the fenced snippets of docs/how-to/container.md in a language."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def commands(start: str) -> list[list[str]]:
    """Return the commands of the page's shell snippets that start so, as words."""
    lines = [line for snippet in snippets("sh") for line in snippet.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(start)]


def test_image_runs_as_a_user_that_is_a_number_and_not_root() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last("USER"))


def test_image_fetches_nothing_but_packages_whose_hashes_are_known() -> None:
    runs = " && ".join(text for name, text in instructions() if name == "RUN").split(" && ")
    installs = [run for run in runs if "pip" in run and " install " in run]
    assert len(installs) == 3
    assert all("--require-hashes" in run or "--no-index --no-deps" in run for run in installs)
    assert not [
        name for name, text in instructions() if name == "ADD" or (name == "RUN" and re.search("curl|wget", text))
    ]


@pytest.mark.parametrize("name", ["run", "build"])
def test_every_requirement_of_the_image_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", "")
    requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert requirements
    assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in requirements)


def test_what_builds_the_wheel_is_locked_too() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    locked = (ROOT / "requirements" / "build.txt").read_text()
    assert all(f"\n{re.split(r'[<>=~]', name)[0]}==" in locked for name in needed)


def test_image_names_no_path_with_the_version_of_python() -> None:
    assert not [text for name, text in instructions() if name != "FROM" and re.search(r"python3\.\d", text)]


def test_image_listens_everywhere_on_the_port_it_exposes() -> None:
    environment = dict(re.findall(r'(\w+)="?([^" ]+)', last("ENV")))
    settings = read_settings(environ={name: value for name, value in environment.items() if name in VARIABLES})
    assert (settings.host, str(settings.port)) == ("0.0.0.0", last("EXPOSE"))


def test_image_starts_serve_and_stops_it_as_it_likes_to_be_stopped() -> None:
    assert json.loads(last("ENTRYPOINT")) == ["emulator", "serve"]
    assert last("STOPSIGNAL") == "SIGTERM"


def test_image_bears_the_version_of_the_package() -> None:
    assert ("ARG", f"VERSION={__version__}") in instructions()
    labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', last("LABEL")))
    assert labels["version"] == "$VERSION"
    assert f"docker.io/library/{last('FROM')}" == labels["base.name"]


def test_context_holds_what_is_copied_and_little_else() -> None:
    copied = {
        word for name, text in instructions() if name == "COPY" and "--from" not in text for word in text.split()[:-1]
    }
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == kept
    assert all((ROOT / path).exists() for path in kept)


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run([str(BIN / "hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


def test_healthcheck_is_a_command_without_a_shell_that_is_there() -> None:
    command = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert command == ["python", "-I", "-m", healthcheck.__name__]


def check_health(**variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
    environment = kept | variables | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", healthcheck.__name__],
        env=environment,
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_healthcheck_passes_on_the_configured_port(emulator: EmulatorUnderTest) -> None:
    done = check_health(EMULATOR_HOST="0.0.0.0", EMULATOR_PORT=str(httpx.URL(emulator.root).port))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_healthcheck_fails_where_nothing_listens_and_says_so() -> None:
    with reserved_port() as port:
        done = check_health(EMULATOR_PORT=str(port))
    assert done.returncode == 1
    assert f"emulator: 127.0.0.1 port {port}: " in done.stderr
    assert "refused" in done.stderr


def test_healthcheck_fails_for_an_invalid_setting() -> None:
    done = check_health(EMULATOR_PROT="1")
    assert (done.returncode, "Did you mean 'EMULATOR_PORT'" in done.stderr) == (1, True)


def test_healthcheck_fails_if_another_server_replies(
    emulator: EmulatorUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healthcheck, "PATH", "/_emulator/nothing")
    port = httpx.URL(emulator.root).port
    assert port is not None
    assert healthcheck.ask("127.0.0.1", port) == f"127.0.0.1 port {port}: /_emulator/nothing returns 404"


def test_healthcheck_loads_nothing_of_the_server() -> None:
    code = f"import sys, {healthcheck.__name__}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"emulator.app", "aiohttp", "click", "yaml"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize(
    ("environ", "line", "address"),
    [
        ({}, "", ("127.0.0.1", 4070)),
        ({"EMULATOR_HOST": "0.0.0.0", "EMULATOR_PORT": "5000"}, "", ("127.0.0.1", 5000)),
        ({"EMULATOR_HOST": "::"}, "", ("::1", 4070)),
        (
            {"EMULATOR_PORT": "5000"},
            "python /opt/venv/bin/emulator serve --strict true --port 6000",
            ("127.0.0.1", 6000),
        ),
        ({}, "docker-init -- emulator serve --host=10.0.0.1 --port=6000", ("10.0.0.1", 6000)),
        ({}, "something else --port 6000", ("127.0.0.1", 4070)),
    ],
)
def test_healthcheck_asks_where_serve_listens(
    tmp_path: Path, environ: dict[str, str], line: str, address: tuple[str, int]
) -> None:
    file = tmp_path / "cmdline"
    file.write_text("".join(f"{word}\0" for word in line.split()))
    assert healthcheck.address(environ, healthcheck.served(file), tmp_path) == address


def test_healthcheck_does_without_a_first_process(tmp_path: Path) -> None:
    assert healthcheck.served(tmp_path / "missing") == ()


@pytest.fixture
def nowhere_to_write(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove all folders for temporary files, as on a read-only root."""

    def refuse(*arguments: Any, **options: Any) -> str:
        raise FileNotFoundError("No usable temporary directory found")

    temporary.can_spill.cache_clear()
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    yield
    temporary.can_spill.cache_clear()


def upload(emulator: EmulatorUnderTest, size: int) -> httpx.Response:
    manifest = json.dumps({"metadata": {}, "nodes": {}, "sources": {}, "padding": "x" * size})
    dbt = next(record for record in emulator.records("secoda.integrations") if record["type"] == "dbt")
    return emulator.call(
        "secoda",
        "POST",
        "/integration/dbt/manifest/",
        files={"manifest_file": ("manifest.json", manifest)},
        data={"integration": dbt["id"]},
    )


@pytest.mark.usefixtures("nowhere_to_write")
def test_large_upload_is_read_where_nothing_can_be_written(emulator: EmulatorUnderTest) -> None:
    assert upload(emulator, 3 * 1024 * 1024).status_code == 200


@pytest.mark.usefixtures("nowhere_to_write")
async def test_store_stays_in_memory_where_nothing_can_be_written() -> None:
    store = Store()
    assert await store.run(lambda db: db.execute("PRAGMA temp_store").fetchone()) == (2,)
    await store.close()


def docker_run(words: list[str]) -> argparse.Namespace:
    """Read a `docker run` as docker does: its options, the image, the image's own arguments."""
    parser = argparse.ArgumentParser(prog="docker run", allow_abbrev=False)
    for switch in ("--rm", "--init", "--detach", "--read-only"):
        parser.add_argument(switch, action="store_true")
    for option in ("-p", "-v", "-e"):
        parser.add_argument(option, action="append", default=[])
    for option in ("--name", "--entrypoint", "--cap-drop", "--security-opt"):
        parser.add_argument(option)
    parser.add_argument("image")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args(words[2:])


def settings_of(run: argparse.Namespace) -> Settings:
    """Return the settings with which the emulator of a `docker run` starts."""
    environ = dict(entry.split("=", 1) for entry in run.e)
    if run.entrypoint:
        return read_settings(environ=environ)
    switches = serve.make_context("serve", list(run.arguments)).params
    return read_settings(switches, environ)


@pytest.mark.parametrize("words", commands("docker run"), ids=shlex.join)
def test_docker_run_of_the_page_names_the_image_and_real_settings(
    emulator: EmulatorUnderTest, words: list[str]
) -> None:
    run = docker_run(words)
    settings = settings_of(run)
    assert run.image == IMAGE
    assert set(run.p) <= {f"{DEFAULTS[name]}:{DEFAULTS[name]}" for name in ("port", "tls_port")}
    assert all(known(emulator, pattern) for pattern in settings.scenarios)


def known(emulator: EmulatorUnderTest, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in emulator.scenarios)


def test_a_switch_does_what_its_variable_does() -> None:
    switch, variable = (docker_run(words) for words in commands("docker run")[1:3])
    assert settings_of(switch).scenarios == ("secoda/rate-limited",)
    assert settings_of(variable).scenarios == ("secoda/rate-limited", "celigo/slow")
    assert settings_of(switch).strict is settings_of(variable).strict is True


def test_page_waits_where_the_emulator_says_that_it_is_ready(emulator: EmulatorUnderTest) -> None:
    (words,) = commands("curl")
    url = httpx.URL(words[-1])
    assert (url.host, url.port, url.path) == ("localhost", DEFAULTS["port"], healthcheck.PATH)
    assert httpx.get(emulator.root + url.path).status_code == 200


@pytest.mark.parametrize("folder", ["/emulator", "/data"])
def test_folders_that_the_page_mounts_belong_to_the_image_and_its_user(folder: str) -> None:
    assert ("COPY", f"--from=build --chown={last('USER')} {folder} {folder}") in instructions()
    assert any(f":{folder}" in mount for words in commands("docker run") for mount in docker_run(words).v)


def check_environment(environment: Mapping[str, str], emulator: EmulatorUnderTest) -> None:
    """Check a container's environment against the table of settings, and its scenarios against ours."""
    assert environment
    assert all(isinstance(value, str) for value in environment.values()), "YAML reads 7 and true as no text: quote them"
    assert environment.keys() <= VARIABLES
    assert all(known(emulator, pattern) for pattern in read_settings(environ=environment).scenarios)


def violations(text: str, schema: str) -> list[str]:
    """Validate a YAML document with a schema of check-jsonschema."""
    validator = Draft7Validator(get_builtin_schema(schema))
    return [problem.message for problem in validator.iter_errors(yaml.safe_load(text))]


def test_compose_file_follows_the_compose_specification() -> None:
    assert violations(COMPOSE.read_text(), COMPOSE_SCHEMA) == []


def test_compose_file_is_printed_on_the_page() -> None:
    assert f"<!-- compose.yaml -->\n```yaml\n{COMPOSE.read_text()}```" in PAGE.read_text()


def test_compose_file_waits_for_the_health_of_an_emulator_with_real_settings(emulator: EmulatorUnderTest) -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    check_environment(services["emulator"]["environment"], emulator)
    assert services["emulator"]["image"] == IMAGE
    assert services["emulator"]["ports"] == [f"127.0.0.1:{DEFAULTS['port']}:{DEFAULTS['port']}"]
    assert services["tests"]["depends_on"] == {"emulator": {"condition": "service_healthy"}}


def test_tests_of_the_compose_file_run(emulator: EmulatorUnderTest) -> None:
    tests = yaml.safe_load(COMPOSE.read_text())["services"]["tests"]
    (name, url) = next(iter(tests["environment"].items()))
    assert url == emulator.url("secoda").replace(emulator.root, f"http://emulator:{DEFAULTS['port']}")
    done = subprocess.run(
        [sys.executable, *tests["command"][1:]],
        env={**os.environ, name: emulator.url("secoda")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"[1-9]\d* integrations\n", done.stdout)


def workflow() -> str:
    (text,) = [text for text in snippets("yaml") if "runs-on:" in text]
    return text


def test_workflow_follows_the_schema_of_workflows() -> None:
    # YAML 1.1, which Python reads, takes the key `on` for true.
    text = workflow().replace("\non:", '\n"on":')
    assert violations(text, WORKFLOW_SCHEMA) == []


def test_workflow_sets_the_service_up_by_environment_alone(emulator: EmulatorUnderTest) -> None:
    job = yaml.safe_load(workflow())["jobs"]["tests"]
    service = job["services"]["emulator"]
    check_environment(service["env"], emulator)
    assert service.keys() == {"image", "ports", "env"}
    assert service["image"].endswith(f"/{IMAGE}:{__version__}")
    assert service["ports"] == [f"{DEFAULTS['port']}:{DEFAULTS['port']}"]
    url = job["steps"][-1]["env"]["CELIGO_URL"]
    assert url == emulator.url("celigo").replace(emulator.root, f"http://localhost:{DEFAULTS['port']}")


class StandIn:
    """Does what testcontainers asks of an engine, with a thread instead of a container."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.created: dict[str, Any] = {}
        self.client = SimpleNamespace(close=lambda: None)
        self._catalogue = catalogue
        self._server: ThreadedServer | None = None

    def create(self, image: str, **options: Any) -> SimpleNamespace:
        self.created = {"image": image, **options}
        return SimpleNamespace(
            id="1", short_id="1", status="running", reload=lambda: None, remove=self._remove, logs=lambda **_: b""
        )

    def start(self, container: SimpleNamespace) -> None:
        settings = read_settings({"port": 0}, self.created["environment"])
        self._server = ThreadedServer(Emulator(settings, self._catalogue))
        self._server.__enter__()

    def host(self) -> str:
        return "127.0.0.1"

    def get_connection_mode(self) -> ConnectionMode:
        return ConnectionMode.docker_host

    def port(self, container: str, port: int) -> str:
        assert self.created["ports"] == {str(port): None}
        assert self._server is not None
        return self._server.url.rpartition(":")[2]

    def _remove(self, **options: Any) -> None:
        assert self._server is not None
        self._server.__exit__(None, None, None)


@pytest.fixture
def engine(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn(catalogue)
    monkeypatch.setattr("testcontainers.core.container.DockerClient", lambda **_: stand_in)
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    return stand_in


def run_snippet(snippet: str, file: Path) -> None:
    """Call the one function that a snippet of Python defines."""
    (name,) = [node.name for node in ast.parse(snippet).body if isinstance(node, ast.FunctionDef)]
    names: dict[str, Callable[[], None]] = {}
    exec(compile(snippet, str(file), "exec"), names)
    names[name]()


def test_testcontainers_snippet_of_the_page_runs(engine: StandIn) -> None:
    (snippet,) = snippets("python")
    run_snippet(snippet, PAGE)
    assert engine.created["image"] == IMAGE
    assert engine.created["environment"]["EMULATOR_SCENARIOS"] == "secoda/rate-limited"


def test_container_is_ready_inside_with(engine: StandIn) -> None:
    with EmulatorContainer("other:1", settings={"strict": True, "port": 5000}, read_only=True) as container:
        assert httpx.get(f"{container.url}/_emulator/health").json()["version"] == __version__
    assert engine.created["environment"] == {
        "EMULATOR_STRICT": "true",
        "EMULATOR_PORT": "5000",
        "EMULATOR_CONTROL_HOSTS": "127.0.0.1",
    }
    assert (engine.created["image"], engine.created["ports"]) == ("other:1", {"5000": None})
    assert engine.created["read_only"] is True


def test_container_accepts_its_aliases_too(engine: StandIn) -> None:
    with EmulatorContainer().with_network_aliases("emulator", "secoda"):
        pass
    assert engine.created["environment"]["EMULATOR_CONTROL_HOSTS"] == "127.0.0.1,emulator,secoda"


def test_container_keeps_the_control_hosts_that_are_given(engine: StandIn) -> None:
    with EmulatorContainer(settings={"control_hosts": ["ci", "docker"]}):
        pass
    assert engine.created["environment"]["EMULATOR_CONTROL_HOSTS"] == "ci,docker"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"scenario": ["x"]}, "unknown setting 'EMULATOR_SCENARIO'. Did you mean 'EMULATOR_SCENARIOS'"),
        ({"strict": "on"}, "EMULATOR_STRICT is 'on': expected true, false, 1 or 0"),
    ],
)
def test_container_refuses_a_wrong_setting_before_it_starts(
    engine: StandIn, settings: dict[str, str | list[str]], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        EmulatorContainer(settings=settings)
    assert sentence in str(refusal.value)
    assert engine.created == {}


def test_control_api_accepts_bare_addresses_but_not_names(emulator: EmulatorUnderTest) -> None:
    port = httpx.URL(emulator.root).port
    statuses = {
        host: httpx.get(f"{emulator.root}/_emulator/ready", headers={"Host": f"{host}:{port}"}).status_code
        for host in ("172.17.0.2", "[fd00::2]", "emulator")
    }
    assert statuses == {"172.17.0.2": 200, "[fd00::2]": 200, "emulator": 403}
