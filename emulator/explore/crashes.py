"""Errors that a client does not raise on purpose."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from traceback import walk_tb
from types import CodeType

__all__ = ["is_crash", "told"]

MISTAKES = (TypeError, AttributeError, LookupError, NameError, ArithmeticError, RecursionError, ValueError)
MODULES = ("builtins", "json.decoder")
RAISED_ON_PURPOSE = (ValueError, Exception)
"""What a client also raises itself, with a sentence: no sign of a mistake."""

INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def is_crash(error: BaseException) -> bool:
    """Return True for an error of Python itself (KeyError, TypeError, JSONDecodeError …) below a test's function.

    An error of a class of the client's own, or of a library's, is one that its callers can expect.
    """
    kind = type(error)
    is_mistake = kind.__module__ in MODULES and isinstance(error, MISTAKES) and kind not in RAISED_ON_PURPOSE
    return is_mistake and any(not code.co_name.startswith("test") for code in _own_code(error))


def told(error: BaseException) -> str:
    """Return an error in a line: what it says, and where it was raised, unless it is an assertion."""
    kind, text = type(error).__name__, str(error).partition("\n")[0]
    if isinstance(error, AssertionError):
        return text or kind
    where = [code.co_name for code in _own_code(error)]
    return f"{kind}: {text}" + (f" (in {where[-1]})" if where else "")


def _own_code(error: BaseException) -> Iterator[CodeType]:
    """Yield what was running, the outermost first, without installed packages."""
    for frame, _ in walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.startswith((*INSTALLED, "<")):
            yield frame.f_code
