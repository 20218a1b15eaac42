"""Paradime: the Custom Integration API, GraphQL over one endpoint."""

from __future__ import annotations

from typing import Any

from emulator.exchange import Reply
from emulator.vendor import Hooks, Switches, Vendor
from emulator.vendors.paradime import account, auth, commands, dinoai, integrations, nodes, runs, schedules, users
from emulator.vendors.paradime.collections import (
    BOLT_COMMANDS,
    BOLT_RESOURCES,
    BOLT_RUNS,
    CREDENTIALS,
    INTEGRATIONS,
    NODES,
    PENDING_NODES,
    SNAPSHOTS,
)
from emulator.vendors.paradime.errors import ParadimeDialect


def graphql_reply(result: dict[str, Any], ran: bool, refused: bool, switches: Switches) -> Reply:
    """Wrap a GraphQL result: "a GraphQL error is a 200".

    Paradime Python SDK, unreleased, tests/unit/test_transport.py.
    Whether that applies to a request that never ran is unknown: a switch decides. In strict mode it is a 400, the
    default of ariadne and graphene-django.
    """
    status = 200 if ran else switches["validation_error_status"]
    return Reply(400 if refused else status, result)


vendor = Vendor(
    name="paradime",
    title="Paradime",
    handlers=(
        integrations.handlers,
        nodes.handlers,
        users.handlers,
        schedules.handlers,
        runs.handlers,
        commands.handlers,
    ),
    dialect=ParadimeDialect(),
    authenticate=auth.authenticate,
    authorize=auth.authorize,
    present=auth.present,
    presented=auth.presented,
    collections=(
        CREDENTIALS,
        INTEGRATIONS,
        SNAPSHOTS,
        NODES,
        PENDING_NODES,
        BOLT_RUNS,
        BOLT_COMMANDS,
        BOLT_RESOURCES,
    ),
    graphql_reply=graphql_reply,
    hooks=Hooks.merged(runs.hooks, dinoai.hooks, account.hooks),
)
