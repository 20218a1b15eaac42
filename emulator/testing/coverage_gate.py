"""What the command line asks of the contract coverage: a file, and how much there must be."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.testing.coverage import ContractCoverage

__all__ = ["unmet"]


def unmet(coverage: ContractCoverage, file: str | None, least: float | None) -> Iterator[str]:
    """Write the coverage to a file (None: to none); yield why that fails, and that less than `least` % were covered."""
    if file is not None and (problem := coverage.write(file)):
        yield f"FAIL: --emulator-coverage={file}: {problem}"
    if least is not None and coverage.percent < least:
        yield (
            f"FAIL: {coverage.percent:.1f} % of the documented statuses of the called vendors were covered;"
            f" --emulator-coverage-fail-under requires {least:g} %"
        )
