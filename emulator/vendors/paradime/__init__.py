"""Paradime: the Custom Integration API, GraphQL over one endpoint."""

from __future__ import annotations

from typing import Any

from emulator.exchange import Reply
from emulator.vendor import Flags, Vendor
from emulator.vendors.paradime import auth, integrations, nodes
from emulator.vendors.paradime.collections import CREDENTIALS, INTEGRATIONS, NODES, PENDING_NODES, SNAPSHOTS
from emulator.vendors.paradime.errors import ParadimeDialect


def graphql_reply(result: dict[str, Any], flags: Flags) -> Reply:
    """Wrap a GraphQL result: "a GraphQL error is a 200" (vendor's SDK, tests/unit/test_transport.py).

    Whether that holds for a request that never ran is not known: a flag tells. Such a result has no data, since
    every root field may be null: the document did not parse or validate, or a variable did not fit its type.
    """
    return Reply(flags["validation_error_status"] if result.get("data") is None else 200, result)


vendor = Vendor(
    name="paradime",
    title="Paradime",
    handlers=(integrations.handlers, nodes.handlers),
    dialect=ParadimeDialect(),
    authenticate=auth.authenticate,
    authorize=auth.authorize,
    present=auth.present,
    collections=(CREDENTIALS, INTEGRATIONS, SNAPSHOTS, NODES, PENDING_NODES),
    graphql_reply=graphql_reply,
)
