"""Create, edit and delete broadcast receivers (``docs/api/broadcast_receivers.md#create-a-broadcast-receiver``)."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, update

from hourhook.delivery import signing
from hourhook.delivery.lane_control import destination_of
from hourhook.domain.audit.recording import record, record_edit
from hourhook.domain.broadcast_receivers import reading, storing, subscribing
from hourhook.domain.broadcast_receivers.representations import (
    BroadcastReceiver,
    BroadcastReceiverSecret,
    BroadcastReceiverWithSecret,
)
from hourhook.domain.broadcast_subjects import SUBJECTS, Subjects
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies, PayloadUri
from hourhook.domain.inputs import UNSET, Inputs, Name, UnsetType, ValidationErrors, value_or
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.search_keys import search_key
from hourhook.store.schema import broadcast_receivers
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class BroadcastReceiverCreate(Inputs):
    """A broadcast receiver to create."""

    required: ClassVar = ("name", "payload_uri", "subjects")
    name: Annotated[Name, "Need not be unique."] | UnsetType = UNSET
    payload_uri: PayloadUri | UnsetType = UNSET
    subjects: (
        Annotated[Subjects, "`*` subscribes to all subjects, including any added in future versions."] | UnsetType
    ) = UNSET


class BroadcastReceiverUpdate(Inputs):
    """Changes to a broadcast receiver; absent keys stay unchanged."""

    name: Name | UnsetType = UNSET
    payload_uri: PayloadUri | UnsetType = UNSET


def create(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    params: BroadcastReceiverCreate,
    errors: ValidationErrors,
) -> BroadcastReceiverWithSecret:
    """Create a broadcast receiver of the caller; its secret is shown only here and in ``reroll_secret``."""
    dependencies.check_uri(params.payload_uri, errors)
    subjects = params.subjects or []
    if not subjects and not errors.has("subjects"):
        errors.add("subjects", "missing_field")
    check_known(errors, "subjects", subjects, SUBJECTS)
    errors.raise_if_any()
    name, payload_uri, secret = params.name or "", params.payload_uri or "", signing.new_secret()
    id = tx.insert(
        broadcast_receivers,
        account_id=caller.account_id,
        user_id=caller.user_id,
        name=name,
        name_key=search_key(name),
        payload_uri=payload_uri,
        destination=destination_of(payload_uri),
        secret=dependencies.keyring.encrypt(secret),
        enabled=True,
        created_at=tx.event_time,
    )
    subscribing.subscribe(tx, id, subjects)
    details = {"name": name, "payload_uri": payload_uri, "subjects": subjects}
    record(tx, caller, "BroadcastReceiver", id, "created", details)
    created = reading.show(tx, caller, id)
    return BroadcastReceiverWithSecret(**msgspec.structs.asdict(created), secret=secret)


def edit(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    id: int,
    params: BroadcastReceiverUpdate,
    errors: ValidationErrors,
) -> BroadcastReceiver:
    """Change the name or the URI of a broadcast receiver."""
    before = reading.find(tx, caller, id)
    dependencies.check_uri(params.payload_uri, errors)
    errors.raise_if_any()
    name = value_or(params.name, before.name)
    payload_uri = value_or(params.payload_uri, before.payload_uri)
    tx.execute(
        _EDIT,
        account=caller.account_id,
        id=id,
        name=name,
        name_key=search_key(name),
        payload_uri=payload_uri,
        destination=destination_of(payload_uri),
    )
    record_edit(
        tx,
        caller,
        "BroadcastReceiver",
        id,
        {"name": before.name, "payload_uri": before.payload_uri},
        {"name": name, "payload_uri": payload_uri},
    )
    return reading.show(tx, caller, id)


def reroll_secret(tx: Transaction, caller: Caller, dependencies: Dependencies, id: int) -> BroadcastReceiverSecret:
    """Replace the secret; the old one stops being used at once."""
    reading.find(tx, caller, id)
    secret = signing.new_secret()
    tx.execute(_REROLL, account=caller.account_id, id=id, secret=dependencies.keyring.encrypt(secret))
    record(tx, caller, "BroadcastReceiver", id, "secret_rerolled")
    return BroadcastReceiverSecret(secret)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a broadcast receiver and its pending broadcasts; a broadcast being sent is not interrupted."""
    deleted = reading.find(tx, caller, id)
    storing.remove(tx, id)
    details = {"name": deleted.name, "payload_uri": deleted.payload_uri}
    record(tx, caller, "BroadcastReceiver", id, "deleted", details)


_THIS = (broadcast_receivers.c.account_id == bindparam("account")) & (broadcast_receivers.c.id == bindparam("id"))

_EDIT = Statement(
    update(broadcast_receivers)
    .where(_THIS)
    .values({name: bindparam(name) for name in ("name", "name_key", "payload_uri", "destination")})
)
_REROLL = Statement(update(broadcast_receivers).where(_THIS).values(secret=bindparam("secret")))
