"""``/v2/broadcast_receivers``: broadcast receivers of the caller (``docs/api/broadcast_receivers.md``)."""

from hourhook.api.endpoints import Call, Created, Endpoints
from hourhook.domain.broadcast_receivers import editing, reading, states, subscribing
from hourhook.domain.broadcast_receivers.editing import BroadcastReceiverCreate, BroadcastReceiverUpdate
from hourhook.domain.broadcast_receivers.reading import BroadcastReceiverFilters
from hourhook.domain.broadcast_receivers.representations import (
    BroadcastReceiver,
    BroadcastReceiverSecret,
    BroadcastReceiverWithSecret,
)
from hourhook.domain.broadcast_receivers.subscribing import (
    BroadcastReceiverSubjectsAdd,
    BroadcastReceiverSubjectsRemove,
)
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page

endpoints = Endpoints(
    "Broadcast receivers",
    resource="BroadcastReceiver",
    description="Subscriptions to the caller's own timers, for displays.",
)


@endpoints.get("/v2/broadcast_receivers")
def index(call: Call, params: BroadcastReceiverFilters, errors: ValidationErrors) -> Page[BroadcastReceiver]:
    """List the caller's own broadcast receivers, newest first."""
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)


@endpoints.get("/v2/broadcast_receivers/{broadcast_receiver_id}")
def show(call: Call, broadcast_receiver_id: int) -> BroadcastReceiver:
    """Show one of the caller's broadcast receivers."""
    return reading.show(call.tx, call.caller, broadcast_receiver_id)


@endpoints.post("/v2/broadcast_receivers")
def create(
    call: Call, params: BroadcastReceiverCreate, errors: ValidationErrors
) -> Created[BroadcastReceiverWithSecret]:
    """Create a broadcast receiver for the caller's own timers.

    Only this response and that of a re-roll contain the secret. No ping is sent.
    """
    created = editing.create(call.tx, call.caller, call.dependencies, params, errors)
    return Created(created, created.url)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}")
def edit(
    call: Call, broadcast_receiver_id: int, params: BroadcastReceiverUpdate, errors: ValidationErrors
) -> BroadcastReceiver:
    """Rename a broadcast receiver, or change its address.

    Both apply from the next broadcast on.
    """
    return editing.edit(call.tx, call.caller, call.dependencies, broadcast_receiver_id, params, errors)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/add_subjects")
def add_subjects(
    call: Call, broadcast_receiver_id: int, params: BroadcastReceiverSubjectsAdd, errors: ValidationErrors
) -> BroadcastReceiver:
    """Subscribe a broadcast receiver to more subjects."""
    return subscribing.add(call.tx, call.caller, broadcast_receiver_id, params, errors)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/remove_subjects")
def remove_subjects(
    call: Call, broadcast_receiver_id: int, params: BroadcastReceiverSubjectsRemove, errors: ValidationErrors
) -> BroadcastReceiver:
    """Unsubscribe a broadcast receiver from subjects.

    `*` removes only the wildcard; naming a subject does not narrow a wildcard.
    """
    return subscribing.remove(call.tx, call.caller, broadcast_receiver_id, params, errors)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/reroll_secret")
def reroll_secret(call: Call, broadcast_receiver_id: int) -> BroadcastReceiverSecret:
    """Create a new secret.

    The old one stops working at once: the next broadcast is signed with the new one.
    """
    return editing.reroll_secret(call.tx, call.caller, call.dependencies, broadcast_receiver_id)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/disable")
def disable(call: Call, broadcast_receiver_id: int) -> None:
    """Disable a broadcast receiver.

    Nothing more is sent to it, and changes in the meantime are lost for it. Idempotent.
    """
    states.disable(call.tx, call.caller, broadcast_receiver_id)


@endpoints.put("/v2/broadcast_receivers/{broadcast_receiver_id}/enable")
def enable(call: Call, broadcast_receiver_id: int) -> None:
    """Enable a broadcast receiver.

    It gets broadcasts of changes from now on. Idempotent.
    """
    states.enable(call.tx, call.caller, broadcast_receiver_id)


@endpoints.delete("/v2/broadcast_receivers/{broadcast_receiver_id}")
def remove(call: Call, broadcast_receiver_id: int) -> None:
    """Delete a broadcast receiver."""
    editing.remove(call.tx, call.caller, broadcast_receiver_id)
