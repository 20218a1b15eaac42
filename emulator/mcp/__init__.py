"""Lets a coding agent use a running emulator, by the Model Context Protocol."""
