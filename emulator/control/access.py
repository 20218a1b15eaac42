"""Who may call the control API, if the setting control_token is set: by that, or by a sandbox's own token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from emulator.contract.operation import Operation
from emulator.control.handlers import Emulator
from emulator.errors import Problem
from emulator.sandbox.sandbox import Sandbox
from emulator.store.credentials import bearer_in

OPEN_TO_EACH_SANDBOX = ("listOperations", "listAssumptions", "listSandboxes")
"""Operations beside those of one sandbox that its token opens: what its calls may be, and itself."""


def check_token(headers: Mapping[str, str], operation: Operation, name: str | None, emulator: Emulator) -> None:
    """Require the control token or, for an operation on the sandbox `name`, that sandbox's own. Raises Problem."""
    token = emulator.settings.control_token
    if not token or not operation.secured:
        return
    is_open = operation.name in OPEN_TO_EACH_SANDBOX
    sandbox = emulator.sandboxes.get(name) if name is not None else None
    sandboxes = list(emulator.sandboxes) if is_open else [sandbox] if sandbox else []
    given = bearer_in(headers)
    if not any(_is_same(given, one) for one in (token, *(sandbox.token for sandbox in sandboxes))):
        # The same words for an unknown sandbox: without a token nobody learns names.
        whose = "a sandbox" if is_open else "" if name is None else f"the sandbox {name!r}"
        own = whose and f", or the token of {whose},"
        readers = "commands and pytest read EMULATOR_CONTROL_TOKEN"
        detail = f"Send the setting control_token{own} as Authorization: Bearer TOKEN; {readers}."
        raise Problem(401, detail, {"WWW-Authenticate": "Bearer"})


def seen_by(headers: Mapping[str, str], emulator: Emulator) -> Sequence[Sandbox]:
    """Return the sandboxes that a caller may see, oldest first: all, or that whose token it sends."""
    given = bearer_in(headers)
    return [one for one in emulator.sandboxes if _is_same(given, one.token)] or list(emulator.sandboxes)


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(_bytes(given), _bytes(token))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
