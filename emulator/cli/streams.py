"""The standard streams of the process: there, in UTF-8, and what cannot be written is a sentence."""

from __future__ import annotations

import io
import os
import sys

import click

from emulator.errors import ConfigurationError

STANDARD = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def open_standard_streams() -> None:
    """Open the null device in the place of a stream that is closed (`emulator serve >&-`), and read and write UTF-8.

    A socket would else get the number of the closed one, and lines of the log would go into a client's connection.
    """
    for number, name, mode in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            # A file's name that is not UTF-8 came in that way, and goes out as it is.
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def say(text: str) -> None:
    """Write a line to the standard output. Raises ConfigurationError if it cannot be written, as on a full disk."""
    try:
        click.echo(text)
    except BrokenPipeError:
        # `emulator operations | head` is no mistake; click ends the process.
        raise
    except OSError as problem:
        give_up_output()
        reason = (problem.strerror or str(problem)).lower()
        raise ConfigurationError(f"the standard output cannot be written: {reason}") from None


def give_up_output() -> None:
    """Point the standard output at the null device: else what is still buffered fails again when the process ends."""
    output = sys.__stdout__
    if output is not None and sys.stdout is output:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, output.fileno())
        os.close(null)
