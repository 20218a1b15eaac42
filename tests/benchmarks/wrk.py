"""Load from another process: wrk with 16 connections that are kept alive."""

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
    """wrk could not do its work; the message says why."""


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw; times in seconds. `refused` counts answers of 400 and above, `broken` connections."""

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
    """Return whether wrk is on this machine."""
    return shutil.which("wrk") is not None


def run(url: str, request: Request, seconds: int, folder: Path) -> Load:
    """Send one request over and over. `folder` takes a file with its body. Raises WrkFailed, also for errors."""
    return _run_right("load.lua", url + request.path, request, (), seconds, folder)


def run_sharded(url: str, request: Request, sandboxes: int, seconds: int, folder: Path) -> Load:
    """Send one request to the sandboxes shard-1, shard-2 … in turn. Raises WrkFailed, also for errors."""
    return _run_right("sharded.lua", url + request.path, request, (str(sandboxes),), seconds, folder)


def _run_right(script: str, url: str, request: Request, given: Sequence[str], seconds: int, folder: Path) -> Load:
    headers = [word for name, value in request.headers.items() for word in ("-H", f"{name}: {value}")]
    given = [*given, request.method]
    if request.body:
        body = folder / "body"
        body.write_bytes(request.body)
        given.append(str(body))
    load = _run([*headers, "-s", str(HERE / script), url, "--", *given], seconds)
    if load.refused or load.broken:
        raise WrkFailed(
            f"{request.method} {url}: of {load.requests} answers {load.refused} were errors,"
            f" {load.broken} connections broke"
        )
    return load


def run_mixed(url: str, seconds: int, first: int) -> Load:
    """Send calls of which none is like another, numbered from `first`; most of them are refused."""
    return _run(["-s", str(HERE / "mixed.lua"), url, "--", str(first)], seconds)


def _run(words: Sequence[str], seconds: int) -> Load:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WrkFailed(f"wrk: {(done.stderr or done.stdout).strip()}")
    return parse(done.stdout)


def parse(output: str) -> Load:
    """Read what our scripts make wrk print last. Raises WrkFailed if it is not there, or no request was answered."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise WrkFailed(f"wrk printed no figures: {output.strip()!r}")
    seen = json.loads(lines[-1])
    if not seen["requests"]:
        raise WrkFailed("wrk got no answer at all")
    million = 1_000_000
    return Load(
        seen["requests"],
        seen["microseconds"] / million,
        seen["p50"] / million,
        seen["p99"] / million,
        seen["refused"],
        seen["broken"],
    )
