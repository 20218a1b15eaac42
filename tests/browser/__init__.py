"""The console in a real browser. `make test-browser` runs these, not `make test`."""
