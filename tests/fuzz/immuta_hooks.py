"""What Schemathesis does not know: a value of the parameter `handlerType` is a path of its own."""

from __future__ import annotations

from typing import Any

import schemathesis

KIND = {"$ref": "#/components/parameters/HandlerType"}


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Replace the paths for each kind of database by those for one."""
    paths = raw_schema["paths"]
    for path in [path for path in paths if "{handlerType}" in path]:
        paths[path.replace("{handlerType}", "pg")] = operations = paths.pop(path)
        for operation in operations.values():
            operation["parameters"].remove(KIND)
