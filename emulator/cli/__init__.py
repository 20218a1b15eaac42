"""The command line: `serve`, commands for a running emulator, and commands that need none."""
