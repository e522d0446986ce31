"""The people of an account (contract, users.md)."""
