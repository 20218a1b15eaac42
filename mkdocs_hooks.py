"""Lets pages of the site link to files outside docs/: each file that is linked becomes a page below repository/.

The script that draws diagrams is one of the site's files, so that a reader's browser fetches nothing from elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent
FOLDER = "repository"
MERMAID = ROOT / ".docs-venv" / "package" / "dist" / "mermaid.min.js"
ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml", ".template": "nginx"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the script for diagrams, and a page for each file outside docs/ that a page links to."""
    files.append(File.generated(config, "javascripts/mermaid.min.js", abs_src_path=str(MERMAID)))
    wanted = [ROOT / name for name in ALWAYS if (ROOT / name).exists()]
    for file in files.documentation_pages():
        wanted += outside(file.content_string, ROOT / "docs" / file.src_uri)
    added: set[Path] = set()
    while wanted:
        path = wanted.pop()
        if path in added:
            continue
        added.add(path)
        content = path.read_text("utf-8")
        if path.suffix == ".md":
            wanted += outside(content, path)
            content = rewritten(content, path, page_of(path))
        else:
            content = f"# {path.relative_to(ROOT)}\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{content}````\n"
        files.append(File.generated(config, str(page_of(path)), content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead the links that leave docs/ to the pages of their files."""
    if page.file.generated_by is not None:
        return markdown
    return rewritten(markdown, ROOT / "docs" / page.file.src_uri, PurePosixPath(page.file.src_uri))


def page_of(path: Path) -> PurePosixPath:
    """Return the page, below docs/, that shows a file of the repository."""
    if path.is_relative_to(ROOT / "docs"):
        return PurePosixPath(path.relative_to(ROOT / "docs"))
    name = str(PurePosixPath(FOLDER, path.relative_to(ROOT)))
    return PurePosixPath(name if path.suffix == ".md" else f"{name}.md")


def targets(markdown: str, source: Path) -> Iterator[tuple[re.Match[str], Path]]:
    """Yield each relative link of a page with the path it means."""
    for link in LINK.finditer(markdown):
        path = Path(os.path.normpath(source.parent / link["path"]))
        if path.exists() and path.is_relative_to(ROOT):
            yield link, path


def outside(markdown: str, source: Path) -> list[Path]:
    """Return the files outside docs/ that a page links to."""
    return [path for _, path in targets(markdown, source) if path.is_file() and not path.is_relative_to(ROOT / "docs")]


def rewritten(markdown: str, source: Path, page: PurePosixPath) -> str:
    """Return a page with its links leading from `page`; a link to a folder outside docs/ becomes plain text."""
    for link, path in reversed(list(targets(markdown, source))):
        new = link["text"]
        if path.is_file():
            new = f"[{new}]({os.path.relpath(page_of(path), page.parent)}{link['anchor'] or ''})"
        markdown = markdown[: link.start()] + new + markdown[link.end() :]
    return markdown
