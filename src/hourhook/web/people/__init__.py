"""The pages about people: list, person, invitation, role, access, state."""
