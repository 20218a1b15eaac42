"""https beside http: certificates made at the start or the user's own, and the recipes of the documentation."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from cryptography import x509

from emulator.app import Emulator
from emulator.catalogue import Catalogue
from emulator.errors import ConfigurationError
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.transport.tls import read_tls
from tests.secure import LIST, TOKEN, Secure, secure
from tests.test_server import COMMAND, banner, clean_environment, run

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "clients-that-cannot-be-reconfigured.md"
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", PAGE.read_text(), re.DOTALL)
COMMANDS = [text for language, text in BLOCKS if language == "sh" and not text.startswith("emulator serve")]
SCRIPTS = [text for language, text in BLOCKS if language == "python"]


@pytest.fixture(scope="module")
def running(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure(catalogue, tmp_path_factory.mktemp("tls"), control_hosts=["emulator"]) as started:
        started.make_sandbox("nightly")
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of PEM files: a certificate with its key, another key, and one that is neither."""
    folder = tmp_path_factory.mktemp("files")
    authority = trustme.CA()
    own, other = authority.issue_cert("localhost", "127.0.0.1"), authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    own.cert_chain_pems[0].write_to_path(str(folder / "own.pem"))
    own.private_key_pem.write_to_path(str(folder / "own.key"))
    own.private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
    other.private_key_pem.write_to_path(str(folder / "other.key"))
    (folder / "junk").write_text("junk")
    command = ["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", "own.key", "-out", "locked.key"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def client(running: Secure, **options: Any) -> httpx.Client:
    return httpx.Client(verify=running.trusting(), **options)


def test_http_and_https_are_served_side_by_side(running: Secure) -> None:
    with client(running, headers=TOKEN) as https:
        for base in (running.url, running.tls_url):
            page = https.get(f"{base}/secoda{LIST}?page_size=1").json()
            assert page["links"]["next"] == f"{base}/secoda{LIST}?page=2&page_size=1"


NAMES = ["localhost", "emulator", "host.docker.internal", "api.paradime.io", "tenant.immuta.com", "api.integrator.io"]


@pytest.mark.parametrize("name", NAMES)
def test_the_certificate_bears_the_vendors_names_and_the_emulators_own(running: Secure, name: str) -> None:
    address = urlsplit(running.tls_url)
    with (
        socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as plain,
        running.trusting().wrap_socket(plain, server_hostname=name) as connection,
    ):
        assert connection.version() == "TLSv1.3"


def test_the_certificate_bears_no_other_name(running: Secure) -> None:
    address = urlsplit(running.tls_url)
    with (
        socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        running.trusting().wrap_socket(plain, server_hostname="example.com")


def test_the_authority_is_served_as_pem(running: Secure) -> None:
    response = httpx.get(f"{running.url}/_emulator/ca.crt")
    assert (response.status_code, response.content) == (200, running.ca.read_bytes())
    assert response.headers["Content-Type"] == "application/x-pem-file"
    assert ssl.PEM_cert_to_DER_cert(response.text)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_documented_commands_do_what_they_say(running: Secure, tmp_path: Path, command: str) -> None:
    (tmp_path / "ca.crt").write_bytes(running.ca.read_bytes())
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here(running, command)],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if "integrations" in command:
        assert '"results":[{"id":' in done.stdout
    if "nightly:any" in command:
        assert running.called("nightly")


def here(running: Secure, text: str) -> str:
    """Put this test's ports, and a sandbox that is new, in the place of the documented ones."""
    ports = {"4070": str(urlsplit(running.url).port), "4443": str(urlsplit(running.tls_url).port)}
    text = re.sub(r"\b(4070|4443)\b", lambda port: ports[port[0]], text)
    return text.replace('{"name": "nightly"}', '{"name": "another"}')


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_documented_script_does_what_it_says(running: Secure, script: str) -> None:
    before, names = len(running.called("nightly")), dict[str, Any]()
    exec(compile(here(running, script), str(PAGE), "exec"), names)
    assert names["reply"].status_code == 200
    assert len(running.called("nightly")) == before + 1


def test_without_tls_the_authority_is_a_sentence_and_costs_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, urllib.request, urllib.error\n"
        "from emulator.app import Emulator\nfrom emulator.server.server import ThreadedServer\n"
        "from emulator.settings import read_settings\n"
        "with ThreadedServer(Emulator(read_settings({'port': 0}))) as server:\n"
        "    try: urllib.request.urlopen(server.url + '/_emulator/ca.crt')\n"
        "    except urllib.error.HTTPError as refusal: print(refusal.code, refusal.read().decode())\n"
        "    print(server.server.tls_url, 'trustme' in sys.modules, 'cryptography' in sys.modules)\n"
    )
    environment = clean_environment(PYTHONPATH=str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    refusal, rest = done.stdout.splitlines()
    assert refusal.startswith('404 {"type":"about:blank"')
    assert "This emulator has no certificates: start it with --tls auto" in refusal
    assert rest == "None False False"


@pytest.mark.parametrize("given", [("own.pem", "own.key"), ("both.pem", "")])
def test_own_certificates_are_served(catalogue: Catalogue, files: Path, given: tuple[str, str]) -> None:
    certificate, key = (str(files / name) if name else "" for name in given)
    settings = read_settings({"port": 0, "tls": "files", "tls_port": 0, "tls_cert": certificate, "tls_key": key})
    trusting = ssl.create_default_context(cafile=files / "ca.pem")
    with ThreadedServer(Emulator(settings, catalogue)) as server, httpx.Client(verify=trusting) as https:
        response = https.get(f"{server.server.tls_url}/_emulator/ca.crt")
    assert response.status_code == 404
    assert response.json()["detail"].startswith("The setting tls is 'files': trust the authority that signed")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"tls": "files"}, "tls is 'files', so tls_cert must name a certificate (and tls_key its key)"),
        ({"tls": "files", "tls_cert": "gone.pem"}, "tls_cert: cannot read gone.pem: no such file or directory"),
        ({"tls": "files", "tls_cert": "."}, "tls_cert: cannot read .: is a directory"),
        ({"tls": "files", "tls_cert": "own.pem", "tls_key": "gone.key"}, "tls_key: cannot read gone.key: no such file"),
        (
            {"tls": "files", "tls_cert": "own.pem", "tls_key": "other.key"},
            "tls_key: the key in other.key does not belong to the certificate in own.pem",
        ),
        ({"tls": "files", "tls_cert": "own.pem"}, "tls_cert, tls_key: own.pem and own.pem are not a certificate"),
        ({"tls": "files", "tls_cert": "junk", "tls_key": "own.key"}, "tls_cert, tls_key: junk and own.key are no"),
        (
            {"tls": "files", "tls_cert": "own.pem", "tls_key": "locked.key"},
            "tls_key: the key is encrypted; use one without a password",
        ),
        ({"tls": "auto", "tls_cert": "own.pem"}, "tls_cert is set, but tls is 'auto'; set tls to 'files', too"),
        ({"tls_key": "own.key"}, "tls_key is set, but tls is 'off'; set tls to 'files', too"),
        (
            {"tls": "auto", "control_hosts": "my_host"},
            "host, control_hosts: the certificate cannot be created: Codepoint",
        ),
    ],
)
def test_wrong_certificates_are_one_sentence(
    files: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], sentence: str
) -> None:
    monkeypatch.chdir(files)
    with pytest.raises(ConfigurationError) as refusal:
        read_tls(read_settings(settings), [])
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


def test_a_tls_port_in_use_is_one_sentence_and_status_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", "0", "--tls", "auto", "--tls-port", port, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"emulator: cannot listen on 127.0.0.1 port {port}: address already in use; "
        "set tls_port to another, or to 0 for any free one\n"
    )


def test_serve_says_where_https_is_and_ends_at_a_signal_with_clients_connected(tmp_path: Path) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--tls", "auto", "--tls-port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment()
    ) as process:
        *_, https, proxy, ready = banner(process)
        [tls_url] = re.findall(r"^https +(https://127.0.0.1:\d+)  trust http://127.0.0.1:\d+/_emulator/ca.crt$", https)
        [url] = re.findall(r"^for built-in URLs +HTTPS_PROXY=(http://127.0.0.1:\d+)$", proxy)
        assert ready == "Ready."
        context = ssl.create_default_context(cadata=httpx.get(f"{url}/_emulator/ca.crt").text)
        with httpx.Client(verify=context) as direct, httpx.Client(verify=context, proxy=url) as tunnelled:
            assert direct.get(f"{tls_url}/_emulator/ready").status_code == 200
            assert tunnelled.get("https://api.secoda.co/").status_code == 404
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_certificates_are_valid_for_as_long_as_every_system_takes(running: Secure) -> None:
    address = urlsplit(running.tls_url)
    with (
        socket.create_connection((address.hostname or "", address.port or 0)) as plain,
        running.trusting().wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        leaf = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")
    authority = x509.load_pem_x509_certificate(running.ca.read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=397)
    assert timedelta(days=3000) < authority.not_valid_after_utc - authority.not_valid_before_utc <= timedelta(days=3660)
    now = datetime.now(UTC)
    assert max(leaf.not_valid_before_utc, authority.not_valid_before_utc) < now - timedelta(hours=23)
