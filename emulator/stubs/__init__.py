"""Stubs: replies to calls that no operation matches, in one sandbox."""
