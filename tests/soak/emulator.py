"""The emulator as a separate process, and its figures from the operating system (Linux)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

MEMORY_LIMIT = 1024**3
"""The limit of resident memory: the peak, as RLIMIT_AS would count memory that threads and arenas only reserve."""


class Emulator:
    """`emulator serve` with TLS, at free ports. A context manager that stops it."""

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="soak-")
        self._log = Path(self._folder.name) / "log"
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--tls", "auto", "--tls-port", "0"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EMULATOR_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--access-log", "false", *options],
                env={**kept, "XDG_DATA_HOME": self._folder.name, "PYTHONUNBUFFERED": "1"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.url = self.tls_url = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            for word in line.split():
                if word.startswith("https://127.0.0.1"):
                    self.tls_url = word
                elif word.startswith("http://127.0.0.1") and not self.url:
                    self.url = "/".join(word.split("/")[:3])
            if line == "Ready.\n":
                break

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def tls_port(self) -> int:
        return int(self.tls_url.rpartition(":")[2])

    def lives(self) -> bool:
        return self._process.poll() is None

    def resident(self) -> int:
        """Return the resident bytes now, 0 if the process has ended."""
        return self._status("VmRSS")

    def peak(self) -> int:
        """Return the most resident bytes since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def _status(self, name: str) -> int:
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def waits_for_processor(pid: int) -> dict[str, int]:
    """Return for how many nanoseconds each thread was ready to run but had no processor (proc(5), schedstat)."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found[task.name] = int((task / "schedstat").read_text().split()[1])
        except OSError:  # a thread that has ended meanwhile
            continue
    return found
