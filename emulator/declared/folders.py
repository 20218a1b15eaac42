"""Finds vendors that are not built in: in folders that a user names, and in installed packages."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from emulator.contract.documents import OPENAPI
from emulator.errors import ConfigurationError
from emulator.settings import VENDOR_NAME

logger = logging.getLogger("emulator")

GROUP = "integration_emulator.vendors"
"""The group of entry points; each names a package in whose folder the vendor's openapi.yaml is."""


def find_vendors(
    folders: Iterable[str], built_in: Iterable[str], documents: Iterable[tuple[str, str]] = ()
) -> dict[str, Path]:
    """Return the folder of each vendor by name: of installed packages, and of the subfolders of `folders`.

    `documents` are vendors with an OpenAPI document alone: names and files. Raises ConfigurationError for a folder
    without a vendor, for a file that does not exist, and for an invalid or duplicate name.
    """
    found: dict[str, Path] = {}
    taken = set(built_in)
    found_there = [*_installed(), *(one for folder in folders for one in _in_folder(Path(folder)))]
    for name, home in [*found_there, *map(_document, documents)]:
        check_name(name, home, taken)
        taken.add(name)
        found[name] = home
    return found


def _document(named: tuple[str, str]) -> tuple[str, Path]:
    name, file = named[0], Path(named[1])
    if file.is_dir():
        raise ConfigurationError(f"openapi: {file} is a folder; name a document in it, or use the setting vendors")
    if not file.is_file():
        raise ConfigurationError(f"openapi: {file} does not exist")
    return name, file


def _entry_point_files() -> Iterator[Path]:
    for folder in filter(None, sys.path):
        yield from Path(folder).glob("*.dist-info/entry_points.txt")


def check_name(name: str, home: Path, taken: Iterable[str]) -> None:
    """Raise ConfigurationError for a vendor's name that is invalid, or that another vendor has."""
    if not VENDOR_NAME.fullmatch(name):
        raise ConfigurationError(f"{home}: invalid vendor name {name!r}; use small letters, digits, - and _")
    if name in taken:
        raise ConfigurationError(f"{home}: there is a vendor {name} already; give the folder another name")


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        raise ConfigurationError(f"vendors: {folder} is not a folder")
    if (folder / OPENAPI).is_file():
        raise ConfigurationError(
            f"vendors: {folder} is itself a vendor; name the folder above it: {folder.absolute().parent}"
        )
    below = [home for home in sorted(folder.iterdir()) if home.is_dir() and not home.name.startswith((".", "_"))]
    homes = [home for home in below if (home / OPENAPI).is_file()]
    if not homes:
        raise ConfigurationError(f"vendors: {folder} has no folder with an {OPENAPI}; `emulator new-vendor` writes one")
    for home in below:
        if home not in homes:
            logger.warning("%s: no vendor, because it has no %s", home, OPENAPI)
    yield from ((home.name, home) for home in homes)


def _installed() -> Iterator[tuple[str, Path]]:
    if not any(GROUP in file.read_text("utf-8", "replace") for file in _entry_point_files()):
        return
    # Parsing the metadata of all packages would take a tenth of a start.
    from importlib.metadata import entry_points  # noqa: PLC0415

    for entry in entry_points(group=GROUP):
        spec = find_spec(entry.module)
        places = spec.submodule_search_locations if spec else None
        homes = [Path(place) for place in places or () if (Path(place) / OPENAPI).is_file()]
        if not homes:
            raise ConfigurationError(f"{GROUP}: the package {entry.value} of {entry.name} has no {OPENAPI}")
        yield entry.name, homes[0]
