"""`emulator serve` does not read the machine's certificate authorities: it verifies nobody."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys

import pytest

from emulator.runtime.authorities import FILE, without_authorities


def test_what_is_imported_inside_finds_no_authorities_in_a_file() -> None:
    with without_authorities():
        assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0


@pytest.mark.parametrize("given", [None, "/etc/own.pem"])
def test_the_environment_is_as_before_afterwards(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE, raising=False)
    if given is not None:
        monkeypatch.setenv(FILE, given)
    with pytest.raises(ZeroDivisionError), without_authorities():
        raise ZeroDivisionError
    assert os.environ.get(FILE) == given


def test_the_command_line_imports_aiohttp_only_inside() -> None:
    code = "import sys, emulator.cli.main; sys.exit('aiohttp' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
