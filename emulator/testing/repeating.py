"""The plugins that run tests again: added to a test run whose command line names one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from emulator.testing.exploring import Explorer, Silence
from emulator.testing.matrix import Matrix

if TYPE_CHECKING:
    from emulator.testing.suite import Suite, Wanted

__all__ = ["register"]


def register(config: pytest.Config, suite: Callable[[], Suite], wanted: Callable[[pytest.Item], Wanted]) -> None:
    """Add the plugin of the option that is given; `wanted(item)` are the options that marker and ini file set.

    Raises UsageError for both options, and for a time to explore that is none.
    """
    seconds: float | None = config.getoption("emulator_explore")
    if seconds is None:
        config.pluginmanager.register(Matrix(wanted), "emulator-matrix")
        return
    if config.getoption("emulator_matrix"):
        raise pytest.UsageError("--emulator-explore and --emulator-matrix: give one of them")
    if not seconds > 0:
        raise pytest.UsageError(f"--emulator-explore={seconds:g}: expected seconds above 0")
    config.pluginmanager.register(Explorer(suite, wanted, seconds), "emulator-explore")
    config.pluginmanager.register(Silence(), "emulator-explore-silence")
