"""Reads the recipes of CONTRIBUTING.md, and follows them in a copy of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w./<>-]+/[\w./<>-]+\.\w+)`")
LEFT_OUT = shutil.ignore_patterns(".*", "dist", "site")


@dataclass(frozen=True)
class Block:
    """A fenced block: a diff to the file that the text before it names last, or the whole of it."""

    file: str
    kind: str
    text: str


@dataclass
class Recipe:
    """One recipe: what it writes, and the commands that it has run."""

    title: str
    text: str
    blocks: list[Block] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def files(self) -> set[str]:
        """Return the files that it writes."""
        return {block.file for block in self.blocks}


def recipes() -> list[Recipe]:
    """Return the recipes of the page."""
    _, *sections = re.split(r"^### ", PAGE.read_text("utf-8").partition("\n## Recipes\n")[2], flags=re.MULTILINE)
    return [_read(*section.split("\n", 1)) for section in sections]


def _read(title: str, text: str) -> Recipe:
    recipe, file = Recipe(title, text), ""
    end = 0
    for match in BLOCK.finditer(text):
        named = NAMED.findall(text[end : match.start()])
        file, end = named[-1] if named else file, match.end()
        _, kind, body = match.groups()
        if kind == "sh":
            recipe.commands += dedent(body).splitlines()
        else:
            recipe.blocks.append(Block(file, kind, dedent(body)))
    return recipe


def applied(block: Block, before: str | None) -> str:
    """Return the text of a block's file after it is followed. Raises AssertionError where it does not fit `before`."""
    if block.kind != "diff":
        assert before is None, f"{block.file} is there already"
        return block.text
    assert before is not None, f"there is no {block.file} to change"
    lines = block.text.splitlines(keepends=True)
    former = "".join(line[1:] for line in lines if line[0] != "+")
    latter = "".join(line[1:] for line in lines if line[0] != "-")
    if not former:
        return before + latter
    assert before.count(former) == 1, f"{block.file} has {before.count(former)} times:\n{former}"
    return before.replace(former, latter)


def follow(recipe: Recipe, folder: Path) -> None:
    """Write what a recipe writes into a copy of the repository."""
    for block in recipe.blocks:
        file = folder / block.file
        text = applied(block, file.read_text("utf-8") if file.exists() else None)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def copy_repository(folder: Path) -> None:
    """Copy what a fresh clone has, and compiled files, which spare half of the time."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, dirs_exist_ok=True)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a recipe in a copy, with the environment that these tests run in."""
    programs = Path(sys.executable).parent
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "PYTEST_"))}
    return subprocess.run(
        command.replace(".venv/bin/", f"{programs}/"),
        shell=True,
        cwd=folder,
        env={**variables, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
