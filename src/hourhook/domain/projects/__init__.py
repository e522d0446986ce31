"""Projects, on which users log time (`docs/api/projects.md`)."""
