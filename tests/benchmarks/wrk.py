"""Load from another process: wrk with 16 keep-alive connections."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.connection import Request

HERE = Path(__file__).parent
CONNECTIONS = 16


class WrkFailed(Exception):
    """wrk failed; the message says why."""


@dataclass(frozen=True)
class Load:
    """The result of a run of wrk; times in seconds. `refused` counts statuses from 400, `broken` connections."""

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int

    @property
    def per_second(self) -> float:
        """Requests/s."""
        return self.requests / self.seconds


def is_there() -> bool:
    """Return whether wrk is installed."""
    return shutil.which("wrk") is not None


def run(url: str, requests: Sequence[Request], seconds: int, folder: Path) -> Load:
    """Send requests in turn, each with a different number. Writes a file with them into `folder`.

    Raises WrkFailed, also for errors.
    """
    written = [request.written(url.removeprefix("http://")) for request in requests]
    file = folder / "requests"
    file.write_bytes(b"".join(b"%d\n%b" % (len(one), one) for one in written))
    load = _run(["-s", str(HERE / "differing.lua"), url, "--", str(file)], seconds)
    if load.refused or load.broken:
        raise WrkFailed(
            f"{url}: of {load.requests} responses {load.refused} were errors, {load.broken} connections broke"
        )
    return load


def run_unlike(url: str, seconds: int, first: int) -> Load:
    """Send calls that all differ, numbered from `first`; most of them are rejected."""
    return _run(["-s", str(HERE / "unlike.lua"), url, "--", str(first)], seconds)


def _run(words: Sequence[str], seconds: int) -> Load:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WrkFailed(f"wrk: {(done.stderr or done.stdout).strip()}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """Read the last output of wrk, which our scripts print. Raises WrkFailed without output or without responses."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise WrkFailed(f"wrk printed no figures: {output.strip()!r}")
    seen = json.loads(lines[-1])
    if not seen["requests"]:
        raise WrkFailed("wrk got no response at all")
    million = 1_000_000
    return Load(
        seen["requests"],
        seen["microseconds"] / million,
        seen["p50"] / million,
        seen["p99"] / million,
        seen["refused"],
        seen["broken"],
    )
