"""Puts the pieces together: contracts, vendors, fixtures, sandboxes, pipelines, one web application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from emulator.contract.openapi import Contract, read_contract
from emulator.control.api import Control
from emulator.control.problems import problem
from emulator.data import CONTRACTS, FIXTURES
from emulator.errors import ConfigurationError, ContractError
from emulator.pipeline import Pipeline
from emulator.sandbox.fixtures import read_fixtures
from emulator.sandbox.sandbox import Sandbox
from emulator.sandbox.sandboxes import DEFAULT, Sandboxes
from emulator.settings import Settings
from emulator.vendor import Handlers, Vendor
from emulator.vendors import load_vendors

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
"""The time at which a new world was made: fixed, so that the same seed gives the same world."""


@dataclass(frozen=True)
class Catalogue:
    """Every vendor with its contract and its handlers, checked against each other."""

    vendors: Mapping[str, Vendor]
    contracts: Mapping[str, Contract]
    handlers: Mapping[str, Handlers]


def read_catalogue(vendors: Mapping[str, Vendor] | None = None, folder: Path = CONTRACTS) -> Catalogue:
    """Read the contracts in `folder` of `vendors` (all there are). Raises ContractError where the two do not fit."""
    vendors = load_vendors() if vendors is None else vendors
    contracts = {name: read_contract(folder / name) for name in vendors}
    handlers = {name: _bind(vendor, contracts[name]) for name, vendor in vendors.items()}
    return Catalogue(vendors, contracts, handlers)


def _bind(vendor: Vendor, contract: Contract) -> Handlers:
    handlers = Handlers()
    for module in vendor.handlers:
        handlers.merge(module)
    promised, found = set(contract.handled), handlers.names()
    place = f"contracts/{vendor.name}/openapi.yaml"
    for name in sorted(promised - found):
        raise ContractError(
            f"{place}: operation {name} has no handler in emulator/vendors/{vendor.name};"
            f" handlers found: {', '.join(sorted(found))}"
        )
    for name in sorted(found - promised):
        raise ContractError(
            f"emulator/vendors/{vendor.name} has a handler for {name}, which is no operation of {place};"
            f" operations found: {', '.join(sorted(promised))}"
        )
    return handlers


class Emulator:
    """The whole emulator, without a port: `application` answers, once `start` has been awaited."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None) -> None:
        self.settings = settings
        self.catalogue = catalogue or read_catalogue()
        self.sandboxes = self._sandboxes()
        self._pipelines = {
            name: Pipeline(
                vendor,
                self.catalogue.contracts[name],
                self.catalogue.handlers[name],
                max_body=settings.max_body,
                strict=settings.strict,
            )
            for name, vendor in self.catalogue.vendors.items()
        }
        self.control = Control(self.catalogue.contracts)

    async def start(self) -> None:
        """Seed the sandboxes; from then on the emulator is ready."""
        await self.sandboxes.start()
        self.control.ready = True

    async def reset(self) -> Sandbox:
        """Make the default sandbox anew and return it."""
        return await self.sandboxes.reset(DEFAULT)

    async def close(self) -> None:
        """Let go of the sandboxes."""
        self.control.ready = False
        await self.sandboxes.close()

    def application(self) -> web.Application:
        """Return the aiohttp application: the control API, and everything else to `dispatch`."""
        application = web.Application()
        application.add_routes(self.control.routes())
        application.router.add_route("*", r"/{path:[\s\S]*}", self.dispatch)
        return application

    async def dispatch(self, request: web.Request) -> web.StreamResponse:
        """Hand a request to the vendor that its path begins with."""
        path = request.rel_url.raw_path
        name = path.split("/", 2)[1]
        pipeline = self._pipelines.get(name)
        if pipeline is None:
            roots = ", ".join(f"/{vendor}/" for vendor in self._pipelines)
            return problem(404, "Nothing is here", f"{path} is not below {roots} or /_emulator/.")
        root = f"/{name}"
        return await pipeline.serve(request, self.sandboxes.default, root, path[len(root) :])

    def _sandboxes(self) -> Sandboxes:
        folders = [FIXTURES, *([Path(self.settings.fixtures)] if self.settings.fixtures else [])]
        for folder in folders:
            if not folder.is_dir():
                raise ConfigurationError(f"fixtures: {folder} is not a folder")
        contracts, vendors = self.catalogue.contracts, self.catalogue.vendors
        return Sandboxes(
            {name: read_fixtures(folders, contracts[name], vendor.collections) for name, vendor in vendors.items()},
            seed=self.settings.seed,
            flags=_read_flags(self.settings.flags, contracts),
            journal_size=self.settings.journal_size,
            epoch=EPOCH,
        )


def _read_flags(given: tuple[str, ...], contracts: Mapping[str, Contract]) -> dict[str, dict[str, Any]]:
    """Return every flag by vendor and name, as the contracts have them, changed as `given` says."""
    values = {
        name: {flag.name: flag.default for flag in contract.flags.values()} for name, contract in contracts.items()
    }
    for entry in given:
        vendor, flag, value = parse_flag(entry, contracts)
        values[vendor][flag] = value
    return values


def parse_flag(entry: str, contracts: Mapping[str, Contract]) -> tuple[str, str, Any]:
    """Read "celigo.empty_list_status=204" as vendor, name and value. Raises ConfigurationError."""
    full_name, _, text = entry.partition("=")
    vendor, _, name = full_name.partition(".")
    known = {
        f"{flag_vendor}.{flag}": contract.flags[flag]
        for flag_vendor, contract in contracts.items()
        for flag in contract.flags
    }
    if full_name not in known:
        raise ConfigurationError(f"flags: there is no flag {full_name!r}; there are {', '.join(sorted(known))}")
    choices = {str(choice).lower(): choice for choice in known[full_name].choices}
    if text.lower() not in choices:
        raise ConfigurationError(f"flags: {full_name} is {text!r}; it takes {', '.join(choices)}")
    return vendor, name, choices[text.lower()]
