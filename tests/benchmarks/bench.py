"""What the measurements share: the plan, the peers, and the running servers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import emulator
from tests.benchmarks.asked import EMULATOR
from tests.benchmarks.connection import Connection, Request, WrongResponse
from tests.benchmarks.emulator import Sample
from tests.benchmarks.figures import Figure
from tests.benchmarks.peers import Peer
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import NotStarted, Process, free_port

CHECKED = 20
"""How many requests of a work are checked before it is measured."""

Cycle = Callable[[Connection], float]
"""Makes a few calls and returns their time in seconds."""


@dataclass
class Bench:
    """`tell` reports progress, `missing` says why a peer was not measured, `folder` takes all files."""

    plan: Plan
    sample: Sample
    peers: Sequence[Peer]
    folder: Path
    tell: Callable[[str], None]
    missing: dict[str, str]

    def emulator(self, name: str, fixtures: Path | None = None) -> Process:
        """Start an emulator in a folder of that name."""
        return emulator.start(self.folder / name, fixtures)

    def medians(self, cycles: Mapping[str, tuple[Process, Cycle]]) -> dict[str, Figure]:
        """Make cycles on one connection to each process, in alternating rounds; a round's figure is its median."""
        rounds: dict[str, list[float]] = {name: [] for name in cycles}
        with ExitStack() as stack:
            connections = {
                name: stack.enter_context(closing(Connection(process.port))) for name, (process, _) in cycles.items()
            }
            for number in range(self.plan.rounds + 1):
                for name, (_, cycle) in cycles.items():
                    times = [cycle(connections[name]) for _ in range(self.plan.cycles)]
                    if number > 0:  # the first round warms up
                        rounds[name].append(statistics.median(times))
        return {name: Figure.of("s", times) for name, times in rounds.items()}


@dataclass(frozen=True)
class Target:
    """A running server, its requests, and how to undo their changes."""

    name: str
    process: Process
    works: Mapping[str, Sequence[Request]]
    refresh: Request | None
    fresh_world: Sequence[Request]
    warm_up: int

    def refreshed(self) -> None:
        """Undo the changes of a round."""
        if self.refresh:
            with closing(Connection(self.process.port)) as connection:
                connection.send(self.refresh)

    def check(self) -> None:
        """Send the first requests of each work once. Raises WrongResponse."""
        with closing(Connection(self.process.port)) as connection:
            for requests in self.works.values():
                for request in requests[:CHECKED]:
                    connection.check(request)
        self.refreshed()


def start_all(bench: Bench, stack: ExitStack) -> list[Target]:
    """Start the emulator, then every peer; a peer that returns a wrong response counts as missing."""
    process = stack.enter_context(bench.emulator("emulator", emulator.many_integrations(bench.folder / "many")))
    targets = [Target(EMULATOR, process, bench.sample.works, emulator.RESET, (), 0)]
    targets[0].check()
    for peer in bench.peers:
        bench.tell(f"starting {peer.name}")
        try:
            targets.append(_start(peer, stack))
        except (NotStarted, WrongResponse) as reason:
            bench.missing[peer.name] = str(reason)
    return targets


def _start(peer: Peer, stack: ExitStack) -> Target:
    port = free_port()
    process = stack.enter_context(Process(peer.command(port), port, peer.folder))
    process.wait_for(peer.ready)
    with closing(Connection(port)) as connection:
        for request in peer.fill:
            connection.send(request)
    target = Target(peer.name, process, peer.works, peer.refresh, peer.fresh_world, peer.warm_up)
    target.check()
    return target
