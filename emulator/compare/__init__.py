"""The emulator compared with a live vendor: exchanges with it are recorded and read by our contracts."""
