"""What handlers raise, what is an internal error, and what the client of the control API raises."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from emulator.exchange import NOTHING, Reply, Violation


class Refusal(Exception):
    """The vendor refuses the call: the pipeline rolls back and answers `reply`.

    `violations` say what was sent that no schema of the contract forbids, where it is that, and not rights, the state
    of the records or a limit, that the call is refused for.
    """

    def __init__(self, reply: Reply, violations: Sequence[Violation] = ()) -> None:
        super().__init__(f"{reply.status}: {reply.document!r}")
        self.reply = reply
        self.violations = violations


class FieldError(Exception):
    """A GraphQL root field fails: its writes are rolled back, `message` goes under `errors`."""

    def __init__(self, message: str, extensions: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = dict(extensions or {})


class Departure(Exception):
    """What the client sent departs from the contract so far that nothing else of it is looked at.

    `violation` says where.
    """

    violation: Violation


class MalformedBody(Departure):
    """The body is not what its content type says: `problem` says why, str() also at which `place` if that is known."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"{problem}: {place}" if place else problem)
        self.problem = problem
        self.violation = Violation("body", "", "contentEncoding", "as its type says", NOTHING, str(self))


class UndecodableBody(Departure):
    """The body does not unpack: str() says why, in zlib's words ("incorrect header check")."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        sentence = f"does not unpack: {problem}"
        self.violation = Violation("body", "", "contentEncoding", "as its encoding says", NOTHING, sentence)


class StorageFailure(Exception):
    """A sandbox's records cannot be read or written: the disk is full, or fails."""


class WorkEnded(StorageFailure):
    """The records were taken away: the emulator is stopping, the sandbox is closed, or others were restored."""


def is_without_room(failure: Exception) -> bool:
    """Return True if something failed because a disk is full, or fails: no defect of ours."""
    no_room = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
    return isinstance(failure, StorageFailure) or (isinstance(failure, OSError) and failure.errno in no_room)


class ConfigurationError(Exception):
    """Something the user gave (a setting, a fixture, a contract) is wrong: one sentence, with the fix."""


class ContractError(ConfigurationError):
    """A contract, or the code bound to it, is wrong."""


# Here, and not in emulator.client: the command line needs it always, the client for some commands only.
class EmulatorError(Exception):
    """The emulator refused a call, or did not answer: str() is its own sentence.

    `status` is the HTTP status, 0 if there was no answer.
    """

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.status = status


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
