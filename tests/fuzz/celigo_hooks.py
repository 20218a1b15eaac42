"""What Schemathesis cannot make: bodies for conditions by type. It gets an alternative for each type instead."""

from __future__ import annotations

import json
from typing import Any

import schemathesis

from emulator.files.package_data import CONTRACTS


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Replace the schema of written connections by an equivalent one without if and then."""
    schema = json.loads((CONTRACTS / "celigo" / "schemas" / "connection-written.schema.json").read_text("utf-8"))
    conditions = schema.pop("allOf")
    schema["anyOf"] = [{**one["if"], "required": ["type", *one["then"]["required"]]} for one in conditions]
    for path, method in (("/connections", "post"), ("/connections/{_id}", "put"), ("/connections/ping", "post")):
        raw_schema["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"] = schema
