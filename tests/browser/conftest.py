"""One browser and one emulator for all tests; each test has a sandbox and a page of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from tests.control import Control, controlled

SCREENSHOTS = Path(os.environ.get("TEST_SCREENSHOTS", ".screenshots"))
WAIT_MILLISECONDS = 60_000
"""How long to wait for what must come: a limit for what never does."""


@dataclass
class Console:
    """A page of the console, showing a sandbox, and what went wrong in it."""

    page: Page
    control: Control
    sandbox: str
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Parts of messages that a test provokes."""

    def open(self, path: str = "", **params: str) -> Page:
        """Show a page, once it has loaded what it shows."""
        query = urlencode({"sandbox": self.sandbox, **params})
        self.page.goto(f"{self.control.url}/_emulator/console/#/{path}?{query}")
        self.page.locator("main h1").first.wait_for()
        self.page.get_by_text("Loading …").first.wait_for(state="detached")
        return self.page

    def vendor(self, name: str) -> Any:
        """Return what the control API says of a vendor in the sandbox."""
        return self.control.done("GET", f"/sandboxes/{self.sandbox}")["vendors"][name]

    def call(self, method: str, path: str, vendor: str = "secoda", **options: Any) -> httpx.Response:
        """Call a vendor in the sandbox, with its credential."""
        described = self.vendor(vendor)
        headers = {**described["headers"], **options.pop("headers", {})}
        return self.control.client.request(method, described["base_url"] + path, headers=headers, **options)

    def get(self, path: str) -> Any:
        """Get a document of the sandbox from the control API."""
        return self.control.done("GET", f"/sandboxes/{self.sandbox}{path}")

    def post(self, path: str, document: Any) -> Any:
        """Post a document to the sandbox's control API."""
        return self.control.done("POST", f"/sandboxes/{self.sandbox}{path}", json=document)

    def lines(self) -> Locator:
        """The lines of the list of calls."""
        return self.page.get_by_role("option").filter(has=self.page.locator(".path"))

    def line(self, text: str) -> Locator:
        """The newest line with a text."""
        return self.lines().filter(has_text=text).first

    def copied(self, button: Locator) -> str:
        """Click a button that copies, and return the text in the clipboard once it is there."""
        self.page.evaluate("navigator.clipboard.writeText('nothing')")
        button.click()
        self.page.wait_for_function("navigator.clipboard.readText().then(text => text !== 'nothing')")
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "there is no chromium on this machine: make test-browser installs it"
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def control() -> Iterator[Control]:
    with controlled(journal_size=20_000, journal_bytes="128m") as (_, found):
        yield found


@pytest.fixture
def console(browser: Browser, control: Control) -> Iterator[Console]:
    sandbox = control.sandbox()["name"]
    with opened(browser, control, sandbox) as found:
        yield found
    control.done("DELETE", f"/sandboxes/{sandbox}")


@contextmanager
def opened(browser: Browser, control: Control, sandbox: str = "default", **options: Any) -> Iterator[Console]:
    """Open a console in a fresh tab. Its script, its policy and its requests must have no problem."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(WAIT_MILLISECONDS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    console = Console(context.new_page(), control, sandbox)
    _watch(console)
    try:
        yield console
    finally:
        context.close()
    assert [text for text in console.problems if not any(part in text for part in console.expected)] == []


def _watch(console: Console) -> None:
    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            console.problems.append(message.text)

    def requested(request: Request) -> None:
        if not request.url.startswith((console.control.url, "data:", "blob:")):
            console.problems.append(f"a request to {request.url}")

    page = console.page
    page.on("console", said)
    page.on("request", requested)
    page.on("pageerror", lambda error: console.problems.append(str(error)))
    page.on("dialog", lambda dialog: console.problems.append(f"a dialog: {dialog.message}"))
