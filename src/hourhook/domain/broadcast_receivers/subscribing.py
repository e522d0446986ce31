"""Add and remove subjects of a broadcast receiver (``docs/api/broadcast_receivers.md#edit-a-broadcast-receiver``)."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, func, select

from hourhook.domain.audit.recording import record
from hourhook.domain.broadcast_receivers import reading
from hourhook.domain.broadcast_receivers.representations import BroadcastReceiver
from hourhook.domain.broadcast_subjects import SUBJECTS, Subjects
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Inputs, UnsetType, ValidationErrors
from hourhook.domain.inputs.enums import check_known
from hourhook.store.schema import broadcast_subjects
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


class BroadcastReceiverSubjectsAdd(Inputs):
    """Subjects to add."""

    required: ClassVar = ("subjects",)
    subjects: Annotated[Subjects, "Subjects it already subscribes to are skipped."] | UnsetType = UNSET


class BroadcastReceiverSubjectsRemove(Inputs):
    """Subjects to remove."""

    required: ClassVar = ("subjects",)
    subjects: (
        Annotated[Subjects, "Subjects it does not subscribe to are skipped; `*` removes only the wildcard."] | UnsetType
    ) = UNSET


def add(
    tx: Transaction, caller: Caller, id: int, params: BroadcastReceiverSubjectsAdd, errors: ValidationErrors
) -> BroadcastReceiver:
    """Subscribe a broadcast receiver to more subjects; idempotent."""
    receiver = reading.show(tx, caller, id)
    subjects = params.subjects or []
    check_known(errors, "subjects", subjects, SUBJECTS)
    errors.raise_if_any()
    added = [*dict.fromkeys(subject for subject in subjects if subject not in receiver.subjects)]
    subscribe(tx, id, added)
    if added:
        record(tx, caller, "BroadcastReceiver", id, "subjects_added", {"subjects": added})
    return reading.show(tx, caller, id)


def remove(
    tx: Transaction, caller: Caller, id: int, params: BroadcastReceiverSubjectsRemove, errors: ValidationErrors
) -> BroadcastReceiver:
    """Unsubscribe a broadcast receiver from subjects; idempotent. It may end up without any."""
    before = reading.show(tx, caller, id)
    errors.raise_if_any()
    tx.execute(_DROP, account=caller.account_id, id=id, subjects=params.subjects or [])
    after = reading.show(tx, caller, id)
    removed = [subject for subject in before.subjects if subject not in after.subjects]
    if removed:
        record(tx, caller, "BroadcastReceiver", id, "subjects_removed", {"subjects": removed})
    return after


def subscribe(tx: Transaction, id: int, subjects: Sequence[str]) -> None:
    """Subscribe a receiver of the transaction's account to subjects that it does not have yet, in this order."""
    last_place = tx.value(_LAST_PLACE, account=tx.account_id, id=id)
    tx.insert_many(
        broadcast_subjects,
        ("account_id", "broadcast_receiver_id", "subject", "place"),
        [(tx.account_id, id, subject, last_place + index) for index, subject in enumerate(dict.fromkeys(subjects), 1)],
    )


_OF_THIS = (broadcast_subjects.c.account_id == bindparam("account")) & (
    broadcast_subjects.c.broadcast_receiver_id == bindparam("id")
)

_LAST_PLACE = Statement(select(func.coalesce(func.max(broadcast_subjects.c.place), 0)).where(_OF_THIS))
_DROP = Statement(delete(broadcast_subjects).where(_OF_THIS, any_of(broadcast_subjects.c.subject, "subjects")))
