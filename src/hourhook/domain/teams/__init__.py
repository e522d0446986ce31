"""Teams: named sets of users (`docs/api/teams.md`)."""
