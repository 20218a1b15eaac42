"""A client of the control API: steers a running emulator, wherever it runs, with the standard library only.

Its calls block until they are answered, in the time of a few milliseconds: fine in a test, asynchronous or not,
as long as the emulator does not run in the same event loop.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import SplitResult, quote, urlencode, urlsplit

ROOT = "/_emulator"
TIMEOUT = 60.0
PAUSE = 0.05
"""How long between two questions whether it is ready."""
ANSWER = 1.0
"""How long such a question may take, though the time for waiting is over."""
PAGE = 10_000
"""How many records are asked for at once: as many as the control API gives."""

Document: TypeAlias = dict[str, Any]
ClockSetting: TypeAlias = str | datetime | Mapping[str, Any]


class EmulatorError(Exception):
    """The emulator refused a call, or did not answer: str() is its own sentence.

    `status` is the HTTP status, 0 if there was no answer.
    """

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.status = status


class Client:
    """A running emulator at `url` ("http://127.0.0.1:4070"); `token` is its setting control_token, if it has one.

    Threads may share it. A context manager: at its end the connections are closed.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        parts = _parse(self.url)
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._address = str(parts.hostname), parts.port
        self._prefix = parts.path + ROOT
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._idle: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def create_sandbox(
        self,
        name: str | None = None,
        *,
        seed: int | None = None,
        scenarios: Sequence[str] = (),
        clock: ClockSetting | None = None,
        fixtures: str | None = None,
        flags: Mapping[str, Any] | None = None,
        strict: bool | None = None,
    ) -> SandboxClient:
        """Make a sandbox and return it; what is left out is as the emulator's settings have it.

        `name` is a random one if left out, `scenarios` are on from the beginning ("secoda/flaky", "*/outage"),
        `clock` is a time from which the clock runs, or {"now": …, "frozen": …}, `fixtures` a folder (as the
        emulator sees it) laid over its own, `flags` are vendors' switches ({"celigo.empty_list_status": 204}).
        `strict` refuses what the vendors are tolerant of. Raises EmulatorError for what cannot be.
        """
        wanted: Document = {
            "name": name,
            "seed": seed,
            "scenarios": list(scenarios),
            "clock": None if clock is None else _clock_change(clock),
            "fixtures": fixtures,
            "flags": dict(flags or {}),
            "strict": strict,
        }
        body = {key: value for key, value in wanted.items() if value not in (None, [], {})}
        return SandboxClient(self, self.request("POST", "/sandboxes", body))

    def sandbox(self, name: str = "default") -> SandboxClient:
        """Return a sandbox that is there. Raises EmulatorError, naming those there are."""
        return SandboxClient(self, self.request("GET", f"/sandboxes/{_quoted(name)}"))

    def sandboxes(self) -> list[str]:
        """Return the names of the sandboxes, in the order in which they were made."""
        return [sandbox["name"] for sandbox in self.request("GET", "/sandboxes")["sandboxes"]]

    def operations(self) -> list[Document]:
        """Return every emulated operation: vendor, operation, method, path, summary, evidence, statuses."""
        operations: list[Document] = self.request("GET", "/operations")["operations"]
        return operations

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until the emulator is ready. Raises EmulatorError if it is not within `seconds`."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            try:
                self.send("GET", "/ready", seconds=max(ANSWER, min(left, TIMEOUT)))
            except EmulatorError as problem:
                if left <= PAUSE:
                    raise EmulatorError(f"{self.url} is not ready after {seconds:g} s: {problem}") from None
                time.sleep(PAUSE)
            else:
                return

    def request(self, method: str, path: str, document: object = None, query: Mapping[str, Any] | None = None) -> Any:
        """Call the control API (`path` is what follows /_emulator) and return its JSON, None if it has no body.

        Raises EmulatorError with the `detail` of the problem that it answers.
        """
        body = None if document is None else json.dumps(document).encode()
        content = self.send(method, f"{path}{_query(query)}", body)
        return json.loads(content) if content else None

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "application/json",
        seconds: float = TIMEOUT,
    ) -> bytes:
        """Call the control API and return the body of its answer, which may take so many seconds.

        Raises EmulatorError with the `detail` of the problem that it answers.
        """
        headers = self._headers if body is None else {**self._headers, "Content-Type": content_type}
        status, content = self._exchange(method, self._prefix + path, body, headers, seconds)
        if status >= 300:
            raise EmulatorError(_detail(status, content, f"{method} {self.url}{ROOT}{path.partition('?')[0]}"), status)
        return content

    def close(self) -> None:
        """Close the connections; another call opens new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], seconds: float
    ) -> tuple[int, bytes]:
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            kept.sock.settimeout(seconds)
            # The server may have closed it meanwhile, which shows only now: then a new one is tried.
            with suppress(OSError, HTTPException):
                return self._exchange_on(kept, method, target, body, headers)
        host, port = self._address
        try:
            return self._exchange_on(self._connect(host, port, timeout=seconds), method, target, body, headers)
        except (OSError, HTTPException) as problem:
            raise EmulatorError(
                f"No emulator answers at {self.url}: {str(problem) or type(problem).__name__}."
            ) from None

    def _exchange_on(
        self, connection: HTTPConnection, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        try:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        self._keep(connection, response)
        return response.status, content

    def _keep(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        if response.will_close:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)


@dataclass(frozen=True)
class Credential:
    """One credential: `headers` are what a client sends that presents it."""

    id: str
    user: str | None
    rights: str | None
    expired: bool
    headers: Mapping[str, str]


class Credentials(Mapping[str, Credential]):
    """A vendor's credentials in a sandbox, by rights: "full", "read" (may only read) and "expired"."""

    def __init__(self, every: Sequence[Credential]) -> None:
        self.every = every
        self._by_rights: dict[str, Credential] = {}
        for credential in every:
            self._by_rights.setdefault("expired" if credential.expired else str(credential.rights), credential)

    def __getitem__(self, rights: str) -> Credential:
        if rights not in self._by_rights:
            raise KeyError(f"there is no credential with the rights {rights!r}; there are {', '.join(self)}")
        return self._by_rights[rights]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_rights)

    def __len__(self) -> int:
        return len(self._by_rights)


@dataclass(frozen=True)
class VendorAccess:
    """How to call a vendor in a sandbox.

    `url` is what the vendor's documentation calls the base URL (of a GraphQL vendor its endpoint), `headers`
    are those of a credential with full rights, `hosts` the vendor's own names.
    """

    name: str
    title: str
    url: str
    headers: Mapping[str, str]
    credentials: Credentials
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Violation:
    """A place where a call or a reply (`of`) departs from the contract; `rule` is the JSON Schema keyword."""

    of: str
    place: str
    pointer: str
    rule: str
    sentence: str


@dataclass(frozen=True)
class Exchange:
    """One call and its reply, as the journal keeps them: credentials are masked.

    `operations` is empty for a call that no operation matches, then `near_misses` tells, in sentences, what
    nearly did. `status` is 0 if the connection was broken off, `body` and `reply_body` are None where there is
    none or it is no text. `document` is all that the journal holds.
    """

    id: int
    time: datetime
    vendor: str
    operations: tuple[str, ...]
    method: str
    url: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: str | None
    status: int
    reply_body: str | None
    faults: tuple[str, ...]
    violations: tuple[Violation, ...]
    near_misses: tuple[str, ...]
    seconds: float
    document: Mapping[str, Any]

    @property
    def json(self) -> Any:
        """The call's body, parsed. Raises ValueError if it is no JSON."""
        return json.loads(self.body or "")

    @property
    def reply_json(self) -> Any:
        """The reply's body, parsed. Raises ValueError if it is no JSON."""
        return json.loads(self.reply_body or "")


def exchange_of(document: Mapping[str, Any]) -> Exchange:
    """Return an exchange as the control API describes it."""
    call, reply = document["call"], document["reply"] or {}
    return Exchange(
        id=document["id"],
        time=_time(document["time"]),
        vendor=document["vendor"],
        operations=tuple(document["operations"]),
        method=call["method"],
        url=call["url"],
        path=call["path"],
        query=tuple((name, value) for name, value in call["query"]),
        body=call["body"],
        status=reply.get("status", 0),
        reply_body=reply.get("body"),
        faults=tuple(document["faults"]),
        violations=tuple(Violation(**violation) for violation in document["violations"]),
        near_misses=tuple(f"{near['operation']}: {near['sentence']}" for near in document["near_misses"]),
        seconds=document["seconds"],
        document=document,
    )


class SandboxClient:
    """One sandbox: a world of its own. A vendor is an attribute: `sandbox.secoda.url`.

    A context manager: at its end the sandbox is dropped.
    """

    def __init__(self, client: Client, document: Mapping[str, Any]) -> None:
        self.client = client
        self.name: str = document["name"]
        self.seed: int = document["seed"]
        self.vendors: Mapping[str, VendorAccess] = vendors_of(document)
        self.clock = ClockClient(self)
        self.journal = JournalClient(self)
        self.flags = Flags(self)
        self._until_dropped = ExitStack()

    def __repr__(self) -> str:
        return f"<sandbox {self.name} at {self.client.url}>"

    def __getattr__(self, name: str) -> VendorAccess:
        """Return a vendor. Raises AttributeError, naming those there are."""
        vendors: Mapping[str, VendorAccess] = self.__dict__.get("vendors", {})
        if name not in vendors:
            raise AttributeError(f"a sandbox has no {name!r}; its vendors are {', '.join(vendors)}")
        return vendors[name]

    def __enter__(self) -> SandboxClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def request(
        self, method: str, path: str = "", document: object = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        """Call the control API of this sandbox (`path` is what follows its name) and return its JSON."""
        return self.client.request(method, f"/sandboxes/{_quoted(self.name)}{path}", document, query)

    def scenario(self, name: str) -> ScenarioClient:
        """Switch a scenario on ("secoda/rate-limited"; "*/outage" is every vendor's) and return it.

        With `with`, it is switched off at the end of the block. Raises EmulatorError, naming those there are.
        """
        return ScenarioClient(self, name)

    def scenarios(self) -> dict[str, bool]:
        """Return all scenarios by name, and whether they are on."""
        listed = self.request("GET", "/scenarios")["scenarios"]
        return {f"{scenario['vendor']}/{scenario['name']}": scenario["active"] for scenario in listed}

    def fault(
        self,
        *,
        vendor: str,
        operation: str | Sequence[str] | None = None,
        status: int | None = None,
        only: str | None = None,
        when: Mapping[str, Any] | None = None,
        commit: str | None = None,
        reply: Mapping[str, Any] | None = None,
        delay: Mapping[str, Any] | None = None,
        connection: str | None = None,
        graphql: Mapping[str, Any] | None = None,
        force: bool | None = None,
    ) -> FaultClient:
        """Arm a fault and return it; with `with`, it is disarmed at the end of the block.

        `operation` is a name, a glob or a list of these (left out: every operation), `when` says which calls
        ({"times": 2}), `status` is short for reply={"status": …}. The rest is as `/_emulator/docs` has it:
        reply {status, body, headers}, delay {"fixed": seconds}, connection "reset", "close", "truncate" or
        "drip", graphql {"errors": […]}, commit "after" to keep what the call wrote. Raises EmulatorError for a
        fault that could never spoil a call.
        """
        if status is not None:
            reply = {"status": status, **(reply or {})}
        wanted: Document = {
            "vendor": vendor,
            "operation": operation if operation is None or isinstance(operation, str) else list(operation),
            "only": only,
            "when": when,
            "commit": commit,
            "reply": reply,
            "delay": delay,
            "connection": connection,
            "graphql": graphql,
            "force": force,
        }
        armed = self.request("POST", "/faults", {key: value for key, value in wanted.items() if value is not None})
        return FaultClient(self, armed["id"])

    def state(self, collection: str) -> CollectionClient:
        """Return the records of a collection: `state("secoda.integrations")`."""
        return CollectionClient(self, collection)

    def collections(self) -> dict[str, int]:
        """Return the collections by name, and how many records each has."""
        listed = self.request("GET", "/state")["collections"]
        return {collection["collection"]: collection["records"] for collection in listed}

    def snapshot(self, name: str | None = None) -> Snapshot:
        """Keep the sandbox's records under a name (left out: a random one) and return the snapshot."""
        kept = self.request("POST", "/snapshots", {"name": name or f"snapshot-{secrets.token_hex(4)}"})
        return Snapshot(self, kept["name"], kept["bytes"])

    def snapshots(self) -> list[Snapshot]:
        """Return the sandbox's snapshots."""
        return [Snapshot(self, kept["name"], kept["bytes"]) for kept in self.request("GET", "/snapshots")["snapshots"]]

    def download_snapshot(self, name: str) -> bytes:
        """Return a snapshot as a SQLite file."""
        return self.client.send("GET", f"/sandboxes/{_quoted(self.name)}/snapshots/{_quoted(name)}")

    def upload_snapshot(self, name: str, file: bytes) -> Snapshot:
        """Keep a SQLite file, as download_snapshot returns it, under a name and return the snapshot."""
        path = f"/sandboxes/{_quoted(self.name)}/snapshots/{_quoted(name)}"
        kept = json.loads(self.client.send("PUT", path, file, "application/vnd.sqlite3"))
        return Snapshot(self, kept["name"], kept["bytes"])

    def restore(self, snapshot: Snapshot | str) -> None:
        """Put a snapshot's records in the place of the sandbox's. Faults, scenarios, clock and journal stay."""
        name = snapshot if isinstance(snapshot, str) else snapshot.name
        self.request("POST", f"/snapshots/{_quoted(name)}/restore")

    def verify(
        self,
        operation: str,
        *,
        vendor: str | None = None,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        status: int | None = None,
    ) -> list[Exchange]:
        """Assert that an operation was called, at least once if nothing else is said; return those exchanges.

        Only calls count that have these values: `path` and `query` by parameter ({"page": 2}), `body` by JSON
        pointer ({"/name": "Sales"}), `status` the reply's (0: the connection was broken off). Raises
        AssertionError that tells what was expected and what came near, EmulatorError for an operation that is none.
        """
        where = {"path": path, "query": query, "body": body, "status": status}
        wanted: Document = {
            "operation": operation,
            "vendor": vendor,
            "count": count,
            "at_least": at_least,
            "at_most": at_most,
            "where": {key: value for key, value in where.items() if value is not None},
        }
        body_sent = {key: value for key, value in wanted.items() if value is not None}
        verdict = self.request("POST", "/journal/verify", body_sent)
        if not verdict["passed"]:
            raise AssertionError(_failure(verdict))
        return [self.journal.get(id) for id in verdict["exchanges"]]

    def patch_dns(self) -> ExitStack:
        """Point the vendors' own names (https://api.secoda.co) at this sandbox, for clients in this process.

        It holds until the `with` block ends, if there is one, else until the sandbox is dropped (after the test).
        requests, httpx, aiohttp and urllib are led here, TLS trusted. Raises EmulatorError if the emulator has no
        certificates (setting tls=auto).
        """
        from emulator.errors import ConfigurationError  # noqa: PLC0415 - with the next line
        from emulator.interception import patch_dns  # noqa: PLC0415 - few need it, and it imports asyncio and ssl

        hosts = [host for vendor in self.vendors.values() for host in vendor.hosts]
        patch = ExitStack()
        try:
            patch.enter_context(patch_dns(self.client.url, hosts, sandbox=self.name))
        except ConfigurationError as problem:
            raise EmulatorError(str(problem)) from None
        self._until_dropped.push(patch)
        return patch

    def reset(self) -> None:
        """Make the sandbox as it was when it was made: records, clock, faults, scenarios, flags, an empty journal."""
        self.journal.leave()
        self.request("POST", "/reset")

    def drop(self) -> None:
        """Drop the sandbox; one that is gone already stays so."""
        self._until_dropped.close()
        try:
            self.request("DELETE")
        except EmulatorError as problem:
            if problem.status != 404:
                raise


class ScenarioClient:
    """A scenario that is on in a sandbox. A context manager: at its end it is off."""

    def __init__(self, sandbox: SandboxClient, name: str) -> None:
        vendor, _, scenario = name.partition("/")
        self.name = name
        self._sandbox = sandbox
        self._path = f"/scenarios/{_quoted(vendor)}/{_quoted(scenario)}"
        sandbox.request("PUT", self._path)

    def __enter__(self) -> ScenarioClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.off()

    def off(self) -> None:
        """Switch it off. Records that it has changed stay as they are."""
        self._sandbox.request("DELETE", self._path)


class FaultClient:
    """A fault that is armed in a sandbox. A context manager: at its end it is disarmed."""

    def __init__(self, sandbox: SandboxClient, id: str) -> None:
        self.id = id
        self._sandbox = sandbox

    def __enter__(self) -> FaultClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()

    @property
    def hits(self) -> int:
        """How many calls it has spoilt."""
        hits: int = self._sandbox.request("GET", f"/faults/{_quoted(self.id)}")["hits"]
        return hits

    def disarm(self) -> None:
        """Disarm it; one that is disarmed already stays so."""
        try:
            self._sandbox.request("DELETE", f"/faults/{_quoted(self.id)}")
        except EmulatorError as problem:
            if problem.status != 404:
                raise


class ClockClient:
    """A sandbox's clock."""

    def __init__(self, sandbox: SandboxClient) -> None:
        self._sandbox = sandbox

    @property
    def now(self) -> datetime:
        """The sandbox's time (aware, UTC)."""
        return _time(self._sandbox.request("GET", "/clock")["now"])

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return bool(self._sandbox.request("GET", "/clock")["frozen"])

    def set(self, now: str | datetime | None) -> None:
        """Set it to a time such as "2030-01-01T00:00:00Z", None: the real one. Frozen, it stays frozen."""
        self._change({"now": _written(now)})

    def freeze(self, now: str | datetime | None = None) -> None:
        """Let it stand still, now or at a given time."""
        self._change({"frozen": True} if now is None else {"now": _written(now), "frozen": True})

    def unfreeze(self) -> None:
        """Let it run on."""
        self._change({"frozen": False})

    def advance(self, seconds: float | timedelta) -> None:
        """Move it forward; frozen, it stays frozen."""
        by = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._sandbox.request("POST", "/clock/advance", {"seconds": by})

    def _change(self, change: Document) -> None:
        self._sandbox.request("PUT", "/clock", change)


class JournalClient:
    """What a sandbox has seen: iterating gives its exchanges, oldest first."""

    def __init__(self, sandbox: SandboxClient) -> None:
        self._sandbox = sandbox
        self.left: list[Exchange] = []
        """The exchanges that were there when it was cleared, or the sandbox reset, through this object."""

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.select())

    def __len__(self) -> int:
        return len(self.select())

    def select(
        self,
        *,
        vendor: str | None = None,
        operation: str | None = None,
        status: int | None = None,
        unmatched: bool | None = None,
        violations: bool | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[Exchange]:
        """Return the exchanges that are like all that is given, oldest first.

        `operation` is a name or a glob, `status` 0 finds broken connections, `unmatched` those that no operation
        matches, `violations` those that depart from the contract, `since` only those after an id. `limit` keeps
        the newest ones; with `since` the first ones after it.
        """
        filters = {
            "vendor": vendor,
            "operation": operation,
            "status": status,
            "unmatched": unmatched,
            "violations": violations,
            "since": since,
            "limit": limit,
        }
        found = self._sandbox.request("GET", "/journal", query=filters)["exchanges"]
        return [exchange_of(document) for document in found]

    def get(self, id: int) -> Exchange:
        """Return one exchange. Raises EmulatorError if it is not kept."""
        return exchange_of(self._sandbox.request("GET", f"/journal/{id}"))

    def clear(self) -> None:
        """Forget all exchanges; their numbers go on."""
        self.leave()
        self._sandbox.request("DELETE", "/journal")

    def leave(self) -> None:
        """Keep in `left` what the sandbox is about to forget."""
        self.left += self.select()


class Flags(Mapping[str, Any]):
    """A sandbox's flags, such as "celigo.empty_list_status": read and set like a dictionary's."""

    def __init__(self, sandbox: SandboxClient) -> None:
        self._sandbox = sandbox

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def update(self, values: Mapping[str, Any]) -> None:
        """Set flags; the others stay as they are. Raises EmulatorError for an unknown flag or value: none is set."""
        self._sandbox.request("PATCH", "/flags", dict(values))

    def _all(self) -> Document:
        flags: Document = self._sandbox.request("GET", "/flags")
        return flags


class CollectionClient:
    """The records of one collection, JSON documents; iterating gives them all.

    Its methods raise EmulatorError if there is no such collection.
    """

    def __init__(self, sandbox: SandboxClient, name: str) -> None:
        self.name = name
        self._sandbox = sandbox
        self._path = f"/state/{_quoted(name)}"

    def __iter__(self) -> Iterator[Document]:
        return iter(self.list())

    def __len__(self) -> int:
        total: int = self._page(0, 0)["total"]
        return total

    def list(self) -> list[Document]:
        """Return all records."""
        page = self._page(0, PAGE)
        records: list[Document] = page["records"]
        while len(records) < page["total"] and page["records"]:
            page = self._page(len(records), PAGE)
            records += page["records"]
        return records

    def get(self, id: str | int) -> Document:
        """Return one record. Raises EmulatorError (status 404) if there is none with that id."""
        record: Document = self._sandbox.request("GET", self._record(id))
        return record

    def put(self, record: Mapping[str, Any], *, force: bool = False) -> Document:
        """Put a record there, in the place of the one with its id if there is one; return it.

        Raises EmulatorError if it departs from the collection's schema, unless `force` is set.
        """
        key = self._key()
        if key not in record:
            raise EmulatorError(f"A record of {self.name} needs its {key}.")
        query = {"force": True} if force else None
        written: Document = self._sandbox.request("PUT", self._record(record[key]), dict(record), query)
        return written

    def delete(self, id: str | int) -> None:
        """Remove a record. Raises EmulatorError (status 404) if there is none with that id."""
        self._sandbox.request("DELETE", self._record(id))

    def populate(self, count: int) -> None:
        """Add records that faker makes: with the same seed the same ones."""
        self._sandbox.request("POST", "/state/populate", {"collection": self.name, "count": count})

    def _page(self, skip: int, limit: int) -> Any:
        return self._sandbox.request("GET", self._path, query={"skip": skip, "limit": limit})

    def _record(self, id: str | int) -> str:
        return f"{self._path}/{_quoted(str(id))}"

    def _key(self) -> str:
        listed = self._sandbox.request("GET", "/state")["collections"]
        keys: dict[str, str] = {collection["collection"]: collection["key"] for collection in listed}
        if self.name not in keys:
            raise EmulatorError(f"There is no collection {self.name!r}; there are {', '.join(keys)}.", 404)
        return keys[self.name]


@dataclass(frozen=True)
class Snapshot:
    """A sandbox's records, kept under a name; `bytes` is their size."""

    sandbox: SandboxClient
    name: str
    bytes: int

    def restore(self) -> None:
        """Put them in the place of the sandbox's."""
        self.sandbox.restore(self)


def vendors_of(document: Mapping[str, Any]) -> dict[str, VendorAccess]:
    """Return how to call each vendor, from a sandbox as the control API describes it."""
    return {
        name: VendorAccess(
            name=name,
            title=vendor["title"],
            url=vendor["base_url"],
            headers=vendor["headers"],
            credentials=Credentials([Credential(**credential) for credential in vendor["credentials"]]),
            hosts=tuple(vendor["hosts"]),
        )
        for name, vendor in document["vendors"].items()
    }


def _parse(url: str) -> SplitResult:
    with suppress(ValueError):  # a port that is no number
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    raise EmulatorError(f"{url!r} is no URL of an emulator; write it like http://127.0.0.1:4070.")


def _clock_change(clock: ClockSetting) -> Document:
    if isinstance(clock, Mapping):
        return {**clock, "now": _written(clock["now"])} if "now" in clock else dict(clock)
    return {"now": _written(clock)}


def _written(time: str | datetime | None) -> str | None:
    if not isinstance(time, datetime):
        return time
    if time.tzinfo is None:
        raise EmulatorError(f"{time!r} has no time zone; write datetime(…, tzinfo=UTC).")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _quoted(segment: str) -> str:
    return quote(segment, safe="*")


def _query(query: Mapping[str, Any] | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
    return f"?{urlencode(texts)}" if texts else ""


def _detail(status: int, content: bytes, call: str) -> str:
    """Return what a problem's document says, else that the answer is no emulator's."""
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{call} is answered {status}, and not as an emulator does."


def _failure(verdict: Mapping[str, Any]) -> str:
    near = [f"  exchange {one['id']}: {'; '.join(one['differences'])}" for one in verdict["near_misses"]]
    return "\n".join([verdict["sentence"], *(["nearest:", *near] if near else [])])
