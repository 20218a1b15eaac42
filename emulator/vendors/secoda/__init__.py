"""Secoda's Integrations API."""

from emulator.vendor import Vendor
from emulator.vendors.secoda import dbt, integrations, metadata
from emulator.vendors.secoda.auth import authenticate, authorize
from emulator.vendors.secoda.collections import COLLECTIONS
from emulator.vendors.secoda.errors import SecodaDialect
from emulator.vendors.secoda.syncs import sweep_interrupted

vendor = Vendor(
    name="secoda",
    title="Secoda",
    handlers=(integrations.handlers, metadata.handlers, dbt.handlers),
    dialect=SecodaDialect(),
    authenticate=authenticate,
    authorize=authorize,
    collections=COLLECTIONS,
    sweep=sweep_interrupted,
)
