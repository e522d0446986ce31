"""Pages without sign-in, for anyone who has the link."""
