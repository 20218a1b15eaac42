"""Celigo integrator.io: the Integrations API, and the resources that its clients call beside it."""

from __future__ import annotations

from emulator.vendor import Hooks, Vendor
from emulator.vendors.celigo import (
    audit,
    cloning,
    connections,
    dependencies,
    editing,
    integrations,
    jobs,
    open_errors,
    patching,
    resources,
    revisions,
    steps,
    templates,
    users,
)
from emulator.vendors.celigo.auth import authenticate, authorize
from emulator.vendors.celigo.collections import COLLECTIONS
from emulator.vendors.celigo.dialect import CeligoDialect

vendor = Vendor(
    name="celigo",
    title="Celigo integrator.io",
    handlers=(
        integrations.handlers,
        patching.handlers,
        cloning.handlers,
        resources.handlers,
        connections.handlers,
        users.handlers,
        revisions.handlers,
        steps.handlers,
        audit.handlers,
        templates.handlers,
        dependencies.handlers,
        open_errors.handlers,
        jobs.handlers,
    ),
    dialect=CeligoDialect(),
    authenticate=authenticate,
    authorize=authorize,
    collections=COLLECTIONS,
    hooks=Hooks.merged(editing.hooks, jobs.hooks, users.hooks),
)
