"""One process that emulates Paradime, Secoda, Immuta and Celigo integrator.io."""

__all__ = ["__version__"]

__version__ = "0.1.0"
