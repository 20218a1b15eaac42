"""Matching names against patterns."""
