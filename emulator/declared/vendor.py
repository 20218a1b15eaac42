"""A vendor in a folder: openapi.yaml, fixtures, scenarios, credentials, and optionally Python."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from emulator.contract.openapi import Contract, read_contract
from emulator.declared.authentication import Authentication
from emulator.declared.dialect import DefaultDialect
from emulator.declared.inference import infer
from emulator.declared.reading import Declarations, read_declarations
from emulator.declared.token_endpoint import token_handlers
from emulator.errors import ConfigurationError, unknown
from emulator.store.collection import Collection
from emulator.vendor import Dialect, Handlers, Hooks, Vendor

FILE = "vendor.py"
GIVEN = ("handlers", "hooks", "dialect", "collections", "authenticate", "authorize", "present", "presented", "vendor")
"""What a vendor.py may define."""


def read_public(home: Path, name: str) -> tuple[Contract, Mapping[str, Any], Declarations]:
    """Read the contract, the Python and the declarations of a vendor that is not built in.

    What a document alone does is inferred. Raises ContractError for a wrong contract.
    """
    contract = read_contract(home, is_public=True, vendor=name)
    code = code_of(contract)
    known = collections_of(contract, code)
    if home.is_file():
        inferred = infer(contract, known)
        return inferred.contract, code, inferred.declarations
    return contract, code, read_declarations(contract, known, hooks_of(code), dialect_of(code))


def code_of(contract: Contract) -> Mapping[str, Any]:
    """Return the names of GIVEN that the vendor's Python defines. Raises ConfigurationError if it cannot be run."""
    file = contract.home / FILE if contract.home else None
    if file is None or not file.is_file():
        return {}
    module = _module(f"integration_emulator_vendor_{contract.vendor}", file)
    found = {name: getattr(module, name) for name in GIVEN if hasattr(module, name)}
    if not found:
        raise ConfigurationError(f"{file}: expected one of {', '.join(GIVEN)}")
    return found


def _module(name: str, file: Path) -> ModuleType:
    # Compiled from the text: a cached file of the same second would hide a change.
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    try:
        exec(compile(file.read_text("utf-8"), str(file), "exec"), vars(module))
    except SyntaxError as problem:
        raise ConfigurationError(f"{file} line {problem.lineno}: {problem.msg}") from problem
    except (Exception, SystemExit) as problem:
        raise ConfigurationError(f"{file}{_line(problem, file)}: {type(problem).__name__}: {problem}") from problem
    return module


def _line(problem: BaseException, file: Path) -> str:
    line, step = 0, problem.__traceback__
    while step is not None:
        line = step.tb_lineno if step.tb_frame.f_code.co_filename == str(file) else line
        step = step.tb_next
    return f" line {line}" if line else ""


def collections_of(contract: Contract, code: Mapping[str, Any]) -> list[Collection]:
    """Return the collections of a vendor before those of its contract: its Python's, and credentials."""
    own = list(code["vendor"].collections if "vendor" in code else code.get("collections", ()))
    names = [collection.name for collection in own]
    credentials = f"{contract.vendor}.credentials"
    for name in names:
        if not name.startswith(f"{contract.vendor}."):
            raise ConfigurationError(unknown("collection", name, [credentials], f"of {contract.vendor}"))
    return own if credentials in names else [*own, Collection(credentials)]


def hooks_of(code: Mapping[str, Any]) -> Hooks:
    """Return the hooks of a vendor's Python."""
    found: Hooks = code["vendor"].hooks if "vendor" in code else code.get("hooks") or Hooks()
    return found


def dialect_of(code: Mapping[str, Any]) -> Dialect | None:
    """Return the dialect of a vendor's Python, or None."""
    found: Dialect | None = code["vendor"].dialect if "vendor" in code else code.get("dialect")
    return found


def vendor_of(contract: Contract, code: Mapping[str, Any], declared: Declarations) -> Vendor:
    """Return the vendor of a folder: as its Python defines it, or else its contract."""
    collections = merged(collections_of(contract, code), declared.collections)
    dialect = declared.dialect or DefaultDialect(contract)
    authentication = Authentication(contract, dialect)
    credentials = next(one for one in collections if one.is_of_credentials)
    tokens = token_handlers(contract, credentials)
    if "vendor" in code:
        whole: Vendor = code["vendor"]
        return replace(whole, collections=collections, handlers=[*whole.handlers, tokens])
    given = code.get("handlers", ())
    return Vendor(
        name=contract.vendor,
        title=contract.title,
        handlers=[*([given] if isinstance(given, Handlers) else given), tokens],
        dialect=code.get("dialect", dialect),
        authenticate=code.get("authenticate", authentication.authenticate),
        authorize=code.get("authorize", authentication.authorize),
        present=code.get("present", authentication.present),
        presented=code.get("presented", authentication.presented),
        collections=collections,
    )


def merged(own: Iterable[Collection], declared: Iterable[Collection]) -> list[Collection]:
    """Return the collections of a vendor together with the declared ones, without duplicates."""
    return list({collection.name: collection for collection in [*declared, *own]}.values())
