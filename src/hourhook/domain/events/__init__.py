"""The events of an account: their names, and how a change is recorded."""
