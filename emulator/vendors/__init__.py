"""The emulated vendors, one package each. A package here is a vendor: there is no list to keep."""

from __future__ import annotations

import importlib
import pkgutil

from emulator.vendor import Vendor


def vendor_names() -> list[str]:
    """Return the names of the built-in vendors in alphabetical order."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def load_vendors() -> dict[str, Vendor]:
    """Import every vendor package and return its Vendor, by name in alphabetical order."""
    return {name: importlib.import_module(f"{__name__}.{name}").vendor for name in vendor_names()}
