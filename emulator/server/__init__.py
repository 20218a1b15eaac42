"""A port: the server, tunnels through it, reloading, the access log."""
