"""Project groups: named sets of projects; a project is in at most one (`docs/api/project_groups.md`)."""
