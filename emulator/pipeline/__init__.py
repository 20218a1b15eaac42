"""The life of one request, top to bottom, and how its operation is handled."""
