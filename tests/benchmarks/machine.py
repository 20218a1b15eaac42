"""The machine and the versions that the figures were measured with."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from emulator import __version__

OWN_LIBRARIES = ("aiohttp", "uvloop", "aiosqlite", "ariadne", "orjson", "jsonschema-rs")


def describe_machine() -> dict[str, str | int | float]:
    """Return processor, cores, memory, system, and the load of the machine beforehand."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(memory / 1024**3, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(peers: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of the emulator and all peers."""
    found = {"emulator": __version__, "Python": platform.python_version()}
    found |= {library: version(library) for library in OWN_LIBRARIES}
    found |= {
        "Node.js": _printed("node", "--version"),
        "Java": _printed("java", "--version"),
        "wrk": _printed("wrk", "-v"),
    }
    return {name: text for name, text in {**found, **peers}.items() if text}


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _printed(*command: str) -> str:
    """Return the first line that a command prints, or "" if it is not installed."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    first = (done.stdout + done.stderr).strip().splitlines()[0]
    return first.partition(" Copyright")[0].removeprefix(f"{command[0]} ")
