"""The console's files: how they are served, what is vendored, how large they are. Browsers: tests/browser."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from emulator.control.assets import Assets
from emulator.control.document import FOLDER
from tests.conftest import EmulatorUnderTest
from tests.control import controlled

CONSOLE = FOLDER / "console"
VENDORED = json.loads((CONSOLE / "vendored" / "vendored.json").read_text("utf-8"))
OWN_SCRIPTS = sorted(CONSOLE.glob("*.js"))

MOST_BYTES = 60_000
MOST_LINES = 300


COMMENT = re.compile(r"^\s*//[^\n]*\n|^\s*/\*\*.*?\*/\s*?\n|/\*\*.*?\*/ ?", re.DOTALL | re.MULTILINE)


def code_of(file: Path) -> bytes:
    """Return a script without its comments, which contain the types, without indentation and empty lines."""
    code = COMMENT.sub("", file.read_text("utf-8"))
    return re.sub(r"^\s+", "", code, flags=re.MULTILINE).encode()


def asset_links(page: str) -> list[str]:
    return re.findall(r'(?:href|src)="([0-9a-f]{16}/[^"]+)"', page)


@pytest.mark.parametrize("prefix", ["", "/~default"])
def test_page_and_its_assets_are_served(emulator: EmulatorUnderTest, prefix: str) -> None:
    url = f"{emulator.root}{prefix}/_emulator/console/"
    page = httpx.get(url)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Cache-Control"] == "no-cache"
    links = asset_links(page.text)
    assert len(links) == 3
    for link in links:
        asset = httpx.get(url + link)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["Cache-Control"]


def test_page_may_load_nothing_from_elsewhere_and_run_nothing_inline(emulator: EmulatorUnderTest) -> None:
    page = httpx.get(f"{emulator.root}/_emulator/console/")
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert not re.search(r"<script(?![^>]* src=)|<style| on[a-z]+=| style=", page.text)


def test_address_without_its_slash_redirects(emulator: EmulatorUnderTest) -> None:
    assert httpx.get(f"{emulator.root}/_emulator/console", follow_redirects=True).status_code == 200


@pytest.mark.parametrize("path", ["0123456789abcdef/app.js", "app.js", "{version}/no.js", "{version}/../assets.py"])
def test_other_files_are_unknown(emulator: EmulatorUnderTest, path: str) -> None:
    version = asset_links(httpx.get(f"{emulator.root}/_emulator/console/").text)[0].partition("/")[0]
    response = httpx.get(f"{emulator.root}/_emulator/console/{path.format(version=version).replace('..', '%2E%2E')}")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_writes_and_foreign_hosts_are_refused(emulator: EmulatorUnderTest) -> None:
    url = f"{emulator.root}/_emulator/console/"
    assert httpx.post(url).status_code == 405
    assert httpx.get(url, headers={"Host": "evil.example"}).status_code == 403
    assert httpx.head(url).status_code == 200


def test_page_needs_no_token_and_shows_nothing_that_does() -> None:
    with controlled(control_token="secret") as (_, control):
        assert control.ask("GET", "/console/").status_code == 200
        assert control.ask("GET", "/sandboxes").status_code == 401


def test_version_follows_the_files(tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("1")
    assets = Assets("things", tmp_path)
    first = assets.version()
    assert assets.version() == first
    (tmp_path / "app.js").write_text("22")
    second = assets.version()
    (tmp_path / "other.js").write_text("")
    assert len({first, second, assets.version()}) == 3


def test_policy_of_other_assets_may_differ(tmp_path: Path) -> None:
    page = Assets("things", tmp_path, {"style-src": "'self' 'unsafe-inline'"}).page("{assets}/x")
    assert "style-src 'self' 'unsafe-inline'; " in page.headers["Content-Security-Policy"]
    assert "script-src 'self'; " in page.headers["Content-Security-Policy"]


def test_vendored_files_are_what_they_say() -> None:
    files = {file.name for file in (CONSOLE / "vendored").iterdir() if file.suffix in (".js", ".css")}
    assert files == set(VENDORED)
    for name, said in VENDORED.items():
        assert sha256((CONSOLE / "vendored" / name).read_bytes()).hexdigest() == said["sha256"], name
        assert said["version"]
        assert set(said["licenses"]) <= {"Apache-2.0", "BSD-3-Clause", "MIT", "OFL-1.1"}


def test_own_script_is_small() -> None:
    assert sum(len(code_of(file)) for file in OWN_SCRIPTS) < MOST_BYTES
    lines = {file.name: len(file.read_text("utf-8").splitlines()) for file in CONSOLE.glob("*.*s")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_script_never_makes_html_of_text() -> None:
    for file in OWN_SCRIPTS:
        found = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", file.read_text("utf-8")
        )
        assert found is None, f"{file.name}: {found and found.group()}"
