"""Errors that a client does not raise on purpose."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import PurePath
from traceback import walk_tb
from types import CodeType, FrameType

__all__ = ["begin_at", "is_crash", "told"]

MISTAKES = (TypeError, AttributeError, LookupError, NameError, ArithmeticError, RecursionError, ValueError)
MODULES = ("builtins", "json.decoder")
RAISED_ON_PURPOSE = (ValueError, Exception)
"""What a client also raises itself, with a sentence: no sign of a mistake."""

INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
FOLDERS = {"site-packages", "dist-packages"}
"""Where packages are, of this environment, of the user or of the system."""

PACKAGES = ("_pytest", "pluggy", "emulator")
"""What runs a test, wherever it is."""


def begin_at(error: BaseException, is_test: Callable[[CodeType], bool]) -> BaseException:
    """Make an error's traceback begin at the test's function, without what has called it; return the error."""
    trace = error.__traceback__
    while trace is not None and not is_test(trace.tb_frame.f_code):
        trace = trace.tb_next
    return error.with_traceback(trace or error.__traceback__)


def is_crash(error: BaseException) -> bool:
    """Return True for an error of Python itself (KeyError, TypeError, JSONDecodeError …) below a test's function.

    Its traceback begins at that. An error of a class of the client's own, or of a library's, is one that its callers
    can expect.
    """
    kind = type(error)
    is_mistake = kind.__module__ in MODULES and isinstance(error, MISTAKES) and kind not in RAISED_ON_PURPOSE
    return is_mistake and any(not code.co_name.startswith("test") for code in _own_code(error)[1:])


def told(error: BaseException) -> str:
    """Return an error in a line: what it says, and where it was raised, unless it is an assertion."""
    kind, text = type(error).__name__, str(error).partition("\n")[0]
    if isinstance(error, AssertionError):
        return text or kind
    where = [code.co_name for code in _own_code(error)]
    return f"{kind}: {text}" + (f" (in {where[-1]})" if where else "")


def _own_code(error: BaseException) -> list[CodeType]:
    """Return what was running, the outermost first, without installed packages."""
    return [frame.f_code for frame, _ in walk_tb(error.__traceback__) if not _is_installed(frame)]


def _is_installed(frame: FrameType) -> bool:
    file, package = frame.f_code.co_filename, str(frame.f_globals.get("__name__")).partition(".")[0]
    return file.startswith((*INSTALLED, "<")) or package in PACKAGES or not FOLDERS.isdisjoint(PurePath(file).parts)
