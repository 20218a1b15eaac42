"""The conduct of clients: what they should not have done, found in a sandbox's exchanges."""
