"""Whether a live vendor takes the credentials that it is given."""

from __future__ import annotations

from typing import Any

from emulator.compare.archive import RecordedExchange
from emulator.compare.live import Interrupted
from emulator.errors import ConfigurationError

REFUSALS = (400, 401, 403)
"""Statuses of calls that vendors refuse for their credentials; the first and the last one for other reasons, too."""

MOST_IN_VAIN = 5
"""So many calls in a row with credentials that were taken before, and are not any more: they have expired."""


class Admission:
    """Whether a vendor takes the credentials. With wrong ones, only its refusals would be compared."""

    def __init__(self) -> None:
        self._is_admitted = False
        self._refused = ""
        self._in_vain = 0

    def note(self, operation: str, exchange: RecordedExchange) -> None:
        """Note the reply to a call with credentials, of an operation that needs them.

        Raises ConfigurationError for a 401 before any call is admitted, Interrupted for several in a row after that:
        a vendor may lock out who goes on.
        """
        status = 401 if _is_unauthenticated(exchange.reply.document) else exchange.status
        self._is_admitted |= 200 <= status < 300
        if status in REFUSALS and not self._refused:
            self._refused = f"credentials: {operation} got {exchange.status}"
        if status == 401 and not self._is_admitted:
            raise ConfigurationError(self._refused)
        self._in_vain = self._in_vain + 1 if status == 401 else 0
        if self._in_vain == MOST_IN_VAIN:
            raise Interrupted(f"credentials: {MOST_IN_VAIN} operations in a row got 401, {operation} the last one")

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
