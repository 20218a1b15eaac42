"""One isolated world: its records, credentials, clock and journal."""
