"""Declared behaviour: operations that a contract describes in `x-emulator` instead of code."""
