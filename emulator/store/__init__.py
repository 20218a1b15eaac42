"""Records: the database of a sandbox, its collections, and what handlers see of it."""
