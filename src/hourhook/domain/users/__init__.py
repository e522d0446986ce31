"""Users of an account (`docs/api/users.md`)."""
