"""One server for all tests; its default sandbox is reset for each."""

from __future__ import annotations

import logging
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from inspect import signature
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import settings

from emulator.app import Emulator
from emulator.catalogue import Catalogue, parse_switch, read_catalogue
from emulator.control.document import own_contract
from emulator.exchange import Record
from emulator.faults.check import check_fault
from emulator.faults.rule import Fault, fault_of
from emulator.faults.scenarios import Scenario
from emulator.journal.entry import Exchange
from emulator.sandbox.clock import Clock
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.sandboxes import Sandboxes
from emulator.server.server import ThreadedServer
from emulator.settings import read_settings
from emulator.store.credentials import expired

# A busy machine does not make a test fail: no test has a time limit, and a call that gives none waits for a minute.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
for kind in ("connect", "read", "write", "pool"):
    setattr(signature(httpx.get).parameters["timeout"].default, kind, 60.0)

T = TypeVar("T")

SLOW = ("test_fuzz", "test_control_fuzz", "test_recipes", "test_wheel")


class InternalErrors(logging.Handler):
    """Collects the internal errors that the emulators of this process log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Collect records with an exception, and those that report an internal error."""
        if record.exc_info or "internal error" in record.msg:
            self.found.append(record.getMessage())


internal_errors = InternalErrors()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of tests that provoke an internal error, and watch for all others."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # In the background of a shell; the commands that tests start, and interrupt, would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "internal_error: the test provokes an internal error of the emulator.")
    for name in ("emulator", "aiohttp.server"):
        logging.getLogger(name).addHandler(internal_errors)


@pytest.fixture(autouse=True)
def _no_internal_error(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which an emulator of this process logs an internal error, unless it is marked."""
    internal_errors.found.clear()
    yield
    if request.node.get_closest_marker("internal_error") is None:
        assert internal_errors.found == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest files first, so that the workers finish at about the same time."""
    items.sort(key=lambda item: item.path.stem not in SLOW)


class EmulatorUnderTest:
    """The running emulator as one test sees it."""

    def __init__(self, server: ThreadedServer, client: httpx.Client) -> None:
        self._server = server
        self._emulator = server.server.emulator
        self._client = client

    @property
    def root(self) -> str:
        """The server's own URL."""
        return self._server.url

    @property
    def catalogue(self) -> Catalogue:
        return self._emulator.catalogue

    def url(self, vendor: str) -> str:
        """Return a vendor's base URL; for Paradime the GraphQL endpoint."""
        return self._server.url + self._emulator.catalogue.contracts[vendor].base_path

    def credential(self, vendor: str, rights: str) -> dict[str, Any]:
        """Return the first credential with these rights: "full", "read" or "expired"."""
        for credential in self._emulator.sandboxes.default.credentials[vendor].values():
            if ("expired" if expired(credential, datetime.now(UTC)) else credential["rights"]) == rights:
                return credential
        raise LookupError(f"{vendor} has no credential with rights {rights!r}")

    def headers(self, vendor: str, rights: str | None = "full") -> dict[str, str]:
        """Return the headers that a client with these rights sends; none for None."""
        return {} if rights is None else self.catalogue.vendors[vendor].present(self.credential(vendor, rights))

    def call(
        self, vendor: str, method: str, path: str = "", *, rights: str | None = "full", **options: Any
    ) -> httpx.Response:
        """Make one call; `options` are those of httpx, such as `headers`."""
        headers = {**self.headers(vendor, rights), **(options.pop("headers", None) or {})}
        graphql = self.catalogue.contracts[vendor].graphql
        # Paradime's base URL is its GraphQL endpoint; other paths are beside it.
        url = (
            self.url(vendor).removesuffix("/graphql")
            if graphql is not None and path.startswith("/")
            else self.url(vendor)
        )
        return self._client.request(method, url + path, headers=headers, **options)

    def call_as_written(self, vendor: str, path: str, *, rights: str | None = "full") -> httpx.Response:
        """Get a path that httpx would correct ("/%zz")."""
        target = (httpx.URL(self.url(vendor)).path + path).encode()
        return self.call(vendor, "GET", rights=rights, extensions={"target": target})

    def exchanges(self) -> list[Exchange]:
        """Return what is in the journal, oldest first."""
        return list(self._emulator.sandboxes.default.journal)

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return the records of a collection: `records("secoda.resources")`."""
        vendor = name.partition(".")[0]
        collection = next(one for one in self.catalogue.vendors[vendor].collections if one.name == name)
        sandbox = self._emulator.sandboxes.default
        return self._server.run(lambda: sandbox.run(vendor, lambda world: world[collection].all()))

    def switch(self, name: str, value: object) -> None:
        """Set a vendor's switch for this test: `switch("celigo.empty_list_status", 204)`."""
        vendor, switch, chosen = parse_switch(f"{name}={value}", self.catalogue.contracts)
        self.sandbox.set_switches(vendor, {switch: chosen})

    def strict(self, on: bool | None) -> None:
        """Turn strict mode of the sandbox on or off; None: use the setting's value."""
        self.sandbox.options = replace(self.sandbox.options, strict=on)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that is called."""
        return self._emulator.sandboxes.default

    @property
    def sandboxes(self) -> Sandboxes:
        return self._emulator.sandboxes

    @property
    def clock(self) -> Clock:
        """The sandbox's clock."""
        return self.sandbox.clock

    @property
    def scenarios(self) -> Mapping[str, Scenario]:
        """All scenarios by full name."""
        return self._emulator.scenarios

    def scenario(self, pattern: str, on: bool = True) -> None:
        """Switch scenarios on or off: `scenario("celigo/outage")`, `scenario("*/outage")`."""
        for scenario in self._emulator.scenarios_named(pattern):
            switch = self.sandbox.switch_on if on else self.sandbox.switch_off
            self.run(partial(switch, scenario))

    def fault(self, document: Record) -> Fault:
        """Arm a fault. Raises ConfigurationError for one that could never apply to a call."""
        fault = fault_of(document, self.sandbox.faults.next_id())
        violations = own_contract().schema("fault.schema.json").violations(document, "body")
        assert not violations, violations
        check_fault(fault, self.catalogue.contracts)
        self.sandbox.faults.add(fault)
        return fault

    def reset(self) -> None:
        """Reset the sandbox."""
        self.run(self._emulator.reset)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await `work()` where the emulator runs."""
        return self._server.run(work)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return read_catalogue()


@pytest.fixture(scope="session")
def _server(catalogue: Catalogue) -> Iterator[ThreadedServer]:
    with ThreadedServer(Emulator(read_settings({"port": 0, "access_log": False}), catalogue)) as server:
        yield server


@pytest.fixture(scope="session")
def _client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture
def emulator(_server: ThreadedServer, _client: httpx.Client) -> Iterator[EmulatorUnderTest]:
    """A running emulator with a fresh sandbox. Fails the test if a reply violates its contract."""
    yield from fresh(_server, _client)


def fresh(server: ThreadedServer, client: httpx.Client) -> Iterator[EmulatorUnderTest]:
    """Give one test a server with a fresh sandbox."""
    server.run(server.server.emulator.reset)
    under_test = EmulatorUnderTest(server, client)
    yield under_test
    # A reset keeps this setting.
    under_test.strict(None)
    broken = [(exchange.operations, exchange.reply_violations) for exchange in under_test.exchanges()]
    assert not [entry for entry in broken if entry[1]]


@pytest.fixture
def lines(emulator: EmulatorUnderTest) -> Iterator[list[Exchange]]:
    """The exchanges that the journal recorded, oldest first."""
    told: list[Exchange] = []
    emulator.sandbox.journal.on_record = told.append
    yield told
    emulator.sandbox.journal.on_record = None
