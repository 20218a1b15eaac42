"""What makes calls of a sandbox fail: scenarios and faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.client.urls import quoted
from emulator.errors import EmulatorError

if TYPE_CHECKING:
    from types import TracebackType

    from emulator.client.sandbox import SandboxClient


class ScenarioClient:
    """A scenario that is on in a sandbox. A context manager: at its end it is off."""

    def __init__(self, sandbox: SandboxClient, name: str) -> None:
        vendor, _, scenario = name.partition("/")
        self.name = name
        self._sandbox = sandbox
        self._path = f"/scenarios/{quoted(vendor)}/{quoted(scenario)}"
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
        """How many calls it affected."""
        hits: int = self._sandbox.request("GET", f"/faults/{quoted(self.id)}")["hits"]
        return hits

    def disarm(self) -> None:
        """Disarm it; one that is disarmed already stays so."""
        try:
            self._sandbox.request("DELETE", f"/faults/{quoted(self.id)}")
        except EmulatorError as problem:
            if problem.status != 404:
                raise
