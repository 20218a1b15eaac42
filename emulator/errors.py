"""The exceptions of handlers and of the client, and the sentence for an unknown name."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

from emulator.reply import NOTHING, PROBLEM, Reply, Violation, steps_of

__all__ = [
    "ConfigurationError",
    "ContractError",
    "EmulatorError",
    "FieldError",
    "MalformedBody",
    "Refusal",
    "UndecodableBody",
]

FEW = 12
"""How many known names a sentence lists at most."""

NEAREST = 3
OF_A_WRONG_KIND = ("type", "oneOf", "anyOf", "format", "pattern", "minItems", "minProperties", "maxProperties")
"""The rules that a value violates as a whole: an example shows what is right."""

LONGEST_NAME = 100
"""In characters: a longer name is neither compared nor quoted as a whole."""


def unknown(
    kind: str, name: object, known: Iterable[object], where: str = "", *, plural: str = "", listed_by: str = ""
) -> str:
    """Return the sentence for an unknown name, without its full stop: the nearest names and the known ones.

    `where` follows the name ("for celigo"), `plural` is the plural of `kind`, `listed_by` is what lists all names if
    there are too many for a sentence ("`emulator scenarios`"); without it the sentence names the first few.
    """
    names = [str(one) for one in known]
    near = near_names(name, names) if len(names) > FEW else near_names(name, names, 1, 0.6)
    guess = f". Did you mean {_either(near)}? " if near else ". "
    said = f"unknown {kind} {_quoted(name)}{where and f' {where}'}"
    return said + guess + _listed(names, plural or f"{kind}s", listed_by, bool(near))


def unknown_scenario(pattern: str, names: Sequence[str]) -> str:
    """Return the sentence for a pattern that matches no scenario; for a name without a vendor, list its vendors."""
    full_names = [name for name in names if name.endswith(f"/{pattern}")]
    if full_names:
        return f"the scenario {pattern!r} needs its vendor; write {', '.join(full_names)} or */{pattern}"
    return unknown("scenario", pattern, names, listed_by="`emulator scenarios`")


def explained(violation: Violation) -> str:
    """Return the sentence of a violation for the document's author: what is allowed there, and an example."""
    if violation.rule == "enum" and all(isinstance(value, str) for value in violation.expected):
        return unknown("value", violation.actual, violation.expected)
    if violation.rule == "additionalProperties" and violation.known is not None:
        name = steps_of(violation.pointer)[-1]
        return unknown("query parameter" if violation.place == "query" else "field", name, violation.known)
    if violation.rule not in OF_A_WRONG_KIND:
        return violation.sentence
    told = [violation.sentence]
    if violation.example is not NOTHING:
        told.append(f"Write it like {json.dumps(violation.example, ensure_ascii=False)}")
    if violation.known:
        told.append(_listed(list(violation.known), "fields"))
    return ". ".join(told)


def near_names(name: object, known: Sequence[str], most: int = NEAREST, cutoff: float = 0.4) -> list[str]:
    """Return known names with a similar spelling, the nearest first."""
    return get_close_matches(str(name)[:LONGEST_NAME], known, most, cutoff)


def sentence(text: object) -> str:
    """Return a text with a capital letter at the start and a full stop at the end."""
    said = str(text)
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?', '…')) else '.'}"


def spelled(value: object) -> str:
    """Return a word, a number or a boolean as users write it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(names: Sequence[str], plural: str, listed_by: str = "", has_near: bool = True) -> str:
    if not names:
        return f"There are no {plural}"
    if listed_by and len(names) > FEW:
        some = "" if has_near else f"Some {plural}: {', '.join(names[:NEAREST])}. "
        return f"{some}{listed_by} lists all {plural}"
    more = len(names) - FEW
    return f"Known {plural}: {', '.join(names[:FEW])}" + (f" and {more} more" if more > 0 else "")


def _quoted(name: object) -> str:
    text = str(name)
    return repr(text) if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]!r}…"


def _either(names: Sequence[str]) -> str:
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}" if others else last


class Refusal(Exception):
    """The vendor refuses the call: the pipeline rolls back and sends `reply`.

    `violations` say what is wrong with the call, if that is the reason and no schema of the contract says so; they
    are empty if the reason is missing rights, the state of the records or a limit.
    """

    def __init__(self, reply: Reply, violations: Sequence[Violation] = ()) -> None:
        super().__init__(f"{reply.status}: {reply.document!r}")
        self.reply = reply
        self.violations = violations


class FieldError(Exception):
    """A GraphQL root field fails: its writes are rolled back, `message` is added to `errors`."""

    def __init__(self, message: str, extensions: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = dict(extensions or {})


class Departure(Exception):
    """The call violates the contract so badly that nothing else in it is validated.

    `violation` says where.
    """

    violation: Violation


class MalformedBody(Departure):
    """The body does not match its content type: `problem` says why; str() adds the `place`, if known."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"{problem}: {place}" if place else problem)
        self.problem = problem
        self.violation = Violation("body", "", "contentEncoding", "as its type says", NOTHING, str(self))


class UndecodableBody(Departure):
    """The body cannot be decompressed: str() says why, in zlib's words ("incorrect header check")."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        sentence = f"cannot be decompressed: {problem}"
        self.violation = Violation("body", "", "contentEncoding", "as its encoding says", NOTHING, sentence)


class StorageFailure(Exception):
    """A sandbox's records cannot be read or written: the disk is full or fails."""


class WorkEnded(StorageFailure):
    """The call lost its records: the emulator is stopping, the sandbox was closed, or a snapshot was restored."""


def is_without_room(failure: Exception) -> bool:
    """Return True if the failure comes from a full or failing disk, and is not an internal error."""
    no_room = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
    return isinstance(failure, StorageFailure) or (isinstance(failure, OSError) and failure.errno in no_room)


def reason_of(problem: OSError) -> str:
    """Return why the system refused a file, as a sentence ends: "permission denied"."""
    return (problem.strerror or str(problem)).lower()


class ConfigurationError(Exception):
    """A user's setting, fixture or contract is invalid: one sentence, with the fix."""


class ContractError(ConfigurationError):
    """A contract, or the code bound to it, is invalid."""


# Here, not in emulator.client: the command line always needs it, the client only for some commands.
class EmulatorError(Exception):
    """The emulator refused a call or did not reply: str() is its own sentence, in the words of Python.

    `status` is the HTTP status, 0 without a reply; `detail` is the sentence in the words of HTTP.
    """

    def __init__(self, sentence: str, status: int = 0, detail: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.detail = detail or sentence


class Problem(Exception):
    """A call that the emulator itself refuses: a status and one sentence that names the fix."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}

    def reply(self) -> Reply:
        """Return the problem details document."""
        title = HTTPStatus(self.status).phrase
        document = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        return Reply(self.status, document, dict(self.headers), content_type=PROBLEM)


class RefusedHeader(Problem, Departure):
    """An invalid header; `rule` says which rule it violates, as in a violation."""

    def __init__(self, status: int, detail: str, name: str, rule: str, value: str) -> None:
        super().__init__(status, detail)
        self.violation = Violation("header", f"/{name.lower()}", rule, NOTHING, value, detail)
