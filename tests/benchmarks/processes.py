"""Servers as separate processes: start, wait until ready, measure, stop."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.benchmarks.connection import Connection, Request, WrongResponse

REPOSITORY = Path(__file__).parent.parent.parent
PATIENCE = 120.0
"""Seconds after which a server that is not ready counts as failed."""


class NotStarted(Exception):
    """A server did not become ready; the message contains its output."""


class Process:
    """A running server. A context manager that stops it."""

    def __init__(
        self, command: Sequence[str], port: int, folder: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "output.log"
        self._started = time.perf_counter()
        with self._log.open("wb") as log:
            self._popen = subprocess.Popen(
                command, cwd=folder, env={**_environ(), **(environ or {})}, stdout=log, stderr=subprocess.STDOUT
            )

    def wait_for(self, ready: Request) -> float:
        """Return the seconds from the start until the expected response to `ready`. Raises NotStarted."""
        while time.perf_counter() - self._started < PATIENCE:
            if self._popen.poll() is not None:
                raise NotStarted(f"it ended with {self._popen.returncode}: {self._last_words()}")
            connection = Connection(self.port)
            try:
                connection.check(ready)
            except (OSError, http.client.HTTPException, WrongResponse):
                time.sleep(0.001)
            else:
                return time.perf_counter() - self._started
            finally:
                connection.close()
        raise NotStarted(f"no expected response to {ready.method} {ready.path}: {self._last_words()}")

    def resident_bytes(self) -> int:
        """Return the memory that the process uses now."""
        printed = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self._popen.pid)], capture_output=True, text=True, check=True
        )
        return int(printed.stdout) * 1024

    def processor_seconds(self) -> float:
        """Return the processor time of the process, all threads together; on Linux only."""
        fields = Path(f"/proc/{self._popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def main_thread_seconds(self) -> float:
        """Return the processor time of the main thread; on Linux only (proc(5), schedstat), 0 elsewhere."""
        file = Path(f"/proc/{self._popen.pid}/task/{self._popen.pid}/schedstat")
        return int(file.read_text().split()[0]) / 1e9 if file.exists() else 0.0

    def stop(self) -> None:
        """Terminate the process; kill it if that does not help."""
        self._popen.terminate()
        try:
            self._popen.wait(10)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-500:].strip() or "it printed nothing"

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def free_port() -> int:
    """Return a free port."""
    with contextlib.closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environ() -> dict[str, str]:
    """Return a user's environment: without our settings, and Python may write its compiled files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(REPOSITORY)}
