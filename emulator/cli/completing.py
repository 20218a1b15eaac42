"""Shell completion of values, names and files, in addition to commands and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, get_args

import click
from click.shell_completion import CompletionItem

from emulator.files.package_data import CONTRACTS
from emulator.files.yaml_file import read_yaml
from emulator.settings import Kind

Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def of_kind(kind: Kind[object]) -> Complete:
    """Return the completion of a setting's values."""
    if kind.metavar.startswith("["):
        return _among(lambda: kind.metavar.strip("[]").split("|"))
    return {
        "FILE": files,
        "FOLDER": folders,
        "VENDOR/SCENARIO": scenario_names,
        "VENDOR.SWITCH=VALUE": _among(_switches),
        "VENDOR=HOST": _among(lambda: [f"{vendor}=" for vendor in _vendors()]),
        "VENDOR=PORT": _among(lambda: [f"{vendor}=" for vendor in _vendors()]),
    }.get(kind.metavar, _nothing)


def files(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Let the shell complete a file name."""
    return [CompletionItem(typed, type="file")]


def folders(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Let the shell complete the name of a folder."""
    return [CompletionItem(typed, type="dir")]


def _nothing(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    return []


def _among(values: Callable[[], Iterable[str]]) -> Complete:
    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(value) for value in values() if value.startswith(typed)]

    return complete


def _vendors() -> list[str]:
    return sorted(folder.name for folder in CONTRACTS.iterdir() if folder.is_dir())


def _switches() -> Iterator[str]:
    for vendor in _vendors():
        for name, switch in read_yaml(CONTRACTS / vendor / "openapi.yaml").get("x-switches", {}).items():
            yield from (f"{vendor}.{name}={str(choice).lower()}" for choice in switch["schema"]["enum"])


def _scenario_names() -> Iterable[str]:
    from emulator.client.types import ScenarioName  # noqa: PLC0415

    return get_args(ScenarioName)


vendors = _among(_vendors)
scenario_names = _among(_scenario_names)
