"""One process that emulates Paradime, Secoda, Immuta and Celigo integrator.io."""

__all__ = ["VERSION_HEADER", "__version__"]

__version__ = "0.1.0"

VERSION_HEADER = "X-Emulator-Version"
"""In replies of the control API: its client compares it with its own."""
