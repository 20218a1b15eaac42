"""How fast the emulator is, side by side with its peers: `python -m tests.benchmarks --help`."""
