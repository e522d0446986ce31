"""Activate and deactivate users; activate a pending user at the first sign-in."""

import msgspec
from sqlalchemy import bindparam, update

from hourhook.clock import format_timestamp
from hourhook.delivery import broadcasts
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.invitations import issuing
from hourhook.domain.timers import cascades as timers_cascades
from hourhook.domain.users import reading, rules
from hourhook.domain.users.representations import User
from hourhook.errors import ValidationFailed
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def activate(tx: Transaction, caller: Caller, id: int) -> None:
    """Activate a deactivated user."""
    user = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    if user.state != "disabled":
        raise ValidationFailed.on_base("User", "not_deactivated", "The User is not deactivated.")
    rules.check_user_limit(tx, caller)
    record(tx, caller, "User", id, "activated")
    _change_state(tx, user, "active", "activated")


def deactivate(tx: Transaction, caller: Caller, id: int) -> None:
    """Deactivate a user who has entries or expenses and so cannot be deleted; these are kept.

    Their running timer is paused. Their broadcast receivers are kept as well, but receive nothing while the user is
    deactivated.
    """
    user = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    rules.refuse_owner(tx, caller, id)
    rules.refuse_self(caller, id)
    if not (user.entries or user.expenses):
        # A user with expenses cannot be deleted, so deactivating them must be possible.
        message = "The User should be deleted because it does not have any entries or expenses."
        raise ValidationFailed.on_base("User", "deletable", message)
    rules.refuse_deactivated(user)
    broadcasts.discard_for_user(tx, id)
    issuing.withdraw(tx, id)
    record(tx, caller, "User", id, "deactivated")
    _change_state(tx, user, "disabled", "deactivated")
    timers_cascades.pause_for_user(tx, caller, id)


def activate_pending(tx: Transaction, caller: Caller) -> None:
    """Activate a pending user who signs in for the first time; does nothing to any other."""
    user = reading.show(tx, caller, caller.user_id)
    if user.state == "pending":
        record(tx, caller, "User", user.id, "joined")
        _change_state(tx, user, "active")


def _change_state(tx: Transaction, user: User, state: str, specific: str | None = None) -> None:
    tx.execute(_SET_STATE, account=tx.account_id, id=user.id, state=state, now=tx.event_time)
    after = msgspec.structs.replace(user, state=state, updated_at=format_timestamp(tx.event_time))
    recording.record_update(tx, "user", user, after, specific)


_SET_STATE = Statement(
    update(users)
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("id"))
    .values(state=bindparam("state"), updated_at=bindparam("now"))
)
