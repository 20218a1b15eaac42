"""The tutorial, followed as a reader would: files are written, pytest is run, and its output is what the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.inner_runs import PLAIN, Inner, inner

__all__ = ["inner"]

PAGE = Path(__file__).parent.parent / "docs" / "tutorial" / "first-suite.md"
BLOCK = re.compile(
    r"^```(?P<language>\w+)(?: title=\"(?P<file>[\w.]+)(?P<end>, at its end)?\")?\n(?P<text>.*?)^```$", re.M | re.S
)
pytest_plugins = ["pytester"]


def test_reader_of_the_tutorial_sees_what_it_shows(inner: Inner) -> None:
    folder, output, compared = inner.pytester.path, list[str](), 0
    for block in BLOCK.finditer(PAGE.read_text("utf-8")):
        text = block["text"]
        if block["language"] == "python":
            file = folder / block["file"]
            file.write_text((file.read_text() if block["end"] else "") + text)
        elif text == "pytest\n":
            output = inner.pytester.runpytest_inprocess(*PLAIN, "--emulator-url", inner.url).outlines
        elif block["language"] == "text":
            shown = "\n".join(output)
            assert [line for line in text.splitlines() if line not in shown] == []
            compared += 1
    assert compared == 8


def test_tutorial_installs_this_folder() -> None:
    (install,) = re.findall(r"^pip install .*$", PAGE.read_text("utf-8"), re.M)
    assert shlex.split(install)[2:] == ["pytest", "requests", "./integration-emulator"]
