"""``/v2/projects``: projects (``docs/api/projects.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page
from hourhook.domain.projects import archiving, editing, merging, reading
from hourhook.domain.projects.editing import ProjectCreate, ProjectUpdate
from hourhook.domain.projects.merging import ProjectMerge
from hourhook.domain.projects.reading import ProjectFilters, ProjectIds
from hourhook.domain.projects.representations import Project

endpoints = Endpoints(
    "Projects",
    resource="Project",
    description="What time is logged for, with budgets and billing increments.",
)


@endpoints.get("/v2/projects")
def index(call: Call, params: ProjectFilters, errors: ValidationErrors) -> Page[Project]:
    """List projects by name.

    Coworkers and contractors see the projects assigned to them.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/project_groups/{project_group_id}/projects", role="coworker")
def index_of_project_group(
    call: Call, project_group_id: int, params: ProjectFilters, errors: ValidationErrors
) -> Page[Project]:
    """List the projects of a group by name."""
    return reading.list_for_group(call.tx, call.caller, project_group_id, params, errors, call.pagination)


@endpoints.get("/v2/projects/{project_id}")
def show(call: Call, project_id: int) -> Project:
    """Show a project."""
    return reading.show(call.tx, call.caller, project_id)


@endpoints.post("/v2/projects", role="leader")
def create(call: Call, params: ProjectCreate, errors: ValidationErrors) -> Created[Project]:
    """Create a project.

    Raises `project.created`.
    """
    created = editing.create(call.tx, call.caller, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/projects/archive", role="leader")
def archive_many(call: Call, params: ProjectIds, errors: ValidationErrors) -> None:
    """Archive several projects.

    Raises `project.updated` and `project.updated.archived` for each.
    """
    archiving.archive_many(call.tx, call.caller, params, errors)


@endpoints.put("/v2/projects/unarchive", role="leader")
def unarchive_many(call: Call, params: ProjectIds, errors: ValidationErrors) -> None:
    """Unarchive several projects.

    Raises `project.updated` and `project.updated.unarchived` for each.
    """
    archiving.unarchive_many(call.tx, call.caller, params, errors)


@endpoints.put("/v2/projects/delete", role="leader")
def remove_many(call: Call, params: ProjectIds, errors: ValidationErrors) -> None:
    """Delete several unused projects.

    Raises `project.deleted` for each.
    """
    editing.remove_many(call.tx, call.caller, params, errors)


@endpoints.put("/v2/projects/{project_id}", role="leader")
def edit(call: Call, project_id: int, params: ProjectUpdate, errors: ValidationErrors) -> Project:
    """Edit a project.

    Raises `project.updated`.
    """
    return editing.edit(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/merge", role="leader")
def merge(call: Call, project_id: int, params: ProjectMerge, errors: ValidationErrors) -> None:
    """Merge another project into this one (irreversible).

    Raises `entry.updated` for each entry that moves, `expense.updated` for each expense, `project.updated` for this
    project if its counters change, and `project.deleted` and `project.deleted.merged` for the other.
    """
    merging.merge(call.tx, call.caller, project_id, params, errors)


@endpoints.put("/v2/projects/{project_id}/archive", role="leader")
def archive(call: Call, project_id: int) -> None:
    """Archive a project that is in use.

    Raises `project.updated` and `project.updated.archived`.
    """
    archiving.archive(call.tx, call.caller, project_id)


@endpoints.put("/v2/projects/{project_id}/unarchive", role="leader")
def unarchive(call: Call, project_id: int) -> None:
    """Unarchive a project.

    Raises `project.updated` and `project.updated.unarchived`.
    """
    archiving.unarchive(call.tx, call.caller, project_id)


@endpoints.delete("/v2/projects/{project_id}", role="leader")
def remove(call: Call, project_id: int) -> None:
    """Delete an unused project.

    Raises `project.deleted`.
    """
    editing.remove(call.tx, call.caller, project_id)
