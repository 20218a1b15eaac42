"""`make soak`: each kind of hostile client beside well-behaved ones; prints a table of their effects on the process."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from tests.soak.emulator import MEMORY_LIMIT, Emulator
from tests.soak.kinds import KINDS, Hostile

MOST_SECONDS = 0.25
"""The longest time that a response of /_emulator/health may take on a quiet machine."""

QUIET_SECONDS = 0.03
"""A machine is quiet if no response takes longer with only the neighbours running, both before and after."""

CALM_SECONDS = 1.0
RETURNED = 300 * 1024**2
"""How much more memory may stay resident at the end: the journals, and what the allocator keeps."""

NEIGHBOURS = 2


@dataclass
class Row:
    """The effects of one kind of client."""

    name: str
    seconds: float
    wait: float
    own_wait: float
    peak: int
    left: int
    responses: str
    is_quiet: bool = False
    problems: list[str] = field(default_factory=list)


class Watcher:
    """A process whose output is read line by line. A context manager that stops it."""

    def __init__(self, module: str, *arguments: object) -> None:
        self.lines: list[str] = []
        command = [sys.executable, "-m", module, *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.strip())

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join(5)


def waits(health: Watcher, since: float) -> list[tuple[float, float]]:
    """Return the response times since a time: in total, and without waiting for a processor."""
    found = []
    for line in health.lines:
        asked, took, stolen = map(float, line.split())
        if asked + took >= since:
            found.append((took if took >= 0 else float("inf"), took - stolen if took >= 0 else float("inf")))
    return found


def is_quiet(health: Watcher) -> bool:
    """Return whether the machine is idle for a moment."""
    since = time.monotonic()
    time.sleep(CALM_SECONDS)
    return max((one[0] for one in waits(health, since)), default=0.0) <= QUIET_SECONDS


def run_kind(name: str, emulator: Emulator, health: Watcher, neighbours: list[Watcher]) -> Row:
    """Run one kind of client and return its effects on the others."""
    emulator.forget_peak()
    quiet_before = is_quiet(health)
    counts = [len(neighbour.lines) for neighbour in neighbours]
    started = time.monotonic()
    httpx.post(f"{emulator.url}/_emulator/sandboxes", json={"name": "hostile"}, timeout=300)
    hostile = Hostile(emulator)
    problems = []
    try:
        KINDS[name](hostile)
    except (httpx.HTTPError, OSError, KeyError, ValueError) as problem:
        problems.append(f"the hostile client: {type(problem).__name__}: {problem}"[:300])
    hostile.client.close()
    if not emulator.lives():
        return Row(name, time.monotonic() - started, 0, 0, 0, 0, "", problems=["the process has ended"])
    ended = time.monotonic()
    quiet = is_quiet(health) and quiet_before
    found = waits(health, started)
    peak = emulator.peak()
    if peak > MEMORY_LIMIT:
        problems.append(f"{peak // 10**6} MB were resident")
    if any(500 <= status < 600 and status not in (503, 507) for status in hostile.statuses):
        problems.append("a response with status 500")
    for neighbour, count in zip(neighbours, counts, strict=True):
        problems += [line for line in neighbour.lines[count:] if line != "ok"][:3]
    httpx.delete(f"{emulator.url}/_emulator/sandboxes/hostile", timeout=300)
    responses = ", ".join(
        f"{count} of {status}" for status, count in sorted(Counter(hostile.statuses).items()) if status
    )
    wait, own = max(one[0] for one in found), max(one[1] for one in found)
    return Row(name, ended - started, wait, own, peak, emulator.resident(), responses, quiet, problems)


def main() -> int:
    """Run all kinds, or the named ones. Return 1 after a problem."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--only", default="", help="only kinds whose name contains this text")
    parser.add_argument("--strict-times", action="store_true", help="apply the bound to total times, on any machine")
    options = parser.parse_args()
    names = [name for name in KINDS if options.only.lower() in name.lower()]
    print("| client | seconds | health waits at most, s | without others' work | peak, MB | left, MB | responses |")
    print("|---|---|---|---|---|---|---|", flush=True)
    problems = []
    with Emulator() as emulator, Watcher("tests.soak.health", emulator.port, emulator.pid) as health:
        others = [Watcher("tests.soak.neighbours", emulator.url, number) for number in range(NEIGHBOURS)]
        try:
            while emulator.lives() and not all(len(other.lines) > 2 for other in others):
                time.sleep(0.1)  # for imports at first use
            before = emulator.resident()
            for name in names:
                row = run_kind(name, emulator, health, others)
                held = row.wait if options.strict_times else row.own_wait if row.is_quiet else 0.0
                if held > MOST_SECONDS:
                    row.problems.append(f"health waited {held:.2f} s")
                print(
                    f"| {row.name} | {row.seconds:.1f} | {row.wait:.2f}{'' if row.is_quiet else ' (busy)'}"
                    f" | {row.own_wait:.2f} | {row.peak / 10**6:.0f} | {row.left / 10**6:.0f} | {row.responses} |",
                    flush=True,
                )
                problems += [f"{row.name}: {problem}" for problem in row.problems]
                for problem in row.problems:
                    print(f"    {problem}", flush=True)
                if not emulator.lives():
                    break
            left = emulator.resident()
            if emulator.lives() and left - before > RETURNED:
                problems.append(f"{left // 10**6} MB stay resident, {before // 10**6} before")
            rounds = sum(len(other.lines) for other in others)
            wrong = sum(line != "ok" for other in others for line in other.lines)
            print(
                f"\nNeighbours: {rounds} rounds, {wrong} wrong. "
                f"Resident: {before // 10**6} MB before, {left // 10**6} MB after."
            )
            log = emulator.log()
            if "Traceback" in log:
                problems.append("a traceback in the log")
                print(log[-3000:])
        finally:
            for other in others:
                other.__exit__()
    for problem in problems:
        print(f"PROBLEM: {problem}", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
