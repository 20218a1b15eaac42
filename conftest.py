"""Keeps the emulator's own tests out of a run of pytest in a folder above: they need packages that users do not."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore what is here unless this is the root of the run."""
    return True if config.rootpath != HERE and HERE in collection_path.parents else None
