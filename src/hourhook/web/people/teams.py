"""``/teams``: named sets of people; supervisors create, change and delete them."""

from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.teams import editing, members, reading
from hourhook.domain.teams.editing import TeamCreate, TeamUpdate
from hourhook.domain.teams.members import UserIds
from hourhook.domain.teams.reading import TeamFilters
from hourhook.domain.users import reading as users_reading
from hourhook.web.forms import read_ids
from hourhook.web.pages import Action, Pages, Redirect, Values, View

LIST = "/teams"
PATH = LIST + "/{team_id}"
pages = Pages()


@pages.get(LIST, template="teams/list", role="coworker")
def index(view: View) -> Values:
    found = reading.list_page(view.tx, view.caller, TeamFilters(), ValidationErrors("Team"), view.pagination)
    return {"teams": found.items, "total": found.total, "pagination": view.pagination}


@pages.get(LIST + "/new", template="teams/new", role="supervisor")
def new(view: View) -> Values:
    return {"team": None, "people": users_reading.list_choices(view.tx, view.caller)}


@pages.post(LIST + "/new", role="supervisor")
def create(action: Action) -> Redirect:
    params, errors = action.parse(TeamCreate, resource="Team", user_ids=_chosen(action))
    team = editing.create(action.tx, action.caller, params, errors)
    return Redirect(LIST, f"Created the team {team.name}.")


@pages.get(PATH + "/edit", template="teams/edit", role="supervisor")
def edit(view: View, team_id: int) -> Values:
    return {
        "team": reading.show(view.tx, view.caller, team_id),
        "people": users_reading.list_choices(view.tx, view.caller),
    }


@pages.post(PATH + "/edit", role="supervisor")
def save(action: Action, team_id: int) -> Redirect:
    """Rename a team and change its members; those who can no longer sign in, whom the page does not show, stay."""
    params, errors = action.parse(TeamUpdate, resource="Team")
    team = editing.rename(action.tx, action.caller, team_id, params, errors)
    shown = {user.id for user in users_reading.list_choices(action.tx, action.caller)}
    present, wanted = {user.id for user in team.users} & shown, {*_chosen(action)}
    # Members are changed only if there is something to change, so that there is no event without a change.
    if added := wanted - present:
        members.add(action.tx, action.caller, team_id, UserIds(user_ids=sorted(added)), errors)
    if removed := present - wanted:
        members.remove(action.tx, action.caller, team_id, UserIds(user_ids=sorted(removed)), errors)
    return Redirect(LIST, "Saved.")


@pages.get(PATH + "/delete", template="teams/delete", role="supervisor")
def confirm_delete(view: View, team_id: int) -> Values:
    return {"team": reading.show(view.tx, view.caller, team_id)}


@pages.post(PATH + "/delete", role="supervisor")
def delete(action: Action, team_id: int) -> Redirect:
    name = reading.show(action.tx, action.caller, team_id).name
    editing.remove(action.tx, action.caller, team_id)
    return Redirect(LIST, f"Deleted the team {name}.")


def _chosen(action: Action) -> list[int]:
    return read_ids(action.fields.lists.get("user_ids", ()))
