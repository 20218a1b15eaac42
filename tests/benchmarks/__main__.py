"""python -m tests.benchmarks [--quick] [--only SECTION] [--output FILE]."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.benchmarks import emulator, explored_runs, load, memory, plugin_tests, report, shards, starts, wrk
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Finding
from tests.benchmarks.installation import CACHE
from tests.benchmarks.machine import describe_machine, versions
from tests.benchmarks.peers import available
from tests.benchmarks.plan import FULL, QUICK, Plan

SECTIONS: Mapping[str, Callable[[Bench], Iterator[Finding]]] = {
    "load": load.measure,
    "starts": starts.measure,
    "memory": memory.measure,
    "shards": shards.measure,
    "pytest": plugin_tests.measure,
    "explored": explored_runs.measure,
}


@click.command()
@click.option("--quick", is_flag=True, help="Measure for under a minute, without peers.")
@click.option("--only", multiple=True, type=click.Choice(list(SECTIONS)), help="Measure only this. May be repeated.")
@click.option("--rounds", type=int, help="The number of rounds. [from the plan]")
@click.option("--seconds", type=int, help="The seconds of each run of wrk. [from the plan]")
@click.option("--output", type=click.Path(path_type=Path), help="Where the JSON goes. [.bench/full.json or quick.json]")
def main(quick: bool, only: Sequence[str], rounds: int | None, seconds: int | None, output: Path | None) -> None:
    """Measure the emulator side by side with its peers; print a table, and write JSON."""
    # Otherwise its servers would outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not wrk.is_there():
        click.echo("The benchmark needs wrk, which is not installed: apt-get install wrk.", err=True)
        sys.exit(2)
    plan = QUICK if quick else FULL
    if rounds:
        plan = replace(plan, rounds=rounds, starts=rounds)
    if seconds:
        plan = replace(plan, seconds=seconds)
    machine = describe_machine()
    sections = only or plan.sections
    bench = _prepare(plan, sections, CACHE / "run")
    findings = []
    for section in sections:
        for finding in SECTIONS[section](bench):
            findings.append(finding)
            _tell("  ".join(report.cells(finding)))
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "mode": plan.mode,
        "machine": machine,
        "versions": versions({peer.name: peer.version for peer in bench.peers}),
        "findings": report.write_findings(findings),
        "missing": bench.missing,
    }
    file = output or CACHE / f"{plan.mode}.json"
    file.write_text(json.dumps(results, indent=1) + "\n")
    click.echo(
        "\n".join(["", report.text_table(findings), *report.unmeasured(bench.missing), f"Written to {file.name}."])
    )


def _prepare(plan: Plan, sections: Sequence[str], folder: Path) -> Bench:
    folder.mkdir(parents=True, exist_ok=True)
    with emulator.start(folder / "sample", emulator.many_integrations(folder / "many")) as process:
        sample = emulator.take_sample(process)
    wanted = plan.peers if {"load", "starts"} & set(sections) else ()
    _tell(f"installing, if missing: {', '.join(wanted) or 'none'}")
    peers, missing = available(sample, folder, wanted)
    return Bench(plan, sample, peers, folder, _tell, missing)


def _tell(text: str) -> None:
    click.echo(f"… {text}", err=True)


if __name__ == "__main__":
    main()
