"""Logged time (contract, entries.md)."""
