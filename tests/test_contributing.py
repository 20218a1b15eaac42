"""CONTRIBUTING.md fits the repository: its recipes can be followed, its files and commands are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emulator.settings import SETTINGS
from tests.recipes import NAMED, PAGE, ROOT, Recipe, applied, recipes

RECIPES = recipes()
MOST_FILES = 5


def test_there_is_a_recipe_for_each_of_the_common_changes() -> None:
    assert [recipe.title for recipe in RECIPES] == [
        "Add an operation to a vendor",
        "Add a vendor",
        "Add a fault kind",
        "Add a setting",
        "Add a control route",
    ]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_fits_the_files_as_they_are(recipe: Recipe) -> None:
    texts: dict[str, str | None] = {}
    for block in recipe.blocks:
        file = ROOT / block.file
        before = texts.get(block.file, file.read_text("utf-8") if file.exists() else None)
        texts[block.file] = applied(block, before)
    assert recipe.commands


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_touches_few_files_a_test_among_them(recipe: Recipe) -> None:
    assert len(recipe.files) <= MOST_FILES
    assert [name for name in recipe.files if name.startswith("tests/")]


def test_every_file_that_the_page_names_is_there_or_written_by_a_recipe() -> None:
    written = {name for recipe in RECIPES for name in recipe.files}
    named = set(NAMED.findall(PAGE.read_text("utf-8"))) - written
    assert [name for name in named if "<" not in name and not (ROOT / name).exists()] == []


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text("utf-8"))
    assert [link for link in links if not Path(ROOT / link).exists()] == []


def test_every_target_of_make_is_there() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake ([\w-]+)`", PAGE.read_text("utf-8"))) <= set(targets)


def test_security_names_settings_and_files_that_are_there() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert set(re.findall(r"`([a-z_]+)`", text)) <= {setting.name for setting in SETTINGS}
    assert [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (ROOT / link).exists()] == []
