"""Making, changing and deleting broadcast receivers (contract, broadcast_receivers.md)."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, update

from hourhook.delivery import signing
from hourhook.delivery.lane_control import destination_of
from hourhook.domain.broadcast_receivers import reading, storing, subscribing
from hourhook.domain.broadcast_receivers.representations import (
    BroadcastReceiver,
    BroadcastReceiverSecret,
    BroadcastReceiverWithSecret,
)
from hourhook.domain.broadcast_subjects import NAMES, Subjects
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Outside, PayloadUri
from hourhook.domain.inputs import UNSET, Faults, Inputs, Name, UnsetType, given_or
from hourhook.domain.inputs.enums import refuse_unknown
from hourhook.domain.search_keys import key_of
from hourhook.store.schema import broadcast_receivers
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class NewBroadcastReceiver(Inputs):
    """A broadcast receiver to be made."""

    required: ClassVar = ("name", "payload_uri", "subjects")
    name: Annotated[Name, "Need not be unique."] | UnsetType = UNSET
    payload_uri: PayloadUri | UnsetType = UNSET
    subjects: Annotated[Subjects, "`*` stands for all present and future ones."] | UnsetType = UNSET


class BroadcastReceiverChanges(Inputs):
    """What is to change of a broadcast receiver; whatever is absent stays."""

    name: Name | UnsetType = UNSET
    payload_uri: PayloadUri | UnsetType = UNSET


def create(
    tx: Transaction, caller: Caller, outside: Outside, given: NewBroadcastReceiver, faults: Faults
) -> BroadcastReceiverWithSecret:
    """Make a receiver of the caller's; only here, and on a re-roll, is its secret shown."""
    outside.check_uri(given.payload_uri, faults)
    subjects = given.subjects or []
    if not subjects and not faults.has("subjects"):
        faults.add("subjects", "missing_field")
    refuse_unknown(faults, "subjects", subjects, NAMES)
    faults.check()
    name, payload_uri, secret = given.name or "", given.payload_uri or "", signing.new_secret()
    id = tx.insert(
        broadcast_receivers,
        account_id=caller.account_id,
        user_id=caller.user_id,
        name=name,
        name_key=key_of(name),
        payload_uri=payload_uri,
        destination=destination_of(payload_uri),
        secret=outside.keyring.encrypt(secret),
        enabled=True,
        created_at=tx.now,
    )
    subscribing.subscribe(tx, id, subjects)
    created = reading.show(tx, caller, id)
    return BroadcastReceiverWithSecret(**msgspec.structs.asdict(created), secret=secret)


def edit(
    tx: Transaction, caller: Caller, outside: Outside, id: int, given: BroadcastReceiverChanges, faults: Faults
) -> BroadcastReceiver:
    """Rename a receiver, or have it told at another address from now on."""
    before = reading.find(tx, caller, id)
    outside.check_uri(given.payload_uri, faults)
    faults.check()
    name = given_or(given.name, before.name)
    payload_uri = given_or(given.payload_uri, before.payload_uri)
    tx.run(
        _EDIT,
        account=caller.account_id,
        id=id,
        name=name,
        name_key=key_of(name),
        payload_uri=payload_uri,
        destination=destination_of(payload_uri),
    )
    return reading.show(tx, caller, id)


def reroll_secret(tx: Transaction, caller: Caller, outside: Outside, id: int) -> BroadcastReceiverSecret:
    """Make a new secret; the old one is void at once."""
    reading.find(tx, caller, id)
    secret = signing.new_secret()
    tx.run(_REROLL, account=caller.account_id, id=id, secret=outside.keyring.encrypt(secret))
    return BroadcastReceiverSecret(secret)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a receiver with what it was still to be told; what is being sent is not interrupted."""
    reading.find(tx, caller, id)
    storing.remove(tx, id)


_THIS = (broadcast_receivers.c.account_id == bindparam("account")) & (broadcast_receivers.c.id == bindparam("id"))

_EDIT = Statement(
    update(broadcast_receivers)
    .where(_THIS)
    .values({name: bindparam(name) for name in ("name", "name_key", "payload_uri", "destination")})
)
_REROLL = Statement(update(broadcast_receivers).where(_THIS).values(secret=bindparam("secret")))
