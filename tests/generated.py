"""Writes the parts of README.md that are counted from the code, or checks that they are up to date.

python -m tests.generated [--check]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from emulator.app import Catalogue, read_catalogue
from emulator.control.api import describe_operations
from emulator.settings import SETTINGS, Setting

README = Path(__file__).parent.parent / "README.md"


def operations(catalogue: Catalogue) -> Iterator[str]:
    """The table of operations."""
    yield "| vendor | operation | call | answers | known from |"
    yield "|---|---|---|---|---|"
    for operation in describe_operations(catalogue.contracts):
        title = catalogue.contracts[operation["vendor"]].title
        statuses = " ".join(str(status) for status in operation["statuses"] if status < 400)
        evidence = operation["evidence"]
        call = f"{operation['method']} `{operation['path']}`"
        if operation["method"] in ("query", "mutation"):
            call = f"GraphQL {operation['method']}"
        source = f"{evidence['level']}: {evidence['source']}"
        yield f"| {title} | `{operation['operation']}` | {call} | {statuses} | {source} |"


def settings(catalogue: Catalogue) -> Iterator[str]:
    """The table of settings."""
    yield "| flag | variable | in emulator.toml | default | what it does |"
    yield "|---|---|---|---|---|"
    for setting in SETTINGS:
        yield f"| `{setting.flag}` | `{setting.variable}` | `{setting.name}` | {_default(setting)} | {setting.help} |"


def flags(catalogue: Catalogue) -> Iterator[str]:
    """The table of switches."""
    yield "| switch | takes (default first) | what it decides |"
    yield "|---|---|---|"
    for vendor, contract in catalogue.contracts.items():
        for flag in contract.flags.values():
            others = [choice for choice in flag.choices if choice != flag.default]
            choices = ", ".join(f"`{str(choice).lower()}`" for choice in (flag.default, *others))
            yield f"| `{vendor}.{flag.name}` | {choices} | {flag.description} |"


def _default(setting: Setting) -> str:
    if setting.default in ("", ()):
        return "none"
    return f"`{str(setting.default).lower()}`"


SECTIONS: Mapping[str, Callable[[Catalogue], Iterator[str]]] = {
    "operations": operations,
    "settings": settings,
    "switches": flags,
}


def write(text: str, catalogue: Catalogue) -> str:
    """Return the README's text with every generated section made anew."""
    for name, section in SECTIONS.items():
        start, end = f"<!-- generated: {name} -->", "<!-- end -->"
        pattern = re.compile(f"({re.escape(start)}\n).*?({re.escape(end)})", re.DOTALL)
        if not pattern.search(text):
            raise LookupError(f"README.md has no section between {start} and {end}")
        body = "\n".join(section(catalogue))
        text = pattern.sub(lambda match, body=body: f"{match[1]}{body}\n{match[2]}", text)  # type: ignore[misc]
    return text


def main() -> int:
    """Write README.md, or with --check say whether it is up to date."""
    before = README.read_text()
    after = write(before, read_catalogue())
    if "--check" in sys.argv and before != after:
        sys.stderr.write("README.md is not up to date; run `make format`\n")
        return 1
    README.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
