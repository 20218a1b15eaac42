"""Where a caller has come in, and so below which URL it finds each vendor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entrance:
    """A URL that is called, without its path. `vendor` is the one whose own paths are at its root, None if all vendors
    are there, each below its name; `main` is a URL with all vendors.
    """

    url: str = ""
    vendor: str | None = None
    main: str = ""

    def base_url(self, vendor: str, path: str, sandbox: str = "") -> str:
        """Return a vendor's base URL. `path` is that where all vendors are: "/secoda/api/v1"; `sandbox` "/~alpha"."""
        if vendor == self.vendor:
            return f"{self.url}{sandbox}{path.removeprefix(f'/{vendor}')}"
        return f"{self.main}{sandbox}{path}"


NOWHERE = Entrance()
"""Where the caller of a vendor has come in: its address tells that."""
