"""Exploring a client: the faults that the contract allows at the calls of a test, and what must hold under them."""
