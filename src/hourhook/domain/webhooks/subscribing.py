"""Which events a webhook hears of (contract, webhooks.md). What waits already is not touched by a change."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, func, select

from hourhook.domain.callers import Caller
from hourhook.domain.events.catalogue import SUBSCRIBABLE_TYPES, Subscriptions
from hourhook.domain.inputs import UNSET, Inputs, UnsetType, ValidationErrors
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.webhooks import reading
from hourhook.domain.webhooks.representations import Webhook
from hourhook.store.schema import subscriptions
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


class MoreEvents(Inputs):
    """What a webhook is to hear of as well."""

    required: ClassVar = ("events",)
    events: Annotated[Subscriptions, "Events it already subscribes to are skipped."] | UnsetType = UNSET


class FewerEvents(Inputs):
    """What a webhook is to hear of no more."""

    required: ClassVar = ("events",)
    events: (
        Annotated[Subscriptions, "Events it does not subscribe to are skipped; `*` removes only the wildcard."]
        | UnsetType
    ) = UNSET


def add(tx: Transaction, caller: Caller, id: int, params: MoreEvents, errors: ValidationErrors) -> Webhook:
    """Subscribe a webhook to more events."""
    webhook = reading.show(tx, caller, id)
    events = params.events or []
    check_known(errors, "events", events, SUBSCRIBABLE_TYPES)
    errors.raise_if_any()
    subscribe(tx, id, [event for event in events if event not in webhook.events])
    return reading.show(tx, caller, id)


def remove(tx: Transaction, caller: Caller, id: int, params: FewerEvents, errors: ValidationErrors) -> Webhook:
    """Unsubscribe a webhook from events, from all of them if need be."""
    reading.find(tx, caller, id)
    errors.raise_if_any()
    tx.execute(_DROP, account=caller.account_id, id=id, events=params.events or [])
    return reading.show(tx, caller, id)


def subscribe(tx: Transaction, id: int, events: Sequence[str]) -> None:
    """Subscribe a webhook of the transaction's account to events that it does not hear of yet."""
    place = tx.value(_LAST_PLACE, account=tx.account_id, id=id)
    tx.insert_many(
        subscriptions,
        ("account_id", "webhook_id", "event", "place"),
        [(tx.account_id, id, event, place + count) for count, event in enumerate(dict.fromkeys(events), 1)],
    )


_THIS_WEBHOOKS = (subscriptions.c.account_id == bindparam("account")) & (subscriptions.c.webhook_id == bindparam("id"))

_LAST_PLACE = Statement(select(func.coalesce(func.max(subscriptions.c.place), 0)).where(_THIS_WEBHOOKS))
_DROP = Statement(delete(subscriptions).where(_THIS_WEBHOOKS, any_of(subscriptions.c.event, "events")))
