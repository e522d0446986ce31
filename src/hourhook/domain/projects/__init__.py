"""What time is logged on (contract, projects.md)."""
