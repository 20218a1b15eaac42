"""Long tests, each run by a separate command."""
