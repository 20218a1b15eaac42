"""The files in a user's folder; links are followed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path


def files_below(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Yield the files below a folder whose names have one of the suffixes, in order; skip hidden folders.

    Links to folders are followed, except to a folder above, so that cycles end.
    """
    yield from _files(folder, suffixes, ())


def _files(folder: Path, suffixes: Sequence[str], above: Sequence[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        # It was deleted since it was listed, or is not a folder.
        return
    for entry in entries:
        if entry.is_dir():
            if not entry.name.startswith("."):
                yield from _files(folder / entry.name, suffixes, (*above, real))
        elif os.path.splitext(entry.name)[1] in suffixes:
            yield folder / entry.name
