"""The artifacts that dbt's commands leave in `target/`, of a project with one model.

Which command leaves which: dbt documentation, dbt Artifacts. Their content is made up, and follows dbt's schemas:
nodes have the fields that dbt 1.9 writes and that its readers expect, empty ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Content = dict[str, Any]

RUNNING: Final = ("build", "compile", "docs generate", "retry", "run", "seed", "snapshot", "test")
WRITTEN_BY: Final = {
    "target/manifest.json": (*RUNNING, "parse", "source freshness"),
    "target/run_results.json": RUNNING,
    "target/sources.json": ("source freshness",),
    "target/catalog.json": ("docs generate",),
}
MODEL: Final = "model.analytics.orders"
SOURCE: Final = "source.analytics.shop.orders"


def artifacts_of(command: str, invocation: str, began: str) -> Iterator[tuple[str, Content]]:
    """Yield path and content of what a command leaves; `invocation` is its id, `began` a time."""
    for path, commands in WRITTEN_BY.items():
        if command.startswith(tuple(f"dbt {one}" for one in commands)):
            yield path, _CONTENT[path](invocation, f"{began.replace(' ', 'T')}Z")


def _metadata(kind: str, invocation: str, time: str) -> Content:
    return {
        "dbt_schema_version": f"https://schemas.getdbt.com/dbt/{kind}.json",
        "dbt_version": "1.9.1",
        "generated_at": time,
        "invocation_id": invocation,
        "env": {},
    }


def _node(unique_id: str, kind: str, schema: str, path: str) -> Content:
    name = unique_id.rpartition(".")[2]
    return {
        "unique_id": unique_id,
        "resource_type": kind,
        "name": name,
        "database": "analytics",
        "schema": schema,
        "package_name": "analytics",
        "path": path,
        "original_file_path": f"models/{path}",
        "fqn": ["analytics", name],
        "relation_name": f"analytics.{schema}.{name}",
        "description": "",
        "columns": {},
        "tags": [],
        "meta": {},
        "patch_path": None,
        "unrendered_config": {},
    }


def _model() -> Content:
    return {
        **_node(MODEL, "model", "marts", "orders.sql"),
        "alias": "orders",
        "checksum": {"name": "sha256", "checksum": ""},
        "depends_on": {"macros": [], "nodes": [SOURCE]},
        "config": {"enabled": True, "schema": None, "tags": [], "meta": {}, "group": None, "materialized": "table"},
        "group": None,
        "language": "sql",
        "raw_code": "select * from {{ source('shop', 'orders') }}",
        "refs": [],
        "sources": [["shop", "orders"]],
    }


def _source() -> Content:
    return {
        **_node(SOURCE, "source", "shop", "sources.yml"),
        "path": "models/sources.yml",
        "fqn": ["analytics", "shop", "orders"],
        "source_name": "shop",
        "source_description": "",
        "source_meta": {},
        "loader": "",
        "identifier": "orders",
        "config": {"enabled": True},
    }


def _manifest(invocation: str, time: str) -> Content:
    empty = (
        "macros", "docs", "exposures", "metrics", "groups", "selectors", "disabled", "group_map", "saved_queries",
        "semantic_models", "unit_tests",
    )  # fmt: skip
    return {
        "metadata": {**_metadata("manifest/v12", invocation, time), "project_name": "analytics"},
        "nodes": {MODEL: _model()},
        "sources": {SOURCE: _source()},
        "parent_map": {MODEL: [SOURCE], SOURCE: []},
        "child_map": {MODEL: [], SOURCE: [MODEL]},
        **{name: {} for name in empty},
    }


def _run_results(invocation: str, time: str) -> Content:
    result = {
        "unique_id": MODEL,
        "status": "success",
        "timing": [{"name": name, "started_at": time, "completed_at": time} for name in ("compile", "execute")],
        "thread_id": "Thread-1",
        "execution_time": 1.0,
        "adapter_response": {},
        "message": "SUCCESS 1",
        "failures": None,
        "compiled": True,
        "compiled_code": "select * from analytics.shop.orders",
        "relation_name": "analytics.marts.orders",
    }
    return {
        "metadata": _metadata("run-results/v6", invocation, time),
        "results": [result],
        "elapsed_time": 1.0,
        "args": {},
    }


def _sources(invocation: str, time: str) -> Content:
    result = {
        "unique_id": SOURCE,
        "max_loaded_at": time,
        "snapshotted_at": time,
        "max_loaded_at_time_ago_in_s": 0.0,
        "status": "pass",
        "criteria": {"warn_after": {"count": 12, "period": "hour"}, "error_after": None, "filter": None},
        "adapter_response": {},
        "timing": [],
        "thread_id": "Thread-1",
        "execution_time": 1.0,
    }
    return {"metadata": _metadata("sources/v3", invocation, time), "results": [result], "elapsed_time": 1.0}


def _catalog(invocation: str, time: str) -> Content:
    column = {"type": "NUMBER", "index": 1, "name": "ID", "comment": None}
    table = {
        "type": "TABLE",
        "schema": "marts",
        "name": "orders",
        "database": "analytics",
        "comment": None,
        "owner": None,
    }
    node = {"metadata": table, "columns": {"ID": column}, "stats": {}, "unique_id": MODEL}
    return {
        "metadata": _metadata("catalog/v1", invocation, time),
        "nodes": {MODEL: node},
        "sources": {},
        "errors": None,
    }


_CONTENT: Mapping[str, Callable[[str, str], Content]] = {
    "target/manifest.json": _manifest,
    "target/run_results.json": _run_results,
    "target/sources.json": _sources,
    "target/catalog.json": _catalog,
}
