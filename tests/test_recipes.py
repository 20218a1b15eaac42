"""Every recipe of CONTRIBUTING.md works: followed in a copy of the repository, its commands pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes import Recipe, copy_repository, follow, recipes, run


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.title)
def test_a_recipe_works_as_it_is_written(recipe: Recipe, tmp_path: Path) -> None:
    copy_repository(tmp_path)
    follow(recipe, tmp_path)
    python = " ".join(sorted(name for name in recipe.files if name.endswith(".py")))
    for command in (f".venv/bin/ruff format --check {python}", f".venv/bin/ruff check {python}", *recipe.commands):
        done = run(command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
