"""Files: the package's own data, YAML, folders, what is kept on disk."""
