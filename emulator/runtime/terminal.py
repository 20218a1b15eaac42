"""Texts from clients on a terminal."""

from __future__ import annotations

LONGEST = 160
"""How many characters of a path or a sentence a line shows."""


def printable(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line, cut, without characters that control a terminal."""
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if shown.isprintable():
        return shown
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in shown)
