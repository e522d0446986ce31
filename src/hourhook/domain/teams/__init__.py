"""Named sets of users (contract, teams.md)."""
