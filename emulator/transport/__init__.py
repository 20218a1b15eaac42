"""Bytes in and out: requests read into calls, replies written, hosts, TLS, tunnels."""
