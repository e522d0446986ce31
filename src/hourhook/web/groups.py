"""``/groups``: project groups: list, create, edit with their projects, and delete."""

from hourhook.domain import inputs
from hourhook.domain.project_groups import editing, members, reading
from hourhook.domain.project_groups.editing import ProjectGroupCreate, ProjectGroupUpdate
from hourhook.domain.project_groups.reading import ProjectGroupFilters
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.projects.reading import ProjectIds
from hourhook.web.forms import read_ids
from hourhook.web.pages import Action, Pages, Redirect, Values, View

PATH = "/groups"
pages = Pages()


@pages.get(PATH, template="groups/list", role="coworker")
def index(view: View) -> Values:
    params, errors = view.parse(ProjectGroupFilters, resource="ProjectGroup")
    filter_state = view.filter_state(errors)
    found = reading.list_page(view.tx, view.caller, params, errors, view.pagination)
    return {"filter": filter_state, "groups": found.items, "total": found.total, "pagination": view.pagination}


@pages.get("/groups/new", template="groups/new", role="leader")
def new(view: View) -> Values:
    return {"projects": projects_reading.list_choices(view.tx, view.caller)}


@pages.post("/groups/new", role="leader")
def create(action: Action) -> Redirect:
    params, errors = action.parse(ProjectGroupCreate, resource="ProjectGroup", project_ids=_chosen(action))
    editing.create(action.tx, action.caller, params, errors)
    return Redirect(PATH, "Group created.")


@pages.get("/groups/{project_group_id}/edit", template="groups/edit", role="leader")
def edit(view: View, project_group_id: int) -> Values:
    group = reading.show(view.tx, view.caller, project_group_id)
    inside = {project.id for project in group.projects}
    others = [project for project in projects_reading.list_choices(view.tx, view.caller) if project.id not in inside]
    return {"group": group, "projects": [*group.projects, *others], "inside": inside}


@pages.post("/groups/{project_group_id}/edit", role="leader")
def save(action: Action, project_group_id: int) -> Redirect:
    """Rename a group and change its projects; those of another group are moved."""
    tx, caller, chosen = action.tx, action.caller, {*_chosen(action)}
    params, errors = action.parse(ProjectGroupUpdate, resource="ProjectGroup")
    before = {project.id for project in editing.rename(tx, caller, project_group_id, params, errors).projects}
    members.remove(tx, caller, project_group_id, *_project_ids(sorted(before - chosen)))
    added = sorted(chosen - before)
    for project in projects_reading.find_many(tx, caller, added):
        if project.group is not None:
            members.remove(tx, caller, project.group.id, *_project_ids([project.id]))
    members.add(tx, caller, project_group_id, *_project_ids(added))
    return Redirect(PATH, "Saved.")


@pages.get("/groups/{project_group_id}/delete", template="groups/delete", role="leader")
def confirm_delete(view: View, project_group_id: int) -> Values:
    return {"group": reading.show(view.tx, view.caller, project_group_id)}


@pages.post("/groups/{project_group_id}/delete", role="leader")
def delete(action: Action, project_group_id: int) -> Redirect:
    editing.remove(action.tx, action.caller, project_group_id)
    return Redirect(PATH, "Group deleted.")


def _chosen(action: Action) -> list[int]:
    return read_ids(action.fields.lists.get("project_ids", ()))


def _project_ids(ids: list[int]) -> tuple[ProjectIds, inputs.ValidationErrors]:
    return inputs.parse(ProjectIds, {"project_ids": ids}, resource="ProjectGroup")
