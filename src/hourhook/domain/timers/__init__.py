"""Time that is being worked just now, one timer for each user and project (contract, timers.md)."""
