"""Create, edit and delete webhooks."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, delete, update

from hourhook.delivery import catching_up, lane_control, one_offs, signing
from hourhook.domain.audit.recording import record, record_edit
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies, PayloadUri
from hourhook.domain.events.catalogue import SUBSCRIBABLE_TYPES, Subscriptions
from hourhook.domain.events.feed import Position
from hourhook.domain.inputs import UNSET, Inputs, Moment, Name, UnsetType, ValidationErrors, value_or
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.search_keys import search_key
from hourhook.domain.webhooks import beginnings, reading, subscribing
from hourhook.domain.webhooks.representations import Webhook, WebhookWithSecret
from hourhook.store.schema import subscriptions, webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class WebhookCreate(Inputs, rename={"from_": "from"}):
    """A webhook to create."""

    required: ClassVar = ("name", "payload_uri", "events")
    name: Annotated[Name, "Does not have to be unique."] | UnsetType = UNSET
    payload_uri: PayloadUri | UnsetType = UNSET
    events: (
        Annotated[Subscriptions, "Event names; `*` subscribes to all events, including any added in future versions."]
        | UnsetType
    ) = UNSET
    from_: (
        Annotated[Moment, "Send the kept events created at or after this time first, then what is new."]
        | UnsetType
        | None
    ) = UNSET
    from_position: (
        Annotated[Position, "Send the kept events from this position of the log on first, then what is new."]
        | UnsetType
        | None
    ) = UNSET


class WebhookUpdate(Inputs):
    """Changes to a webhook. Absent properties keep their values."""

    name: Name | UnsetType = UNSET
    payload_uri: PayloadUri | UnsetType = UNSET


def create(
    tx: Transaction, caller: Caller, dependencies: Dependencies, params: WebhookCreate, errors: ValidationErrors
) -> WebhookWithSecret:
    """Create a webhook and queue a ping to it. The secret is returned only here and by ``reroll_secret``."""
    caller.require_role("leader")
    dependencies.check_uri(params.payload_uri, errors)
    events = params.events or []
    if not events and not errors.has("events"):
        errors.add("events", "missing_field")
    check_known(errors, "events", events, SUBSCRIBABLE_TYPES)
    beginning = beginnings.find_position(tx, value_or(params.from_, None), value_or(params.from_position, None), errors)
    errors.raise_if_any()
    name, payload_uri, secret = params.name or "", params.payload_uri or "", signing.new_secret()
    id = tx.insert(
        webhooks,
        account_id=caller.account_id,
        name=name,
        name_key=search_key(name),
        payload_uri=payload_uri,
        secret=dependencies.keyring.encrypt(secret),
        batch_limit=1,
        created_at=tx.event_time,
        created_by_id=caller.user_id,
    )
    lane_control.create_lane(tx, id, payload_uri)
    subscribing.subscribe(tx, id, events)
    one_offs.ping(tx, id)
    if beginning is not None:
        catching_up.begin(tx, id, beginning)
    details: dict[str, object] = {"name": name, "payload_uri": payload_uri, "events": events}
    if beginning is not None:
        details["from_position"] = beginning
    record(tx, caller, "Webhook", id, "created", details)
    created = reading.show(tx, caller, id)
    return WebhookWithSecret(**msgspec.structs.asdict(created), secret=secret)


def edit(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    id: int,
    params: WebhookUpdate,
    errors: ValidationErrors,
) -> Webhook:
    """Change a webhook's name or URL, which apply from the next attempt on; no ping is sent."""
    before = reading.find(tx, caller, id)
    dependencies.check_uri(params.payload_uri, errors)
    errors.raise_if_any()
    name = value_or(params.name, before.name)
    payload_uri = value_or(params.payload_uri, before.payload_uri)
    if (name, payload_uri) != (before.name, before.payload_uri):
        tx.execute(
            _EDIT, account=caller.account_id, id=id, name=name, name_key=search_key(name), payload_uri=payload_uri
        )
        if payload_uri != before.payload_uri:
            lane_control.retarget(tx, id, payload_uri)
        else:
            lane_control.reload_target(tx, id)
        record_edit(
            tx,
            caller,
            "Webhook",
            id,
            {"name": before.name, "payload_uri": before.payload_uri},
            {"name": name, "payload_uri": payload_uri},
        )
    return reading.show(tx, caller, id)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a webhook with its waiting payloads and its log; an attempt in flight is not interrupted."""
    deleted = reading.find(tx, caller, id)
    tx.execute(_DELETE_SUBSCRIPTIONS, account=caller.account_id, id=id)
    tx.execute(_DELETE, account=caller.account_id, id=id)
    lane_control.delete_lane(tx, id)
    record(tx, caller, "Webhook", id, "deleted", {"name": deleted.name, "payload_uri": deleted.payload_uri})


_OF_ID = (webhooks.c.account_id == bindparam("account")) & (webhooks.c.id == bindparam("id"))

_EDIT = Statement(
    update(webhooks)
    .where(_OF_ID)
    .values(name=bindparam("name"), name_key=bindparam("name_key"), payload_uri=bindparam("payload_uri"))
)
_DELETE = Statement(delete(webhooks).where(_OF_ID))
_DELETE_SUBSCRIPTIONS = Statement(
    delete(subscriptions).where(
        subscriptions.c.account_id == bindparam("account"), subscriptions.c.webhook_id == bindparam("id")
    )
)
