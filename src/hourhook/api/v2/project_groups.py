"""``/v2/project_groups``: groups of projects (``docs/api/project_groups.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.project_groups import editing, members, reading
from hourhook.domain.project_groups.editing import ProjectGroupCreate, ProjectGroupUpdate
from hourhook.domain.project_groups.reading import ProjectGroupFilters
from hourhook.domain.project_groups.representations import ProjectGroup
from hourhook.domain.projects.reading import ProjectIds
from hourhook.domain.projects.representations import Project

endpoints = Endpoints(
    "Project groups",
    resource="ProjectGroup",
    description="Groups of projects.",
)


@endpoints.get("/v2/project_groups", role="coworker")
def index(call: Call, params: ProjectGroupFilters, errors: ValidationErrors) -> Page[ProjectGroup]:
    """List project groups by name.

    Coworkers see the groups that contain one of their assigned projects, and only those projects in them.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/project_groups/{project_group_id}", role="coworker")
def show(call: Call, project_group_id: int) -> ProjectGroup:
    """Show a project group."""
    return reading.show(call.tx, call.caller, project_group_id)


@endpoints.post("/v2/project_groups", role="leader")
def create(call: Call, params: ProjectGroupCreate, errors: ValidationErrors) -> Created[ProjectGroup]:
    """Create a project group.

    Moves projects that are in another group. Raises `project_group.created`, and `project.updated` for each of its
    projects.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/project_groups/{project_group_id}", role="leader")
def rename(call: Call, project_group_id: int, params: ProjectGroupUpdate, errors: ValidationErrors) -> ProjectGroup:
    """Rename a project group.

    Raises `project_group.updated`.
    """
    return editing.rename(call.tx, call.caller, project_group_id, params, errors)


# Documented as POST; PUT is accepted too, as for the other membership actions.
@endpoints.put(
    "/v2/project_groups/{project_group_id}/add_projects",
    role="leader",
    operation_id="put_project_group_projects",
)
@endpoints.post("/v2/project_groups/{project_group_id}/add_projects", role="leader")
def add_projects(call: Call, project_group_id: int, params: ProjectIds, errors: ValidationErrors) -> list[Project]:
    """Add projects to a project group.

    Skips projects that are already in a group, and returns all projects of this group. Raises `project_group.updated`
    if any was added, and `project.updated` for each of them.
    """
    return members.add(call.tx, call.caller, project_group_id, params, errors)


@endpoints.put("/v2/project_groups/{project_group_id}/remove_projects", role="leader")
def remove_projects(call: Call, project_group_id: int, params: ProjectIds, errors: ValidationErrors) -> None:
    """Remove projects from a project group.

    Raises `project_group.updated` if any was removed, and `project.updated` for each of them.
    """
    members.remove(call.tx, call.caller, project_group_id, params, errors)


@endpoints.put("/v2/project_groups/{project_group_id}/remove_all_projects", role="leader")
def remove_all_projects(call: Call, project_group_id: int) -> None:
    """Remove all projects from a project group.

    Raises `project_group.updated` if any was removed, and `project.updated` for each of them.
    """
    members.remove_all(call.tx, call.caller, project_group_id)


@endpoints.delete("/v2/project_groups/{project_group_id}", role="leader")
def remove(call: Call, project_group_id: int) -> None:
    """Delete a project group.

    Keeps its projects. Raises `project.updated` for each of them, and `project_group.deleted`.
    """
    editing.remove(call.tx, call.caller, project_group_id)
