"""Secoda's Integrations API, and the resources that its clients call beside it."""

from emulator.vendor import Hooks, Vendor
from emulator.vendors.secoda import (
    catalogue,
    dbt,
    fields,
    integrations,
    knowledge,
    lineage,
    members,
    metadata,
    properties,
    run_logs,
)
from emulator.vendors.secoda.auth import authenticate, authorize
from emulator.vendors.secoda.collections import COLLECTIONS
from emulator.vendors.secoda.errors import SecodaDialect
from emulator.vendors.secoda.syncs import sweep_interrupted

vendor = Vendor(
    name="secoda",
    title="Secoda",
    handlers=(
        integrations.handlers,
        metadata.handlers,
        dbt.handlers,
        catalogue.handlers,
        knowledge.handlers,
        lineage.handlers,
        properties.handlers,
        run_logs.handlers,
    ),
    dialect=SecodaDialect(),
    authenticate=authenticate,
    authorize=authorize,
    collections=COLLECTIONS,
    sweep=sweep_interrupted,
    hooks=Hooks.merged(fields.hooks, members.hooks, catalogue.hooks, knowledge.hooks, lineage.hooks, properties.hooks),
)
