"""Members of teams; a change updates the team, not the users."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, update

from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, IdList, Inputs, UnsetType, ValidationErrors
from hourhook.domain.teams import reading
from hourhook.domain.teams.representations import Team
from hourhook.domain.users import reading as users_reading
from hourhook.domain.users.representations import User
from hourhook.store.schema import team_members, teams
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


class UserIds(Inputs):
    """The users of a bulk action."""

    required: ClassVar = ("user_ids",)
    user_ids: Annotated[IdList, "Ineligible ones are skipped."] | UnsetType = UNSET


def add(tx: Transaction, caller: Caller, id: int, params: UserIds, errors: ValidationErrors) -> list[User]:
    """Add users to a team and return all its members; idempotent. Unknown users and present members are skipped."""
    before = _find_editable(tx, caller, id)
    errors.raise_if_any()
    present = {user.id for user in before.users}
    added = [user_id for user_id in users_reading.find_ids(tx, caller, params.user_ids or []) if user_id not in present]
    if added:
        add_members(tx, id, added)
        _record(tx, caller, before)
    return users_reading.list_members(tx, caller, id)


def remove(tx: Transaction, caller: Caller, id: int, params: UserIds, errors: ValidationErrors) -> None:
    """Remove users from a team; idempotent. Those who are not in it are skipped."""
    before = _find_editable(tx, caller, id)
    errors.raise_if_any()
    if tx.execute(_REMOVE, account=caller.account_id, id=id, user_ids=params.user_ids or []):
        _record(tx, caller, before)


def remove_all(tx: Transaction, caller: Caller, id: int) -> None:
    before = _find_editable(tx, caller, id)
    if clear(tx, id):
        _record(tx, caller, before)


def add_members(tx: Transaction, id: int, user_ids: Sequence[int]) -> None:
    """Store that users are in a team; none of them may be in it already."""
    rows = [(tx.account_id, id, user_id) for user_id in user_ids]
    tx.insert_many(team_members, ("account_id", "team_id", "user_id"), rows)


def clear(tx: Transaction, id: int) -> bool:
    """Remove all members of a team; returns whether there were any."""
    return tx.execute(_CLEAR, account=tx.account_id, id=id) > 0


def _find_editable(tx: Transaction, caller: Caller, id: int) -> Team:
    team = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    return team


def _record(tx: Transaction, caller: Caller, before: Team) -> None:
    tx.execute(_TOUCH, account=caller.account_id, id=before.id, now=tx.event_time)
    recording.record_update(tx, "team", before, reading.show(tx, caller, before.id))


_OF_TEAM = (team_members.c.account_id == bindparam("account"), team_members.c.team_id == bindparam("id"))

_REMOVE = Statement(delete(team_members).where(*_OF_TEAM, any_of(team_members.c.user_id, "user_ids")))

_CLEAR = Statement(delete(team_members).where(*_OF_TEAM))

_TOUCH = Statement(
    update(teams)
    .where(teams.c.account_id == bindparam("account"), teams.c.id == bindparam("id"))
    .values(updated_at=bindparam("now"))
)
