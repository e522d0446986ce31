"""``/v2/broadcast_receivers``: who is told that one's timers change (contract, broadcast_receivers.md)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.broadcast_receivers import editing, reading, states, subscribing
from hourhook.domain.broadcast_receivers.editing import BroadcastReceiverChanges, NewBroadcastReceiver
from hourhook.domain.broadcast_receivers.reading import BroadcastReceiverFilters
from hourhook.domain.broadcast_receivers.representations import (
    BroadcastReceiver,
    BroadcastReceiverSecret,
    BroadcastReceiverWithSecret,
)
from hourhook.domain.broadcast_receivers.subscribing import FewerSubjects, MoreSubjects
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page

endpoints = Endpoints("Broadcast receivers", resource="BroadcastReceiver")


@endpoints.get("/v2/broadcast_receivers")
def index(call: Call, params: BroadcastReceiverFilters, errors: ValidationErrors) -> Page[BroadcastReceiver]:
    """List the caller's own broadcast receivers, newest first."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/broadcast_receivers/{broadcast_receiver_id}")
def show(call: Call, broadcast_receiver_id: int) -> BroadcastReceiver:
    """Show one of the caller's broadcast receivers."""
    return reading.show(call.tx, call.caller, broadcast_receiver_id)


@endpoints.post("/v2/broadcast_receivers")
def create(call: Call, params: NewBroadcastReceiver, errors: ValidationErrors) -> Created[BroadcastReceiverWithSecret]:
    """Make a broadcast receiver, which hears of the caller's own timers.

    Its secret is in this answer, in that of a re-roll, and nowhere else. No ping is sent.
    """
    created = editing.create(call.tx, call.caller, call.dependencies, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}")
def edit(
    call: Call, broadcast_receiver_id: int, params: BroadcastReceiverChanges, errors: ValidationErrors
) -> BroadcastReceiver:
    """Rename a broadcast receiver, or give it another address.

    Both hold from the next broadcast on.
    """
    return editing.edit(call.tx, call.caller, call.dependencies, broadcast_receiver_id, params, errors)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/add_subjects")
def add_subjects(
    call: Call, broadcast_receiver_id: int, params: MoreSubjects, errors: ValidationErrors
) -> BroadcastReceiver:
    """Have a broadcast receiver listen to more subjects."""
    return subscribing.add(call.tx, call.caller, broadcast_receiver_id, params, errors)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/remove_subjects")
def remove_subjects(
    call: Call, broadcast_receiver_id: int, params: FewerSubjects, errors: ValidationErrors
) -> BroadcastReceiver:
    """Have a broadcast receiver listen to fewer subjects.

    `*` drops the wildcard only, and a name does not narrow it.
    """
    return subscribing.remove(call.tx, call.caller, broadcast_receiver_id, params, errors)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/reroll_secret")
def reroll_secret(call: Call, broadcast_receiver_id: int) -> BroadcastReceiverSecret:
    """Make a new secret.

    The old one is void at once: the next broadcast is signed with the new one.
    """
    return editing.reroll_secret(call.tx, call.caller, call.dependencies, broadcast_receiver_id)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/disable")
def disable(call: Call, broadcast_receiver_id: int) -> None:
    """Stop a broadcast receiver.

    Nothing is sent to it any more, and what changes meanwhile is lost for it.
    """
    states.disable(call.tx, call.caller, broadcast_receiver_id)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/enable")
def enable(call: Call, broadcast_receiver_id: int) -> None:
    """Set a broadcast receiver going.

    It is told of what changes from now on.
    """
    states.enable(call.tx, call.caller, broadcast_receiver_id)


@endpoints.delete("/v2/broadcast_receivers/{broadcast_receiver_id}")
def remove(call: Call, broadcast_receiver_id: int) -> None:
    """Delete a broadcast receiver."""
    editing.remove(call.tx, call.caller, broadcast_receiver_id)
