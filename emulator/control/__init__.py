"""The API under /_emulator."""
