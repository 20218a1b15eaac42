"""Immuta: the Data Dictionary API, and related calls that its clients need."""

from __future__ import annotations

from emulator.vendor import Hooks, Vendor
from emulator.vendors.immuta import (
    accounts,
    authentication,
    catalogue,
    data_sources,
    dictionaries,
    domains,
    enrolment,
    policies,
    projects,
    tagging,
    users,
)
from emulator.vendors.immuta.auth import authenticate, presented
from emulator.vendors.immuta.collections import COLLECTIONS
from emulator.vendors.immuta.errors import ImmutaDialect

vendor = Vendor(
    name="immuta",
    title="Immuta",
    handlers=(
        dictionaries.handlers,
        authentication.handlers,
        data_sources.handlers,
        catalogue.handlers,
        tagging.handlers,
        users.handlers,
        policies.handlers,
        enrolment.handlers,
        projects.handlers,
        domains.handlers,
        accounts.handlers,
    ),
    dialect=ImmutaDialect(),
    authenticate=authenticate,
    presented=presented,
    collections=COLLECTIONS,
    hooks=Hooks.merged(policies.hooks, projects.hooks, domains.hooks, accounts.hooks),
)
