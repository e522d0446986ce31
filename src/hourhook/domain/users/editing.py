"""Invite, edit and delete users."""

from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, select, update

from hourhook.domain import sessions
from hourhook.domain.audit.recording import record, record_edit
from hourhook.domain.broadcast_receivers import storing as broadcast_receivers_storing
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.entries import approving
from hourhook.domain.events import recording
from hourhook.domain.inbox_entries import storing as inbox_entries_storing
from hourhook.domain.inputs import UNSET, Email, Inputs, Name, UnsetType, ValidationErrors, value_or
from hourhook.domain.invitations import issuing
from hourhook.domain.invitations.issuing import IssuedInvitation
from hourhook.domain.oauth import revoking
from hourhook.domain.search_keys import search_key
from hourhook.domain.timers import cascades as timers_cascades
from hourhook.domain.users import reading, rules, storing
from hourhook.domain.users.reading import Role
from hourhook.domain.users.representations import User
from hourhook.errors import ValidationFailed
from hourhook.store.schema import project_access, team_members, tokens, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class UserCreate(Inputs):
    """A user to invite."""

    required: ClassVar = ("email",)
    email: Annotated[Email, "Unique within the account."] | UnsetType = UNSET
    first_name: Name | UnsetType | None = UNSET
    last_name: Name | UnsetType | None = UNSET
    role: Annotated[Role, "Default: `leader`."] | UnsetType | None = UNSET


class UserUpdate(Inputs):
    """Changes to a user. Absent properties keep their values."""

    first_name: Name | UnsetType | None = UNSET
    last_name: Name | UnsetType | None = UNSET
    role: Role | UnsetType = UNSET


def invite(
    tx: Transaction, caller: Caller, dependencies: Dependencies, params: UserCreate, errors: ValidationErrors
) -> tuple[User, IssuedInvitation]:
    """Create a user in state ``pending`` and issue an invitation."""
    caller.require_role("supervisor")
    email = params.email or ""
    if tx.one(_BY_EMAIL, account=caller.account_id, email_key=search_key(email)):
        errors.add("email", "already_exists")
    errors.raise_if_any()
    rules.check_user_limit(tx, caller)
    id = storing.insert(
        tx,
        caller.account_id,
        email=email,
        first_name=params.first_name or None,
        last_name=params.last_name or None,
        role=params.role or "leader",
        state="pending",
    )
    issued = issuing.issue(tx, id, links=caller.links, outbox=dependencies.outbox, invited_by_id=caller.user_id)
    created = reading.show(tx, caller, id)
    record(tx, caller, "User", id, "invited", {"email": email, "role": created.role})
    recording.record_creation(tx, "user", created)
    return created, issued


def edit(tx: Transaction, caller: Caller, id: int, params: UserUpdate, errors: ValidationErrors) -> User:
    """Edit a user's name and role; the roles of the caller and of the account's owner cannot be changed."""
    before = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    rules.refuse_deactivated(before)
    role = value_or(params.role, before.role)
    if role != before.role:
        if id == caller.user_id:
            errors.add("role", "authenticated_user")
        elif rules.is_owner(tx, caller, id):
            errors.add("role", "account_owner")
    errors.raise_if_any()
    first_name = value_or(params.first_name, before.first_name)
    last_name = value_or(params.last_name, before.last_name)
    if (first_name, last_name, role) == (before.first_name, before.last_name, before.role):
        return before
    tx.execute(
        _EDIT,
        account=caller.account_id,
        id=id,
        first_name=first_name,
        last_name=last_name,
        name_key=storing.name_key(first_name, last_name),
        role=role,
        now=tx.event_time,
    )
    record_edit(
        tx,
        caller,
        "User",
        id,
        {"first_name": before.first_name, "last_name": before.last_name, "role": before.role},
        {"first_name": first_name, "last_name": last_name, "role": role},
    )
    after = reading.show(tx, caller, id)
    recording.record_update(tx, "user", before, after)
    return after


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a user without entries and expenses.

    Entries that they approved stay approved, but no longer name the approver. They leave their teams, without an event
    of the team.
    """
    before = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    rules.refuse_owner(tx, caller, id)
    rules.refuse_self(caller, id)
    if before.entries or before.expenses:
        raise ValidationFailed.on_base(
            "User", "not_deletable", "The User cannot be deleted because it has entries or expenses."
        )
    approving.clear_approver(tx, caller, id)
    broadcast_receivers_storing.remove_for_user(tx, id)
    timers_cascades.remove_for_user(tx, caller, id)
    inbox_entries_storing.remove_for_user(tx, caller, id)
    revoking.revoke_for_user(tx, caller, id)
    sessions.end_all(tx, id)
    issuing.withdraw(tx, id)
    for statement in (_DELETE_TOKENS, _DELETE_ACCESS, _DELETE_FROM_TEAMS, _DELETE):
        tx.execute(statement, account=caller.account_id, id=id)
    record(
        tx,
        caller,
        "User",
        id,
        "deleted",
        {"email": before.email, "first_name": before.first_name, "last_name": before.last_name, "role": before.role},
    )
    recording.record_deletion(tx, "user", before)


_BY_EMAIL = Statement(
    select(users.c.id).where(users.c.account_id == bindparam("account"), users.c.email_key == bindparam("email_key"))
)

_EDIT = Statement(
    update(users)
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("id"))
    .values(
        first_name=bindparam("first_name"),
        last_name=bindparam("last_name"),
        name_key=bindparam("name_key"),
        role=bindparam("role"),
        updated_at=bindparam("now"),
    )
)

_DELETE_TOKENS = Statement(
    delete(tokens).where(tokens.c.account_id == bindparam("account"), tokens.c.user_id == bindparam("id"))
)

_DELETE_ACCESS = Statement(
    delete(project_access).where(
        project_access.c.account_id == bindparam("account"), project_access.c.user_id == bindparam("id")
    )
)

_DELETE_FROM_TEAMS = Statement(
    delete(team_members).where(
        team_members.c.account_id == bindparam("account"), team_members.c.user_id == bindparam("id")
    )
)

_DELETE = Statement(delete(users).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("id")))
