"""The benchmark's own arithmetic, what it reads of wrk, and what it does about peers that are missing."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner

from tests.benchmarks import __main__ as command
from tests.benchmarks import asked, emulator, installation, report, works, wrk
from tests.benchmarks.asked import BARE, EMULATOR, MOTO, PRISM, WIREMOCK
from tests.benchmarks.bench import Bench, start_all
from tests.benchmarks.connection import Connection, Request
from tests.benchmarks.emulator import Sample
from tests.benchmarks.figures import Figure, Finding, alone, at_least, at_most, compare
from tests.benchmarks.peers import Peer, available
from tests.benchmarks.plan import FULL, QUICK
from tests.benchmarks.processes import NotStarted, Process, free_port

PRINTED = """Running 1s test @ http://127.0.0.1:4070/
  1 threads and 16 connections
Requests/sec:    240.07

{"requests": 241, "microseconds": 1003866, "p50": 60400, "p99": 120800, "refused": 3, "broken": 1}
"""
INTEGRATIONS = [{"id": f"id-{number}", "type": "custom"} for number in range(12)]
SAMPLE = Sample(dict.fromkeys(asked.WORKS, b"{}"), INTEGRATIONS)
RESULTS: dict[str, Any] = {
    "date": "2026-11-21T20:00:00+00:00",
    "machine": {"processor": "Somebody's", "cores": 2, "memory_gib": 23.5, "system": "Linux 6.1", "load_before": 0.4},
    "versions": {"emulator": "0.1.0", "Python": "3.11.7"},
    "missing": {MOTO: "pip could not install it"},
}


def figure(*rounds: float, unit: str = "/s") -> Figure:
    return Figure.of(unit, rounds)


def test_figure_is_the_median_of_its_rounds() -> None:
    assert figure(10, 1000, 12, 11, 9).median == 11


def test_spread_is_half_the_range_as_a_share_of_the_median() -> None:
    assert figure(90, 100, 120).spread == 0.15


def test_figure_without_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        figure()


def test_throughput_is_compared_as_a_multiple_of_the_peer() -> None:
    finding = compare("list", figure(600, 590, 610), "peer", figure(1000), at_least(0.6))
    assert (finding.ratio, finding.met) == (0.6, True)


def test_speed_is_compared_as_how_much_less_time_is_taken() -> None:
    finding = compare("world", figure(2, unit="s"), "peer", figure(6, unit="s"), at_least(4), faster=True)
    assert (finding.ratio, finding.met) == (3, False)


def test_bound_without_a_ratio_is_asked_of_the_figure() -> None:
    assert alone("memory", figure(81e6, unit="bytes"), at_most(80e6, "bytes")).met is False


def test_without_a_bound_nothing_is_met_or_missed() -> None:
    assert compare("list", figure(1), "peer", figure(2), None).met is None


def test_missed_bound_is_marked_in_the_table() -> None:
    met = compare("list", figure(600), "one", figure(100), at_least(5))
    missed = compare("list", figure(600), "other", figure(100), at_least(7))
    header, first, second = report.text_table([met, missed]).splitlines()
    assert header.split() == ["work", "emulator", "compared", "with", "its", "figure", "ratio", "asked", "met?"]
    assert first.split() == ["list", "600/s", "one", "100/s", "6.00", "at", "least", "5.00", "yes"]
    assert second.split()[-1] == "NO"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figure(6778.2, 6778.2), "6,778/s ±0 %"),
        (figure(0.0033, unit="s"), "3.30 ms"),
        (figure(2.949, unit="s"), "2.95 s"),
        (figure(85.31e6, unit="bytes"), "85.31 MB"),
        (figure(2.5, 3.5, unit="x"), "3.00 ±17 %"),
    ],
)
def test_figures_are_shown_in_units_that_people_read(shown: Figure, expected: str) -> None:
    assert report.show(shown) == expected


def test_findings_survive_json() -> None:
    findings = [
        compare("list", figure(600, 700), "one", figure(100), at_least(5)),
        alone("memory", figure(81e6, unit="bytes"), at_most(80e6, "bytes")),
        Finding("tail", figure(2, unit="x"), "one", figure(3, unit="x")),
    ]
    written = json.loads(json.dumps({**RESULTS, "findings": report.write_findings(findings)}))
    assert report.read_findings(written) == findings


def test_markdown_names_date_machine_and_missing_peers() -> None:
    finding = compare("list", figure(600), "one", figure(100), at_least(5))
    lines = list(report.markdown_table({**RESULTS, "findings": report.write_findings([finding])}))
    assert lines[0] == (
        "Measured on 2026-11-21 on 2 cores of Somebody's, 23.5 GiB, Linux 6.1. emulator 0.1.0, Python 3.11.7."
    )
    assert "| list | 600/s | one | 100/s | 6.00 | at least 5.00 | yes |" in lines
    assert lines[-1] == "moto was not measured: pip could not install it."


def test_markdown_mentions_a_busy_machine() -> None:
    machine = {**RESULTS["machine"], "load_before": 3.5}
    (first, *_) = report.markdown_table({**RESULTS, "machine": machine, "findings": []})
    assert "which had other work to do (load 3.5 beforehand)" in first


def test_figures_of_wrk_are_read() -> None:
    load = wrk.parse(PRINTED)
    assert (load.requests, load.refused, load.broken) == (241, 3, 1)
    assert (load.p50, load.p99) == (0.0604, 0.1208)
    assert round(load.per_second) == 240


@pytest.mark.parametrize("printed", ["", "unable to connect to 127.0.0.1:1 Connection refused\n"])
def test_wrk_without_figures_is_an_error(printed: str) -> None:
    with pytest.raises(wrk.WrkFailed, match="no figures"):
        wrk.parse(printed)


def test_wrk_without_responses_is_an_error() -> None:
    with pytest.raises(wrk.WrkFailed, match="no response"):
        wrk.parse(PRINTED.replace("241", "0"))


def test_missing_wrk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrk, "is_there", lambda: False)
    done = CliRunner().invoke(command.main, [])
    assert done.exit_code == 2
    assert "needs wrk" in done.output


def test_peers_whose_programs_are_missing_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    peers, missing = available(SAMPLE, tmp_path, [WIREMOCK, PRISM, BARE])
    assert [peer.name for peer in peers] == [BARE]
    assert missing == {
        WIREMOCK: "java is not installed",
        PRISM: "node and npm are not installed",
    }


def test_peer_that_cannot_be_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*anything: object) -> None:
        raise installation.Missing("pip could not install it: no network")

    monkeypatch.setattr(installation, "_run", refuse)
    monkeypatch.setattr("tests.benchmarks.installation.venv.create", lambda folder, **options: Path(folder).mkdir())
    monkeypatch.setattr(installation, "CACHE", tmp_path)
    monkeypatch.setattr("tests.benchmarks.peers.install_moto", lambda: installation.install_moto(tmp_path))
    assert available(SAMPLE, tmp_path, [MOTO]) == ([], {MOTO: "pip could not install it: no network"})


def test_server_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "raise SystemExit('no such contract')"], free_port(), tmp_path)
    with process, pytest.raises(NotStarted, match="it ended with 1: no such contract"):
        process.wait_for(Request("GET", "/"))


def test_emulator_and_peers_are_started_checked_and_measured(tmp_path: Path) -> None:
    with emulator.start(tmp_path / "sample", emulator.many_integrations(tmp_path / "many")) as process:
        sample = emulator.take_sample(process)
    peers, missing = available(sample, tmp_path, [BARE])
    peers.append(_peer_that_ends(tmp_path / "peer"))
    bench = Bench(QUICK, sample, peers, tmp_path, lambda text: None, missing)
    with ExitStack() as stack:
        targets = start_all(bench, stack)
        times = bench.medians({one.name: (one.process, lambda connection: 1.0) for one in targets})
        with closing(Connection(targets[0].process.port)) as connection:
            assert connection.timed(*emulator.FRESH_WORLD, emulator.RESET) > 0
    assert [target.name for target in targets] == [EMULATOR, BARE]
    assert "it ended with 0" in missing[PRISM]
    assert times[BARE] == Figure("s", (1.0,) * QUICK.rounds)


def _peer_that_ends(folder: Path) -> Peer:
    return Peer(PRISM, "1", folder, lambda port: [sys.executable, "-c", ""], {})


def test_mixed_work_is_half_lists_four_tenths_gets_and_a_tenth_creations() -> None:
    mixed = SAMPLE.works["mixed"]
    assert [mixed.count(one) / len(mixed) for one in (*SAMPLE.works["list"], works.CREATE)] == [0.5, 0.1]
    assert [one.path for one in mixed if one.path.rpartition("/")[2].startswith("id-")] == [
        request.path for request in SAMPLE.works["get"]
    ]


@pytest.mark.parametrize("work", asked.WORKS)
def test_each_request_has_a_number_in_a_header(work: str) -> None:
    for request in SAMPLE.works[work]:
        head, _, body = request.written("127.0.0.1:4070").partition(b"\r\n\r\n")
        assert works.NUMBER.encode() in head
        assert f"\r\nContent-Length: {len(body)}".encode() in head or not body


@pytest.mark.skipif(not wrk.is_there(), reason="needs wrk")
async def test_wrk_sends_the_requests_in_turn_with_their_own_numbers(tmp_path: Path) -> None:
    seen: list[tuple[str, str, bytes]] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        seen.append((request.path, request.headers["traceparent"], await request.read()))
        return web.Response()

    server = web.ServerRunner(web.Server(answer))
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0).start()
    requests = [SAMPLE.works["get"][0], works.CREATE]
    url = "http://{}:{}".format(*server.addresses[0][:2])
    load = await asyncio.to_thread(wrk.run, url, requests, 1, tmp_path)
    await server.cleanup()
    assert len({trace for _, trace, _ in seen}) == len(seen) >= load.requests > 0
    assert {path for path, _, _ in seen} == {request.path for request in requests}
    bodies = [body for _, _, body in seen if body]
    assert len(set(bodies)) == len(bodies)
    assert {len(body) for body in bodies} == {len(works.CREATE.body)}


def test_quick_mode_needs_no_peer_but_aiohttp_itself() -> None:
    assert QUICK.peers == (BARE,)


def test_every_bound_is_asked_of_a_peer_that_the_full_mode_measures() -> None:
    named = {name for row in asked.THROUGHPUT.values() for name in row} | set(asked.START) | set(asked.FRESH_WORLD)
    assert named == set(FULL.peers)


def test_lock_file_names_no_registry() -> None:
    locked = json.loads((installation.PEERS / "package-lock.json").read_text())
    assert [name for name, package in locked["packages"].items() if "resolved" in package] == []
