"""What takes long, and is run by a command of its own."""
