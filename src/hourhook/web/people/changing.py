"""Invite people, and change their name, role, access and state; for supervisors."""

from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.invitations import issuing
from hourhook.domain.invitations.issuing import IssuedInvitation
from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.projects.reading import ProjectIds
from hourhook.domain.users import access, editing, reading, states
from hourhook.domain.users.editing import UserCreate, UserUpdate
from hourhook.domain.visibility import SCOPED_ROLES
from hourhook.errors import NotFound
from hourhook.web.forms import read_ids
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.people.showing import LIST, PATH, ROLES, WORDS, path_of

pages = Pages()


@pages.get(LIST + "/new", template="people/new", role="supervisor")
def new(view: View) -> Values:
    return {"roles": ROLES, "is_mailed": view.dependencies.outbox is not None}


@pages.post(LIST + "/new", role="supervisor")
def invite(action: Action) -> Redirect:
    params, errors = action.parse(UserCreate, resource="User")
    person, issued = editing.invite(action.tx, action.caller, action.dependencies, params, errors)
    return _show_invitation(person.id, person.email, issued)


@pages.post(PATH + "/invite", role="supervisor", refused_on=PATH)
def invite_again(action: Action, user_id: int) -> Redirect:
    """Replace the invitation of a person who has not accepted it."""
    person = reading.show(action.tx, action.caller, user_id)
    if person.state != "pending":
        return Redirect(path_of(user_id), "This person is in the account already.")
    issued = issuing.reissue(
        action.tx, user_id, links=action.links, outbox=action.dependencies.outbox, caller=action.caller
    )
    return _show_invitation(user_id, person.email, issued)


@pages.get(PATH + "/edit", template="people/edit", role="supervisor")
def edit(view: View, user_id: int) -> Values:
    return {"person": reading.show(view.tx, view.caller, user_id), "roles": ROLES}


@pages.post(PATH + "/edit", role="supervisor")
def save(action: Action, user_id: int) -> Redirect:
    params, errors = action.parse(UserUpdate, resource="User")
    editing.edit(action.tx, action.caller, user_id, params, errors)
    return Redirect(path_of(user_id), "Saved.")


@pages.get(PATH + "/access", template="people/access", role="supervisor")
def edit_access(view: View, user_id: int) -> Values:
    person = reading.show(view.tx, view.caller, user_id)
    if person.role not in SCOPED_ROLES:
        raise NotFound
    granted = access.list_projects(view.tx, view.caller, user_id)
    return {
        "person": person,
        "granted": {project.id for project in granted},
        "projects": projects_reading.list_choices(view.tx, view.caller),
    }


@pages.post(PATH + "/access", role="supervisor")
def save_access(action: Action, user_id: int) -> Redirect:
    """Grant and revoke access to active projects; that to archived ones, which the page does not show, stays."""
    wanted = {*read_ids(action.fields.lists.get("project_ids", ()))}
    present = {project.id for project in access.list_projects(action.tx, action.caller, user_id) if project.enabled}
    errors = ValidationErrors("User")
    access.grant(action.tx, action.caller, user_id, ProjectIds(project_ids=sorted(wanted - present)), errors)
    access.revoke(action.tx, action.caller, user_id, ProjectIds(project_ids=sorted(present - wanted)), errors)
    return Redirect(path_of(user_id), "Saved.")


@pages.post(PATH + "/activate", role="supervisor", refused_on=PATH)
def activate(action: Action, user_id: int) -> Redirect:
    states.activate(action.tx, action.caller, user_id)
    return Redirect(path_of(user_id), "This person can sign in again.")


@pages.get(PATH + "/deactivate", template="people/deactivate", role="supervisor")
def confirm_deactivate(view: View, user_id: int) -> Values:
    return {"person": reading.show(view.tx, view.caller, user_id)}


@pages.post(PATH + "/deactivate", role="supervisor")
def deactivate(action: Action, user_id: int) -> Redirect:
    states.deactivate(action.tx, action.caller, user_id)
    return Redirect(path_of(user_id), "This person can no longer sign in.")


@pages.get(PATH + "/delete", template="people/delete", role="supervisor")
def confirm_delete(view: View, user_id: int) -> Values:
    return {**WORDS, "person": reading.show(view.tx, view.caller, user_id)}


@pages.post(PATH + "/delete", role="supervisor")
def delete(action: Action, user_id: int) -> Redirect:
    email = reading.show(action.tx, action.caller, user_id).email
    editing.remove(action.tx, action.caller, user_id)
    return Redirect(LIST, f"Deleted {email}.")


def _show_invitation(id: int, email: str, issued: IssuedInvitation) -> Redirect:
    if issued.is_mailed:
        return Redirect(path_of(id), f"The invitation is on its way to {email}.")
    return Redirect(path_of(id), secret=issued.link)
