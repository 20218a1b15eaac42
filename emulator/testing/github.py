"""Annotations of GitHub Actions, which it shows beside the lines of a test."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["annotation", "annotations_at", "are_wanted"]


def are_wanted() -> bool:
    """Return True if GitHub Actions reads the output."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotation(file: Path, line: int, message: str) -> str:
    """Return the command for an error at a line of a file, from 1 (GitHub documentation, Workflow commands)."""
    folder = os.environ.get("GITHUB_WORKSPACE", "")
    shown = file.relative_to(folder) if folder and file.is_relative_to(folder) else file
    return f"::error file={_property(shown.as_posix())},line={line}::{_data(message)}"


def annotations_at(file: str, line: int, messages: Iterable[str]) -> Iterator[str]:
    """Yield the commands for several errors at a line."""
    yield from (annotation(Path(file), line, message) for message in messages)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
