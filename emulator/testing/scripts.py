"""The emulator for tests without pytest, and for scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Unpack

from emulator.client import SandboxClient
from emulator.testing.suite import Options, Suite, Wanted
from emulator.testing.watching import Evidence, SandboxEvidence

__all__ = ["running"]


@contextmanager
def running(
    *, vendors: Sequence[str] = (), openapi: Sequence[str] = (), **options: Unpack[Options]
) -> Iterator[SandboxClient]:
    """Run an emulator inside the `with` block, in a thread, and return a sandbox in it: `with running() as emulator:`.

    It also serves the user's own `vendors` (folders) and `openapi` documents ("acme=acme.yaml"). `options` are those of
    pytest's marker `emulator`. EMULATOR_URL names a running emulator to use instead, with its own vendors. Raises
    AssertionError at the end of the block for unexpected calls, EmulatorError for invalid options.
    """
    wanted, url = Wanted().updated(options, "running()"), os.environ.get("EMULATOR_URL", "")
    own = {"vendors": _listed(vendors), "openapi": _listed(openapi)}
    suite = Suite(url, {"fixtures": wanted.fixtures, **own})
    wanted = wanted if url else replace(wanted, fixtures=None)
    with suite.served():
        suite.check_allowed(wanted)
        with suite.sandbox(wanted) as (sandbox, watcher):
            watched: list[Evidence] = [SandboxEvidence(watcher, wanted.allowances)]
            if suite.strays is not None:
                watched.append(suite.strays.begin(wanted.allow_default))
            yield sandbox
            _assert_expected(watched)


def _listed(names: Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else names


def _assert_expected(watched: list[Evidence]) -> None:
    __tracebackhide__ = True
    found = [str(complaint) for one in watched if (complaint := one.complaint())]
    if found:
        raise AssertionError("\n".join(found).replace("@pytest.mark.emulator(", "running("))
