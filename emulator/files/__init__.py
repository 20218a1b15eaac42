"""Files: the package's own data, YAML, folders, temporary files."""
