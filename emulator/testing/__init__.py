"""What tests use: the pytest plugin, the server inside the test process, the container.

Names are resolved at their first use: a run of pytest that does not use the emulator imports only the plugin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.testing import conduct as conduct
    from emulator.testing import coverage as coverage
    from emulator.testing import coverage_gate as coverage_gate
    from emulator.testing import github as github
    from emulator.testing import in_loop as in_loop
    from emulator.testing import local as local
    from emulator.testing import repeating as repeating
    from emulator.testing import report as report
    from emulator.testing import stray_calls as stray_calls
    from emulator.testing import suite as suite
    from emulator.testing import watching as watching
    from emulator.testing.containers import EmulatorContainer
    from emulator.testing.in_loop import InLoopEmulator
    from emulator.testing.pytest_plugin import emulator_fixture
    from emulator.testing.scripts import running

__all__ = ["EmulatorContainer", "InLoopEmulator", "emulator_fixture", "running"]

_HOMES = {
    "EmulatorContainer": "containers",
    "InLoopEmulator": "in_loop",
    "emulator_fixture": "pytest_plugin",
    "running": "scripts",
}
_MODULES = (
    *("conduct", "coverage", "coverage_gate", "github", "in_loop", "local", "repeating", "report", "stray_calls"),
    *("suite", "watching"),
)


def __getattr__(name: str) -> Any:
    """Return a public name or a module of this package, importing it if necessary."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
