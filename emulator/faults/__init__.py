"""Faults: what a user injects, which calls it affects, and how."""
