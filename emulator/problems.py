"""The emulator's own errors, as opposed to a vendor's: RFC 9457 problem details that name the fix."""

from __future__ import annotations

from http import HTTPStatus

from emulator.errors import Departure
from emulator.exchange import NOTHING, Reply, Violation

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """What the emulator itself refuses: a status and one sentence that names the fix."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}

    def reply(self) -> Reply:
        """Return the problem details document."""
        title = HTTPStatus(self.status).phrase
        document = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        return Reply(self.status, document, dict(self.headers), content_type=MEDIA_TYPE)


class RefusedHeader(Problem, Departure):
    """A header that cannot be meant as it is; `rule` says what it departs from, as in a violation."""

    def __init__(self, status: int, detail: str, name: str, rule: str, value: str) -> None:
        super().__init__(status, detail)
        self.violation = Violation("header", f"/{name.lower()}", rule, NOTHING, value, detail)
