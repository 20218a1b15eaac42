"""Schemathesis against the served contracts: no 500, no reply outside the contract, whatever is sent.

Most of the time goes into Schemathesis itself, so `make test` runs a sample of the examples. `make matrix`, which CI
runs, has all of them, and sends them to a strict emulator, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import EmulatorUnderTest

FUZZ = Path(__file__).parent / "fuzz"
SEED = "20261121"


def schemathesis(vendor: str, *words: str, folder: Path) -> None:
    """Run Schemathesis with the vendor's exclusions; fail with its report if it finds something."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(FUZZ / f"{vendor}.toml"), "run"]
    # All checks are on unless the file says otherwise; naming them here would win over the file.
    sizes = ["--seed", SEED, "--max-examples", str(EXAMPLES[vendor]), "--request-timeout", "60"]
    done = subprocess.run([*command, *sizes, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "No tests were run" not in done.stdout


def headers(emulator: EmulatorUnderTest, vendor: str) -> list[str]:
    return [word for name, value in emulator.headers(vendor).items() for word in ("-H", f"{name}: {value}")]


IS_MATRIX = os.environ.get("TEST_MATRIX") == "all"
STRICT = [False, True] if IS_MATRIX else [False]
EXAMPLES = (
    {"immuta": 20, "secoda": 12, "celigo": 8, "paradime": 40, "control": 4}
    if IS_MATRIX
    else {"immuta": 4, "secoda": 3, "celigo": 2, "paradime": 4, "control": 2}
)
"""How many examples of each operation and phase are sent at most."""


@pytest.mark.parametrize("strict", STRICT)
@pytest.mark.parametrize("vendor", ["immuta", "secoda", "celigo"])
def test_rest_vendor_keeps_to_its_contract(
    emulator: EmulatorUnderTest, tmp_path: Path, vendor: str, strict: bool
) -> None:
    emulator.strict(strict)
    document = f"{emulator.root}/_emulator/contracts/{vendor}/openapi.yaml"
    base = ["--url", emulator.url(vendor), *headers(emulator, vendor)]
    schemathesis(vendor, document, *base, folder=tmp_path)


@pytest.mark.parametrize("strict", STRICT)
def test_graphql_vendor_keeps_to_its_schema(emulator: EmulatorUnderTest, tmp_path: Path, strict: bool) -> None:
    emulator.strict(strict)
    schemathesis(
        "paradime",
        emulator.url("paradime"),
        *headers(emulator, "paradime"),
        folder=tmp_path,
    )
