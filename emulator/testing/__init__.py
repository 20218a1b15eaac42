"""What tests use: the pytest plugin, the server inside the test process, the container."""
