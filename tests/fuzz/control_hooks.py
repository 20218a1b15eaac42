"""What Schemathesis cannot know: how a SQLite file is sent."""

from __future__ import annotations

import schemathesis


@schemathesis.serializer("application/vnd.sqlite3")
def sqlite_file(context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send whatever was generated as bytes."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
