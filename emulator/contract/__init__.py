"""Reads contracts/ (operations, schemas, evidence), and validates calls and replies against them."""
