"""Takes paths of a document apart: "/pets/{pet}/toys"."""

from __future__ import annotations


def is_item(path: str) -> bool:
    """Rule 1: return True for a path that ends in one whole parameter behind a fixed segment."""
    segments = path.split("/")
    return len(segments) > 2 and segments[-1].startswith("{") and not segments[-2].startswith("{")


def prefix(path: str) -> str:
    """Return a path without its last segment."""
    return path.rpartition("/")[0]


def parameters_of(path: str) -> list[str]:
    """Return the names of the parameters in a path."""
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]


def last_literal(path: str) -> str:
    """Return the last fixed segment, or ""."""
    return next((one for one in reversed(path.split("/")) if one and not one.startswith("{")), "")
