"""Send test events: the example of an event, outside the order (`docs/api/webhooks.md#test-events`)."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, select

from hourhook.delivery import one_offs
from hourhook.delivery.event_log import EVERYTHING, WEBHOOK_TYPES
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.events.catalogue import LOGGED_TYPES
from hourhook.domain.events.examples import event_examples
from hourhook.domain.inputs import UNSET, Inputs, UnsetType, ValidationErrors
from hourhook.domain.inputs.enums import EnumField
from hourhook.domain.inputs.error_messages import describe_name
from hourhook.domain.webhooks import reading
from hourhook.store.schema import lanes, subscriptions, webhooks
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

EventType = Annotated[str, EnumField(255, is_single_line=True, options=LOGGED_TYPES)]


class WebhookTest(Inputs):
    """The event whose example to send."""

    required: ClassVar = ("type",)
    type: Annotated[EventType, "The name of an event, whether or not the webhook subscribes to it."] | UnsetType = UNSET


def send(tx: Transaction, caller: Caller, id: int, params: WebhookTest, errors: ValidationErrors) -> None:
    """Queue the example of an event, which is sent once, whatever the webhook's state."""
    reading.find(tx, caller, id)
    type = params.type or ""
    if type not in LOGGED_TYPES and not errors.has("type"):
        errors.add("type", "missing", describe_name("type", LOGGED_TYPES))
    errors.raise_if_any()
    _queue(tx, caller, id, type)


def send_example(tx: Transaction, caller: Caller, id: int, type: str) -> None:
    """Queue the example of an event of a known type."""
    reading.find(tx, caller, id)
    _queue(tx, caller, id, type)


def send_to_subscribers(tx: Transaction, caller: Caller, type: str) -> Sequence[int]:
    """Queue the example of an event to all enabled webhooks that subscribe to it; return their ids."""
    caller.require_role("leader")
    names = [type] if type in WEBHOOK_TYPES else [type, EVERYTHING]
    rows = tx.all(_SUBSCRIBERS, account=caller.account_id, events=names)
    for row in rows:
        _queue(tx, caller, row.id, type)
    return [row.id for row in rows]


def _queue(tx: Transaction, caller: Caller, id: int, type: str) -> None:
    example = event_examples(caller.links.base_url)[type]
    one_offs.send_test(tx, id, type, msgspec.json.encode(example.changes), msgspec.json.encode(example.object))
    record(tx, caller, "Webhook", id, "tested", {"type": type})


_SUBSCRIBERS = Statement(
    select(webhooks.c.id)
    .join(lanes, (lanes.c.account_id == webhooks.c.account_id) & (lanes.c.webhook_id == webhooks.c.id))
    .where(
        webhooks.c.account_id == bindparam("account"),
        lanes.c.enabled,
        webhooks.c.id.in_(
            select(subscriptions.c.webhook_id).where(
                subscriptions.c.account_id == bindparam("account"), any_of(subscriptions.c.event, "events")
            )
        ),
    )
    .order_by(webhooks.c.id)
)
