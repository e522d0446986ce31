"""Pages for signing in, accepting an invitation, and consenting to an application (OAuth)."""
