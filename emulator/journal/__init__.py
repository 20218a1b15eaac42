"""The journal of a sandbox: its entries, the masking of secrets, verification, HAR."""
