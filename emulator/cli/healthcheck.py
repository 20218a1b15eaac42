"""`python -m emulator.cli.healthcheck`: exits with 0 if the emulator in this container is ready, else with 1.

It finds the address by the same settings as `serve`, and imports little, because it runs every few seconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from itertools import zip_longest
from pathlib import Path

from emulator.errors import ConfigurationError
from emulator.settings import read_settings

PATH = "/_emulator/ready"
SECONDS = 2.0
FIRST_PROCESS = Path("/proc/1/cmdline")
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""The host to call for a server that listens on every address."""


def main() -> int:
    """Check once; write to the standard error why it is not ready. Return the exit code."""
    try:
        problem = ask(*address(os.environ, served()))
    except ConfigurationError as refusal:
        problem = str(refusal)
    if problem:
        sys.stderr.write(f"emulator: {problem}\n")
    return 1 if problem else 0


def address(environ: Mapping[str, str], words: Sequence[str] = (), folder: Path | None = None) -> tuple[str, int]:
    """Return host and port to call for `emulator serve` with the command line `words`."""
    settings = read_settings(_options(words), environ, folder)
    return LOOPBACK.get(settings.host, settings.host), settings.port


def _options(words: Sequence[str]) -> dict[str, str]:
    found = {}
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        option, sign, value = word.partition("=")
        if option in ("--host", "--port"):
            found[option.removeprefix("--")] = value if sign else following
    return found


def served(file: Path = FIRST_PROCESS) -> Sequence[str]:
    """Return the container's own command line, for `docker run image --port 5000`; () if another process came first."""
    try:
        words = os.fsdecode(file.read_bytes()).split("\0")
    except OSError:
        return ()
    return words if "serve" in words and any(Path(word).name == "emulator" for word in words) else ()


def ask(host: str, port: int) -> str:
    """Ask the emulator at `host` and `port` whether it is ready; return "" or the reason why not."""
    connection = HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", PATH)
        status = connection.getresponse().status
    except (OSError, HTTPException) as problem:
        return f"{host} port {port}: {problem}"
    finally:
        connection.close()
    return "" if status == 200 else f"{host} port {port}: {PATH} returns {status}"


if __name__ == "__main__":
    sys.exit(main())
