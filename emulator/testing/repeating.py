"""The plugins that run tests again: added to a test run whose command line names one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
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
    explore: str | None = config.getoption("emulator_explore")
    if explore is None:
        config.pluginmanager.register(Matrix(wanted), "emulator-matrix")
        return
    if config.getoption("emulator_matrix"):
        raise pytest.UsageError("--emulator-explore and --emulator-matrix: give one of them")
    config.pluginmanager.register(Explorer(suite, wanted, _seconds(explore)), "emulator-explore")
    config.pluginmanager.register(Silence(), "emulator-explore-silence")


def _seconds(text: str) -> float:
    """Return the value of --emulator-explore. Raises UsageError, also for a path that follows the option."""
    with suppress(ValueError):
        if (seconds := float(text)) > 0:
            return seconds
    raise pytest.UsageError(
        f"--emulator-explore={text}: expected seconds above 0; before a path, write --emulator-explore=10"
    )
