"""The client itself: an emulator, and the sandboxes in it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from emulator.client.api import Api, json_of
from emulator.client.clock import ClockSetting, clock_change
from emulator.client.connections import TIMEOUT, Connections
from emulator.client.sandbox import SandboxClient
from emulator.client.summary import SandboxSummary, summary_of
from emulator.client.urls import quoted
from emulator.errors import EmulatorError

__tracebackhide__ = True

POLL_SECONDS = 0.05
"""How long to wait between two checks whether it is ready."""
ANSWER = 1.0
"""How long such a check may take at least, even at the end of the waiting time."""


class Client(Api):
    """A running emulator at `url` ("http://127.0.0.1:4070"); `token` is its setting control_token, if it has one.

    With a sandbox's own token, only `sandbox()` with its name works. Threads may share it. As a context manager, it
    closes the connections at the end.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        url = str(url).rstrip("/")
        super().__init__(url, Connections(url), {"Authorization": f"Bearer {token}"} if token else {})

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
        from_: str | None = None,
        seed: int | None = None,
        scenarios: Sequence[str] = (),
        clock: ClockSetting | None = None,
        fixtures: str | None = None,
        switches: Mapping[str, Any] | None = None,
        strict: bool | None = None,
        ttl: float | None = None,
        idle: float | None = None,
    ) -> SandboxClient:
        """Create a sandbox and return it; arguments that are left out default to the emulator's settings.

        `name` is a random one if left out. `from_` names a sandbox to copy: its records, switches and clock, with
        credentials of the copy's own; faults, scenarios, journal and snapshots are not copied. `scenarios` are on from
        the beginning ("secoda/flaky", "*/outage"), `clock` is a time from which the clock runs, or
        {"now": …, "frozen": …}, `fixtures` a folder (as the emulator sees it) laid over its own, `switches` are
        vendors' switches ({"celigo.empty_list_status": 204}).
        `strict` refuses what the vendors tolerate. The sandbox is dropped `ttl` seconds after its creation, or `idle`
        seconds after its last call. Raises EmulatorError for invalid arguments.
        """
        others = {"name": name, "from": from_, "seed": seed, "fixtures": fixtures, "ttl": ttl, "idle": idle}
        body = sandbox_request(scenarios=scenarios, clock=clock, switches=switches, strict=strict, **others)
        return SandboxClient(self, self.request("POST", "/sandboxes", body))

    def sandbox(self, name: str = "default") -> SandboxClient:
        """Return an existing sandbox. Raises EmulatorError, naming the known ones."""
        return SandboxClient(self, self.request("GET", f"/sandboxes/{quoted(name)}"))

    def sandboxes(self) -> list[str]:
        """Return the names of the sandboxes, oldest first."""
        return [sandbox["name"] for sandbox in self.request("GET", "/sandboxes")["sandboxes"]]

    def summaries(self) -> list[SandboxSummary]:
        """Return the sandboxes, the oldest first: when each was created and last used, and when it is dropped."""
        return [summary_of(sandbox) for sandbox in self.request("GET", "/sandboxes")["sandboxes"]]

    def operations(self) -> list[dict[str, Any]]:
        """Return every emulated operation: vendor, operation, method, path, summary, evidence, statuses."""
        operations: list[dict[str, Any]] = self.request("GET", "/operations")["operations"]
        return operations

    def assumptions(self) -> list[dict[str, Any]]:
        """Return every switch: switch, decides, default, choices, evidence."""
        switches: list[dict[str, Any]] = self.request("GET", "/assumptions")["switches"]
        return switches

    def wait(self, seconds: float = 30.0) -> None:
        """Wait until the emulator is ready. Raises EmulatorError if it is not ready within `seconds`."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            try:
                self.send("GET", "/ready", seconds=max(ANSWER, min(left, TIMEOUT)))
            except EmulatorError as problem:
                if left <= POLL_SECONDS:
                    raise EmulatorError(f"{self.url} is not ready after {seconds:g} s: {problem}") from None
                time.sleep(POLL_SECONDS)
            else:
                return

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._connections.close()


def sandbox_request(
    *,
    scenarios: Sequence[str] = (),
    clock: ClockSetting | None = None,
    switches: Mapping[str, Any] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return what makes a sandbox, as the control API takes it: without what is left out.

    Raises EmulatorError for a value that JSON does not have.
    """
    wanted = {
        **others,
        "scenarios": scenarios,
        "clock": None if clock is None else clock_change(clock),
        "switches": switches,
    }
    request: dict[str, Any] = json.loads(json_of(wanted))
    return {key: value for key, value in request.items() if value not in (None, [], {})}
