"""Drives the paradime-io SDK, oldest or newest, as its users do; prints what it saw as JSON."""

import importlib
import json
import sys

from paradime import Paradime

try:
    types = importlib.import_module("paradime.apis.custom_integration.types")
except ImportError:
    types = importlib.import_module("paradime.apis.custom_integration_types")


def connect(key="paradime-key", secret="paradime-secret"):
    return Paradime(api_key=key, api_secret=secret, api_endpoint=sys.argv[1]).custom_integration


def chart(number):
    return types.NodeChartLike(
        name=f"Chart {number}",
        node_type="Chart",
        lineage=types.Lineage(
            upstream_dependencies=[
                types.LineageDependencyDbtObject(database_name="db", schema_name=None, table_name="orders")
            ]
        ),
        attributes=types.NodeChartLikeAttributes(tags=["a"], created_at=1700000000),
    )


def upsert_twice():
    api = connect()
    kinds = [types.NodeType(node_type="Chart", icon_name=None, color=types.NodeColor.CYAN)]
    first = api.upsert(name="Reports", node_types=kinds)
    second = api.upsert(name="Reports", node_types=kinds)
    found = api.get_by_name("Reports")
    return {"same": first.uid == second.uid == found.uid, "color": found.node_types[0].color, "active": found.is_active}


def add_nodes():
    api = connect()
    uid = api.create(name="Charts", logo_url=None, node_types=[types.NodeType(node_type="Chart")])
    api.add_nodes(integration_uid=uid, nodes=[chart(number) for number in range(int(sys.argv[3]))])
    return uid


def deactivate():
    api = connect()
    uid = api.create(
        name="Old", logo_url="https://example.com/logo.png", node_types=[types.NodeType(node_type="Chart")]
    )
    api.update(integration_uid=uid, active=False)
    fresh = api.upsert(name="Old", node_types=[types.NodeType(node_type="Chart")])
    old = next(integration for integration in api.list_all() if integration.uid == uid)
    return {"old_is_active": old.is_active, "a_new_one_was_made": fresh.uid != uid, "name": old.name}


def wrong_key():
    try:
        connect("nobody", "nothing").list_all()
    except Exception as problem:
        return {"raised": type(problem).__name__, "text": str(problem)}


def unknown_integration():
    try:
        connect().update(integration_uid="nowhere", active=False)
    except Exception as problem:
        return {"raised": type(problem).__name__, "text": str(problem)}


print(json.dumps(globals()[sys.argv[2]]()))
