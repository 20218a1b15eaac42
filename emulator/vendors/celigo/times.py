"""Times in queries."""

from __future__ import annotations

from datetime import UTC, datetime

from emulator.exchange import timestamp
from emulator.vendors.celigo.errors import error, refusal


def time_in(name: str, written: str) -> str:
    """Return the time in a query parameter as times are stored. Raises Refusal (400).

    ISO 8601, a date, or milliseconds since 1970 (Celigo developer pages, Jobs).
    """
    try:
        if written.isdigit():
            return timestamp(datetime.fromtimestamp(int(written) / 1000, UTC))
        read = datetime.fromisoformat(written)
        return timestamp(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        raise refusal(400, error("invalid_query_params", f"The query parameter {name} is not valid.")) from None
