"""The command `emulator`, and `python -m emulator`."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line; a signal that arrives before `serve` handles it ends the process with 0.

    The first process of a container gets only signals that it handles, and the imports take a while.
    """
    if sys.argv[1:2] == ["serve"]:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: os._exit(0))
    try:
        from emulator.cli import main as cli, streams  # noqa: PLC0415, I001
    except ModuleNotFoundError as problem:
        sys.exit(
            f"emulator: The package {problem.name} is missing: the command needs the dependencies, unlike a client."
        )
    streams.open_standard_streams()
    cli.main()


if __name__ == "__main__":
    main()
