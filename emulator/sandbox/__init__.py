"""One isolated environment: its records, credentials, clock and journal."""
