"""Approve and unapprove entries (``docs/api/entries.md#approve-and-mark-as-invoiced``)."""

from collections.abc import Iterable
from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, null, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.entries import batches, reading, rules
from hourhook.domain.entries.representations import Entry
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, IdList, Inputs, Moment, UnsetType, ValidationErrors
from hourhook.domain.summaries import SimpleUser, summarize
from hourhook.domain.users import reading as users_reading
from hourhook.errors import ValidationFailed
from hourhook.store.schema import entries
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction

FEATURE = "approvals"
ApprovedAt = Annotated[Moment, "Default: now."]


class EntryApprove(Inputs):
    """An approval."""

    approved_at: ApprovedAt | UnsetType | None = UNSET


class EntriesApprove(Inputs):
    """The approval of several entries."""

    required: ClassVar = ("entry_ids",)
    entry_ids: Annotated[IdList, "Ineligible ones are skipped."] | UnsetType = UNSET
    approved_at: ApprovedAt | UnsetType | None = UNSET


class EntryIds(Inputs):
    """The entries to change."""

    required: ClassVar = ("entry_ids",)
    entry_ids: Annotated[IdList, "Ineligible ones are skipped."] | UnsetType = UNSET


def approve(tx: Transaction, caller: Caller, id: int, params: EntryApprove, errors: ValidationErrors) -> None:
    """Approve an entry, which locks it.

    Raises ``ValidationFailed`` if it is already approved or in an archived project.
    """
    caller.require_feature(FEATURE)
    entry = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    if entry.approved_at is not None:
        raise ValidationFailed.on_base("Entry", "already_approved", "The Entry is already approved.")
    rules.refuse_archived(entry)
    errors.raise_if_any()
    _approve(tx, caller, [entry], params.approved_at or tx.event_time)


def approve_many(tx: Transaction, caller: Caller, params: EntriesApprove, errors: ValidationErrors) -> None:
    """Approve these entries; skip those already approved or in an archived project."""
    caller.require_feature(FEATURE)
    caller.require_role("supervisor")
    errors.raise_if_any()
    for batch in batches.of_ids(tx, caller, params.entry_ids or []):
        eligible = [entry for entry in batch if entry.approved_at is None and not rules.is_archived(entry)]
        _approve(tx, caller, eligible, params.approved_at or tx.event_time)


def unapprove(tx: Transaction, caller: Caller, id: int) -> None:
    """Withdraw the approval of an entry. Idempotent: does nothing if it is not approved.

    Raises ``ValidationFailed`` if it is in an archived project.
    """
    caller.require_feature(FEATURE)
    entry = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    rules.refuse_archived(entry)
    _unapprove(tx, [entry])


def unapprove_many(tx: Transaction, caller: Caller, params: EntryIds, errors: ValidationErrors) -> None:
    """Withdraw the approval of these entries; skip those in an archived project."""
    caller.require_feature(FEATURE)
    caller.require_role("supervisor")
    errors.raise_if_any()
    for batch in batches.of_ids(tx, caller, params.entry_ids or []):
        _unapprove(tx, [entry for entry in batch if not rules.is_archived(entry)])


def clear_approver(tx: Transaction, caller: Caller, user_id: int) -> None:
    """Clear the approver of the entries that a user approved, before the user is deleted; they stay approved."""
    for batch in batches.of_approver(tx, caller, user_id):
        for before in batch:
            after = msgspec.structs.replace(before, approved_by=None, updated_at=format_timestamp(tx.event_time))
            recording.record_update(tx, "entry", before, after)
    tx.execute(_CLEAR_APPROVER, account=caller.account_id, user=user_id, now=tx.event_time)


def _approve(tx: Transaction, caller: Caller, approved: list[Entry], approved_at: int) -> None:
    if not approved:
        return
    tx.execute(
        _APPROVE,
        account=caller.account_id,
        ids=[entry.id for entry in approved],
        approved_at=approved_at,
        approved_by=caller.user_id,
        now=tx.event_time,
    )
    approver = summarize(SimpleUser, users_reading.show(tx, caller, caller.user_id))
    for before in approved:
        after = msgspec.structs.replace(
            before,
            approved_at=format_timestamp(approved_at),
            approved_by=approver,
            updated_at=format_timestamp(tx.event_time),
        )
        recording.record_update(tx, "entry", before, after, "approved")


def _unapprove(tx: Transaction, candidates: Iterable[Entry]) -> None:
    approved = [entry for entry in candidates if entry.approved_at is not None]
    if not approved:
        return
    tx.execute(_UNAPPROVE, account=tx.account_id, ids=[entry.id for entry in approved], now=tx.event_time)
    for before in approved:
        after = msgspec.structs.replace(
            before, approved_at=None, approved_by=None, updated_at=format_timestamp(tx.event_time)
        )
        recording.record_update(tx, "entry", before, after, "unapproved")


_OF_IDS = (entries.c.account_id == bindparam("account"), any_of(entries.c.id, "ids"))

_APPROVE = Statement(
    update(entries)
    .where(*_OF_IDS)
    .values(approved_at=bindparam("approved_at"), approved_by_id=bindparam("approved_by"), updated_at=bindparam("now"))
)

_UNAPPROVE = Statement(
    update(entries).where(*_OF_IDS).values(approved_at=null(), approved_by_id=null(), updated_at=bindparam("now"))
)

_CLEAR_APPROVER = Statement(
    update(entries)
    .where(entries.c.account_id == bindparam("account"), entries.c.approved_by_id == bindparam("user"))
    .values(approved_by_id=null(), updated_at=bindparam("now"))
)
