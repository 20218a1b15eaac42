"""The build of a wheel parses its YAML documents."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from emulator.files.yaml_parser import parse
from hatch_build import IN_WHEEL, parsed_documents

ROOT = Path(__file__).parent.parent


def test_each_document_is_built_as_a_checkout_parses_it() -> None:
    files = {
        f"{in_wheel}/{file.relative_to(ROOT / folder).as_posix()}.parsed": file
        for folder, in_wheel in IN_WHEEL.items()
        for file in (ROOT / folder).rglob("*.yaml")
    }
    built = {name: json.loads(text) for name, text in parsed_documents(ROOT)}
    assert built == {name: parse(file.read_text(), file.name) for name, file in files.items()}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("populate: 1\npopulate: 2\n", 'duplicate key populate\n  in "<unicode string>", line 2'),
        ("records: [", "line 2, column 1"),
        ("records: !!set {a}", "unsupported tag !!set"),
    ],
)
def test_a_document_that_does_not_parse_fails_the_build_with_its_name_and_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "fixtures" / "celigo").mkdir(parents=True)
    (tmp_path / "fixtures" / "celigo" / "audit.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"^fixtures/celigo/audit\.yaml: ") as refusal:
        list(parsed_documents(tmp_path))
    assert sentence in str(refusal.value)


def test_make_says_what_it_installs() -> None:
    rules = re.split(r"\n(?=\S)", (ROOT / "Makefile").read_text("utf-8"))
    silent = [rule.partition(":")[0] for rule in rules if "install --quiet" in rule and "@echo" not in rule]
    assert silent == []
    assert len([rule for rule in rules if "install --quiet" in rule]) >= 3
