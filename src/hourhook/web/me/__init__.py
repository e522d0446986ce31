"""The pages about the user: preferences, password, sessions."""
