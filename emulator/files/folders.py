"""The files in a folder that a user gave, links followed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path


def files_below(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder whose names end so, in order; hidden folders are left out.

    Links to folders are followed, each folder once on its way, so that a link to a folder above ends.
    """
    yield from _files(folder, suffixes, ())


def _files(folder: Path, suffixes: Sequence[str], above: Sequence[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        # It went between the listing and the look, or is none.
        return
    for entry in entries:
        if entry.is_dir():
            if not entry.name.startswith("."):
                yield from _files(entry, suffixes, (*above, real))
        elif entry.suffix in suffixes:
            yield entry
