"""Declared behaviour: operations that a contract describes in words (`x-emulator`) instead of code."""
