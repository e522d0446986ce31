"""Enable and disable broadcast receivers (``docs/api/broadcast_receivers.md#edit-a-broadcast-receiver``)."""

from sqlalchemy import bindparam, update

from hourhook.delivery import broadcasts
from hourhook.domain.audit.recording import record
from hourhook.domain.broadcast_receivers import reading
from hourhook.domain.callers import Caller
from hourhook.store.schema import broadcast_receivers
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def disable(tx: Transaction, caller: Caller, id: int) -> None:
    """Disable a broadcast receiver and discard its pending broadcasts; idempotent."""
    reading.find(tx, caller, id)
    if tx.execute(_SET_STATE, account=caller.account_id, id=id, enabled=False):
        record(tx, caller, "BroadcastReceiver", id, "disabled")
    broadcasts.discard(tx, id)


def enable(tx: Transaction, caller: Caller, id: int) -> None:
    """Enable a broadcast receiver; idempotent. Changes while it was disabled are not broadcast."""
    reading.find(tx, caller, id)
    if tx.execute(_SET_STATE, account=caller.account_id, id=id, enabled=True):
        record(tx, caller, "BroadcastReceiver", id, "enabled")


_SET_STATE = Statement(
    update(broadcast_receivers)
    .where(
        broadcast_receivers.c.account_id == bindparam("account"),
        broadcast_receivers.c.id == bindparam("id"),
        broadcast_receivers.c.enabled != bindparam("enabled"),
    )
    .values(enabled=bindparam("enabled"))
)
