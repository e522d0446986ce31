"""``/integrations/broadcasts``: the user's own broadcast receivers."""

from collections.abc import Sequence

from hourhook.domain.broadcast_receivers import editing, reading, states, subscribing
from hourhook.domain.broadcast_receivers.editing import BroadcastReceiverCreate, BroadcastReceiverUpdate
from hourhook.domain.broadcast_receivers.reading import BroadcastReceiverFilters
from hourhook.domain.broadcast_receivers.subscribing import (
    BroadcastReceiverSubjectsAdd,
    BroadcastReceiverSubjectsRemove,
)
from hourhook.domain.broadcast_subjects import TIMER
from hourhook.domain.inputs import ValidationErrors
from hourhook.errors import FieldError, ValidationFailed
from hourhook.web.pages import Action, Pages, Redirect, Values, View

LIST = "/integrations/broadcasts"
PATH = LIST + "/{broadcast_receiver_id}"
# Each subject with its words.
SUBJECTS = ((TIMER, "My timers"), ("*", "All subjects, present and future"))
pages = Pages()


def path_of(id: int) -> str:
    return f"{LIST}/{id}"


@pages.get(LIST, template="broadcasts/list")
def index(view: View) -> Values:
    errors = ValidationErrors("BroadcastReceiver")
    found = reading.list_page(view.tx, view.caller, BroadcastReceiverFilters(), errors, view.pagination)
    return {"receivers": found.items, "total": found.total, "pagination": view.pagination, "words": dict(SUBJECTS)}


@pages.get(LIST + "/new", template="broadcasts/new")
def new(view: View) -> Values:
    return {"receiver": None, "subjects": SUBJECTS}


@pages.post(LIST + "/new")
def create(action: Action) -> Redirect:
    subjects = action.fields.lists.get("subjects", [])
    params, errors = action.parse(BroadcastReceiverCreate, resource="BroadcastReceiver", subjects=subjects)
    created = editing.create(action.tx, action.caller, action.dependencies, params, errors)
    return Redirect(path_of(created.id), secret=created.secret)


@pages.get(PATH, template="broadcasts/show")
def show(view: View, broadcast_receiver_id: int) -> Values:
    return {**_receiver(view, broadcast_receiver_id), "words": dict(SUBJECTS), "secret": view.secret}


@pages.get(PATH + "/edit", template="broadcasts/edit")
def edit(view: View, broadcast_receiver_id: int) -> Values:
    return {**_receiver(view, broadcast_receiver_id), "subjects": SUBJECTS}


@pages.post(PATH + "/edit")
def save(action: Action, broadcast_receiver_id: int) -> Redirect:
    params, errors = action.parse(BroadcastReceiverUpdate, resource="BroadcastReceiver")
    receiver = editing.edit(action.tx, action.caller, action.dependencies, broadcast_receiver_id, params, errors)
    wanted = action.fields.lists.get("subjects", [])
    if not wanted:
        raise ValidationFailed([FieldError("BroadcastReceiver", "subjects", "missing_field")])
    _subscribe(action, broadcast_receiver_id, receiver.subjects, wanted)
    return Redirect(path_of(broadcast_receiver_id), "Saved.")


@pages.post(PATH + "/enable", refused_on=PATH)
def enable(action: Action, broadcast_receiver_id: int) -> Redirect:
    states.enable(action.tx, action.caller, broadcast_receiver_id)
    return Redirect(path_of(broadcast_receiver_id), "The broadcast is enabled.")


@pages.post(PATH + "/disable", refused_on=PATH)
def disable(action: Action, broadcast_receiver_id: int) -> Redirect:
    states.disable(action.tx, action.caller, broadcast_receiver_id)
    return Redirect(path_of(broadcast_receiver_id), "The broadcast is disabled.")


@pages.get(PATH + "/reroll", template="broadcasts/reroll")
def confirm_reroll(view: View, broadcast_receiver_id: int) -> Values:
    return _receiver(view, broadcast_receiver_id)


@pages.post(PATH + "/reroll")
def reroll(action: Action, broadcast_receiver_id: int) -> Redirect:
    rerolled = editing.reroll_secret(action.tx, action.caller, action.dependencies, broadcast_receiver_id)
    return Redirect(path_of(broadcast_receiver_id), secret=rerolled.secret)


@pages.get(PATH + "/delete", template="broadcasts/delete")
def confirm_delete(view: View, broadcast_receiver_id: int) -> Values:
    return _receiver(view, broadcast_receiver_id)


@pages.post(PATH + "/delete")
def delete(action: Action, broadcast_receiver_id: int) -> Redirect:
    name = reading.find(action.tx, action.caller, broadcast_receiver_id).name
    editing.remove(action.tx, action.caller, broadcast_receiver_id)
    return Redirect(LIST, f"Deleted the broadcast {name}.")


def _receiver(view: View, id: int) -> Values:
    return {"receiver": reading.show(view.tx, view.caller, id)}


def _subscribe(action: Action, id: int, present: Sequence[str], wanted: Sequence[str]) -> None:
    errors = ValidationErrors("BroadcastReceiver")
    added = BroadcastReceiverSubjectsAdd(subjects=[subject for subject in wanted if subject not in present])
    removed = BroadcastReceiverSubjectsRemove(subjects=[subject for subject in present if subject not in wanted])
    subscribing.add(action.tx, action.caller, id, added, errors)
    subscribing.remove(action.tx, action.caller, id, removed, errors)
