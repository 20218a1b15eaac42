"""Whether a live vendor takes the credentials that it is given."""

from __future__ import annotations

from typing import Any

from emulator.compare.archive import RecordedExchange
from emulator.errors import ConfigurationError

REFUSALS = (400, 401, 403)
"""Statuses of calls that vendors refuse for their credentials; the first and the last one for other reasons, too."""


class Admission:
    """Whether a vendor takes the credentials. With wrong ones, only its refusals would be compared."""

    def __init__(self) -> None:
        self._is_admitted = False
        self._refused = ""

    def note(self, operation: str, exchange: RecordedExchange) -> None:
        """Note the reply to a call with credentials, of an operation that needs them.

        Raises ConfigurationError for a 401 before any call is admitted: a vendor may lock out who goes on.
        """
        status = 401 if _is_unauthenticated(exchange.reply.document) else exchange.status
        self._is_admitted |= 200 <= status < 300
        if status in REFUSALS and not self._refused:
            self._refused = f"credentials: {operation} got {exchange.status}"
        if status == 401 and not self._is_admitted:
            raise ConfigurationError(self._refused)

    def require(self) -> None:
        """Raise ConfigurationError if calls were refused, and none was admitted."""
        if self._refused and not self._is_admitted:
            raise ConfigurationError(self._refused)


def _is_unauthenticated(result: Any) -> bool:
    """Return True for a GraphQL result with the error code that servers share for missing or wrong credentials."""
    errors = result.get("errors") if isinstance(result, dict) else None
    found = errors if isinstance(errors, list) else []
    codes = [one.get("extensions") for one in found if isinstance(one, dict)]
    return any(isinstance(one, dict) and one.get("code") == "UNAUTHENTICATED" for one in codes)
