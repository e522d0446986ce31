"""Proposed time, which waits for its owner to confirm it (contract, inbox_entries.md)."""
