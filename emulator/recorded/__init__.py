"""Calls that other programs have recorded: read from their files, and matched with a contract or made one."""
