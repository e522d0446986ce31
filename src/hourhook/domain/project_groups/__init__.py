"""Named sets of projects, of which a project is in one at most (contract, project_groups.md)."""
