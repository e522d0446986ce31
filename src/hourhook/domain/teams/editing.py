"""Create, rename and delete teams."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, delete, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, IdList, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.search_keys import search_key
from hourhook.domain.teams import members, reading
from hourhook.domain.teams.representations import Team
from hourhook.domain.users import reading as users_reading
from hourhook.store.schema import teams
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

TeamName = Annotated[Name, "Unique within the account, ignoring case."]


class TeamCreate(Inputs):
    """A team to create."""

    required: ClassVar = ("name", "user_ids")
    aliases: ClassVar = {"users": "user_ids"}
    name: TeamName | UnsetType = UNSET
    user_ids: Annotated[IdList, "The members; may be empty."] | UnsetType = UNSET


class TeamUpdate(Inputs):
    """Changes to a team. Its members are changed by actions of their own."""

    name: TeamName | UnsetType = UNSET


def create(tx: Transaction, caller: Caller, params: TeamCreate, errors: ValidationErrors) -> Team:
    caller.require_role("supervisor")
    name, user_ids = params.name or "", params.user_ids or []
    known = {*users_reading.find_ids(tx, caller, user_ids)}
    for index, user_id in enumerate(user_ids):
        if user_id not in known:
            errors.add(f"user_ids[{index}]", "missing")
    _check(tx, caller, params, errors)
    id = tx.insert(
        teams,
        account_id=caller.account_id,
        name=name,
        name_key=search_key(name),
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    members.add_members(tx, id, sorted(known))
    created = reading.show(tx, caller, id)
    recording.record_creation(tx, "team", created)
    return created


def rename(tx: Transaction, caller: Caller, id: int, params: TeamUpdate, errors: ValidationErrors) -> Team:
    before = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    _check(tx, caller, params, errors, id)
    name = params.name or before.name
    if name == before.name:
        return before
    tx.execute(_RENAME, account=caller.account_id, id=id, name=name, name_key=search_key(name), now=tx.event_time)
    after = msgspec.structs.replace(before, name=name, updated_at=format_timestamp(tx.event_time))
    recording.record_update(tx, "team", before, after)
    return after


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a team; its members are kept."""
    team = reading.show(tx, caller, id)
    caller.require_role("supervisor")
    members.clear(tx, id)
    tx.execute(_DELETE, account=caller.account_id, id=id)
    recording.record_deletion(tx, "team", team)


def _check(
    tx: Transaction, caller: Caller, params: TeamCreate | TeamUpdate, errors: ValidationErrors, id: int | None = None
) -> None:
    if params.name and reading.find_by_name(tx, caller, params.name) not in (None, id):
        errors.add("name", "already_exists")
    errors.raise_if_any()


_OF_ID = (teams.c.account_id == bindparam("account"), teams.c.id == bindparam("id"))

_RENAME = Statement(
    update(teams)
    .where(*_OF_ID)
    .values(name=bindparam("name"), name_key=bindparam("name_key"), updated_at=bindparam("now"))
)

_DELETE = Statement(delete(teams).where(*_OF_ID))
