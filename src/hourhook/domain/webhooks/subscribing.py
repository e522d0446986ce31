"""Subscriptions of webhooks to events; changes do not affect payloads that are queued already."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, func, select

from hourhook.delivery import catching_up
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.events.catalogue import SUBSCRIBABLE_TYPES, Subscriptions
from hourhook.domain.inputs import UNSET, Inputs, UnsetType, ValidationErrors
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.webhooks import reading
from hourhook.domain.webhooks.representations import Webhook
from hourhook.store.schema import subscriptions
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


class WebhookEventsAdd(Inputs):
    """Events to add to a webhook's subscriptions."""

    required: ClassVar = ("events",)
    events: Annotated[Subscriptions, "Events it already subscribes to are skipped."] | UnsetType = UNSET


class WebhookEventsRemove(Inputs):
    """Events to remove from a webhook's subscriptions."""

    required: ClassVar = ("events",)
    events: (
        Annotated[Subscriptions, "Events it does not subscribe to are skipped; `*` removes only the wildcard."]
        | UnsetType
    ) = UNSET


def add(tx: Transaction, caller: Caller, id: int, params: WebhookEventsAdd, errors: ValidationErrors) -> Webhook:
    """Subscribe a webhook to more events; idempotent."""
    webhook = reading.show(tx, caller, id)
    events = params.events or []
    check_known(errors, "events", events, SUBSCRIBABLE_TYPES)
    errors.raise_if_any()
    catching_up.finish(tx, id)
    added = [*dict.fromkeys(event for event in events if event not in webhook.events)]
    subscribe(tx, id, added)
    if added:
        record(tx, caller, "Webhook", id, "events_added", {"events": added})
    return reading.show(tx, caller, id)


def remove(tx: Transaction, caller: Caller, id: int, params: WebhookEventsRemove, errors: ValidationErrors) -> Webhook:
    """Unsubscribe a webhook from events; idempotent. It may end up without any."""
    before = reading.show(tx, caller, id)
    errors.raise_if_any()
    catching_up.finish(tx, id)
    tx.execute(_REMOVE, account=caller.account_id, id=id, events=params.events or [])
    after = reading.show(tx, caller, id)
    removed = [event for event in before.events if event not in after.events]
    if removed:
        record(tx, caller, "Webhook", id, "events_removed", {"events": removed})
    return after


def subscribe(tx: Transaction, id: int, events: Sequence[str]) -> None:
    """Subscribe a webhook of the transaction's account to events; it must not be subscribed to any of them yet."""
    place = tx.value(_LAST_PLACE, account=tx.account_id, id=id)
    tx.insert_many(
        subscriptions,
        ("account_id", "webhook_id", "event", "place"),
        [(tx.account_id, id, event, place + count) for count, event in enumerate(dict.fromkeys(events), 1)],
    )


_OF_WEBHOOK = (subscriptions.c.account_id == bindparam("account")) & (subscriptions.c.webhook_id == bindparam("id"))

_LAST_PLACE = Statement(select(func.coalesce(func.max(subscriptions.c.place), 0)).where(_OF_WEBHOOK))
_REMOVE = Statement(delete(subscriptions).where(_OF_WEBHOOK, any_of(subscriptions.c.event, "events")))
