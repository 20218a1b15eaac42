"""The standard streams of the process: open, in UTF-8, and with a sentence if they cannot be written."""

from __future__ import annotations

import io
import os
import sys

import click

from emulator.errors import ConfigurationError, reason_of

STANDARD = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def open_standard_streams() -> None:
    """Replace closed streams by the null device (`emulator serve >&-`), and read and write UTF-8.

    Otherwise a socket would get the number of the closed stream, and log lines would go into a client's connection.
    """
    for number, name, mode in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            # This one gets the lowest free number.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            # A file name that is not UTF-8 is written as it was read.
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def say(text: str) -> None:
    """Write a line to the standard output. Raises ConfigurationError if it cannot be written, as on a full disk."""
    try:
        click.echo(text)
    except BrokenPipeError:
        # `emulator operations | head` is not a mistake; click ends the process.
        raise
    except OSError as problem:
        give_up_output()
        raise ConfigurationError(f"the standard output cannot be written: {reason_of(problem)}") from None


def warn(sentence: str) -> None:
    """Write a sentence to the standard error, as errors are written."""
    click.echo(f"emulator: {sentence}", err=True)


def give_up_output() -> None:
    """Redirect the standard output to the null device: otherwise buffered output fails again at exit."""
    output = sys.__stdout__
    if output is not None and sys.stdout is output:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, output.fileno())
        os.close(null)
