"""Kills an emulator with --database repeatedly while it works, and checks what the next process finds.

`python -m tests.soak.kills --rounds 100 --seed 7` reports acknowledged calls that are incomplete, and others that are
half done.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.control import Control, process

SECODA = {"Authorization": "Bearer secoda-token"}
INTEGRATIONS = "/secoda/api/v1/integration/integrations"
ROWS = (0, 1, 260, 900, 2600)
"""Sizes of uploads: none, one row, more than a batch, several, many."""

State = dict[str, "tuple[str, int]"]
"""Integrations by name, each with the version and number of its rows."""


class Killed(Exception):
    """The emulator was killed."""


@dataclass
class Model:
    """The acknowledged state; `pending` is the state if the running call completed, too."""

    known: State = field(default_factory=dict)
    pending: State | None = None

    def allows(self, found: State) -> bool:
        """Return whether every acknowledged call is complete in `found`, and the running one complete or absent."""
        return found in (self.known, self.known if self.pending is None else self.pending)


class Writer:
    """Creates, fills, refills and deletes its integrations, one call after the other."""

    def __init__(self, url: str, name: str, random: Random, model: Model) -> None:
        self._url = url + INTEGRATIONS
        self._name = name
        self._random = random
        self._model = model
        self._ids: dict[str, str] = {}
        self._made = 0

    def adopt(self, ids: dict[str, str]) -> None:
        """Continue with integrations that an earlier process kept, by name."""
        self._ids = {name: id for name, id in ids.items() if name in self._model.known}

    def step(self, client: httpx.Client) -> None:
        """Make one call. Raises Killed without a response."""
        names = sorted(self._model.known)
        chosen = self._random.choice(names) if names else ""
        step = self._random.choice(
            [self._create, self._upload, self._upload, self._delete] if names else [self._create]
        )
        self._acknowledge(step, client, chosen)

    def _acknowledge(self, step: Callable[[httpx.Client, str, State], None], client: httpx.Client, name: str) -> None:
        after = dict(self._model.known)
        try:
            step(client, name, after)
        except httpx.TransportError:
            raise Killed from None
        self._model.known, self._model.pending = after, None

    def _create(self, client: httpx.Client, _: str, after: State) -> None:
        self._made += 1
        name = f"{self._name}-{self._random.getrandbits(40)}"
        after[name] = ("", 0)
        self._model.pending = after
        response = client.post(self._url, headers=SECODA, json={"name": name})
        assert response.status_code == 201, response.text
        self._ids[name] = response.json()["id"]

    def _upload(self, client: httpx.Client, name: str, after: State) -> None:
        version, rows = f"v{self._random.getrandbits(40)}", self._random.choice(ROWS[1:])
        lines = "".join(f"{version}c{number},d,s,t\n" for number in range(rows))
        after[name] = (version, rows)
        self._model.pending = after
        url = f"{self._url}/{self._ids[name]}/import_metadata"
        files = {"file": ("a.csv", f"col_name,database,schema,name\n{lines}")}
        response = client.post(url, headers=SECODA, files=files)
        assert response.status_code == 200, response.text

    def _delete(self, client: httpx.Client, name: str, after: State) -> None:
        del after[name]
        self._model.pending = after
        response = client.delete(f"{self._url}/{self._ids[name]}", headers=SECODA)
        assert response.status_code == 204, response.text


class SnapshotWriter(Writer):
    """Takes snapshots, restores and resets between its writes; the other writers must be idle meanwhile."""

    def __init__(self, url: str, name: str, random: Random, model: Model) -> None:
        super().__init__(url, name, random, model)
        self._control = f"{url}/_emulator"
        self._kept: tuple[State, dict[str, str]] | None = None

    def step(self, client: httpx.Client) -> None:
        """Make one call. Raises Killed without a response."""
        steps = [self._save, self._reset, *([self._restore] * 2 if self._kept else [])]
        if self._random.random() < 0.5:
            self._acknowledge(self._random.choice(steps), client, "")
        else:
            super().step(client)

    def _save(self, client: httpx.Client, _: str, after: State) -> None:
        assert client.post(f"{self._control}/snapshots", json={"name": "kept"}).status_code == 201
        self._kept = dict(after), dict(self._ids)

    def _restore(self, client: httpx.Client, _: str, after: State) -> None:
        assert self._kept is not None
        after.clear()
        after.update(self._kept[0])
        self._model.pending = after
        assert client.post(f"{self._control}/snapshots/kept/restore").status_code == 200
        self._ids = dict(self._kept[1])

    def _reset(self, client: httpx.Client, _: str, after: State) -> None:
        after.clear()
        self._model.pending = after
        assert client.post(f"{self._control}/reset").status_code == 200


def found_in(control: Control, prefix: str) -> tuple[State, dict[str, str]]:
    """Return the emulator's integrations with that prefix, and their ids by name.

    Raises AssertionError for rows without an upload in force, and for a sync that will never end.
    """
    integrations = {one["id"]: one["name"] for one in records(control, "secoda.integrations")}
    syncs = records(control, "secoda.syncs")
    assert all(sync["rows"] in ("in force", "none") and sync["status"] != "running" for sync in syncs), syncs
    current = {sync["tag"]: sync["integration_id"] for sync in syncs if sync["rows"] == "in force"}
    state: State = {name: ("", 0) for name in integrations.values() if name.startswith(prefix)}
    rows: Counter[tuple[str, str]] = Counter()
    for row in records(control, "secoda.resources"):
        tag = row["key"].partition(":")[0]
        assert tag in current, f"a row of {tag} belongs to no upload"
        if row["entity_type"] == "column":
            rows[integrations[current[tag]], row["title"].partition("c")[0]] += 1
    for (name, version), count in rows.items():
        if name in state:
            assert state[name] == ("", 0), f"{name} has rows of two uploads"
            state[name] = (version, count)
    return state, {name: id for id, name in integrations.items()}


def records(control: Control, collection: str) -> list[dict[str, Any]]:
    """Return all records of a collection."""
    found: list[dict[str, Any]] = []
    while True:
        page = control.done("GET", f"/state/{collection}?limit=10000&skip={len(found)}")
        found += page["records"]
        if len(found) >= page["total"]:
            return found


def run(folder: Path, seed: int, rounds: int) -> int:
    """Kill an emulator `rounds` times; return how many calls it acknowledged."""
    random, models, acknowledged = Random(seed), dict[str, Model](), 0
    for number in range(rounds + 1):
        with process("--database", str(folder / "kept.db")) as (started, control):
            for name, model in models.items():
                state, ids = found_in(control, name)
                assert model.allows(state), f"seed {seed}, round {number}, {name}: {differences(model, state)}"
                model.known, model.pending = state, None
            if number == rounds:
                break
            kind = random.choice([Writer, Writer, SnapshotWriter])
            if kind is SnapshotWriter:
                control.done("POST", "/reset")
                models = {"world": Model()}
            elif set(models) != {"w0", "w1", "w2"}:
                control.done("POST", "/reset")
                models = {f"w{number}": Model() for number in range(3)}
                ids = {}
            writers = [kind(control.url, name, Random(random.random()), model) for name, model in models.items()]
            for writer in writers:
                writer.adopt(ids if models and number else {})
            acknowledged += work_until_killed(writers, started, random.randint(3, 40), random.random() * 0.05)
    return acknowledged


def work_until_killed(writers: list[Writer], started: Any, calls: int, seconds: float) -> int:
    """Run the writers, kill the process `seconds` after `calls` calls; return how many it acknowledged."""
    count, problems, enough = [0], list[BaseException](), threading.Event()

    def work(writer: Writer) -> None:
        try:
            with httpx.Client(timeout=60) as client:
                while True:
                    writer.step(client)
                    count[0] += 1
                    if count[0] >= calls:
                        enough.set()
        except Killed:
            pass
        except BaseException as problem:
            problems.append(problem)
            enough.set()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    enough.wait()
    # Kill it during the next calls, at an arbitrary point: that is the purpose of this run.
    threading.Event().wait(seconds)
    started.send_signal(signal.SIGKILL)
    for thread in threads:
        thread.join()
    for problem in problems:
        raise problem
    return count[0]


def differences(model: Model, found: State) -> str:
    """Return the differences between the acknowledged and the found state."""
    names = sorted(name for name in {**model.known, **found} if model.known.get(name) != found.get(name))
    return "; ".join(f"{name}: acknowledged {model.known.get(name)}, found {found.get(name)}" for name in names)


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        acknowledged = run(Path(folder), options.seed, options.rounds)
    print(f"{options.rounds} kills, {acknowledged} acknowledged calls: all complete, all others complete or absent")


if __name__ == "__main__":
    main()
