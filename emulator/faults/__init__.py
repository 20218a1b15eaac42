"""Faults: what a user injects, which calls it applies to, and what it does to them."""
