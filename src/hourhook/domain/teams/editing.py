"""Creating, renaming and deleting teams (contract, teams.md)."""

from typing import Annotated, ClassVar

import msgspec
from sqlalchemy import bindparam, delete, update

from hourhook.clock import format_moment
from hourhook.domain.callers import Caller
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Faults, IdList, Inputs, Name, UnsetType
from hourhook.domain.search_keys import key_of
from hourhook.domain.teams import members, reading
from hourhook.domain.teams.representations import Team
from hourhook.domain.users import reading as users_reading
from hourhook.store.schema import teams
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

TeamName = Annotated[Name, "No other team of the account has it, in whatever case."]


class NewTeam(Inputs):
    """A team to be created."""

    required: ClassVar = ("name", "user_ids")
    aliases: ClassVar = {"users": "user_ids"}
    name: TeamName | UnsetType = UNSET
    user_ids: Annotated[IdList, "Who is in it; may be empty."] | UnsetType = UNSET


class TeamChanges(Inputs):
    """What is to change of a team; its members are changed by actions of their own."""

    name: TeamName | UnsetType = UNSET


def create(tx: Transaction, caller: Caller, given: NewTeam, faults: Faults) -> Team:
    """Create a team."""
    caller.require("supervisor")
    name, user_ids = given.name or "", given.user_ids or []
    known = {*users_reading.find_ids(tx, caller, user_ids)}
    for place, user_id in enumerate(user_ids):
        if user_id not in known:
            faults.add(f"user_ids[{place}]", "missing")
    _check(tx, caller, given, faults)
    id = tx.insert(
        teams, account_id=caller.account_id, name=name, name_key=key_of(name), created_at=tx.now, updated_at=tx.now
    )
    members.add_members(tx, id, sorted(known))
    created = reading.show(tx, caller, id)
    recording.record_creation(tx, "team", created)
    return created


def rename(tx: Transaction, caller: Caller, id: int, given: TeamChanges, faults: Faults) -> Team:
    """Give a team another name."""
    before = reading.show(tx, caller, id)
    caller.require("supervisor")
    _check(tx, caller, given, faults, id)
    name = given.name or before.name
    if name == before.name:
        return before
    tx.run(_RENAME, account=caller.account_id, id=id, name=name, name_key=key_of(name), now=tx.now)
    after = msgspec.structs.replace(before, name=name, updated_at=format_moment(tx.now))
    recording.record_update(tx, "team", before, after)
    return after


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Delete a team; its members stay."""
    team = reading.show(tx, caller, id)
    caller.require("supervisor")
    members.clear(tx, id)
    tx.run(_DELETE, account=caller.account_id, id=id)
    recording.record_deletion(tx, "team", team)


def _check(
    tx: Transaction, caller: Caller, given: NewTeam | TeamChanges, faults: Faults, id: int | None = None
) -> None:
    if given.name and reading.find_by_name(tx, caller, given.name) not in (None, id):
        faults.add("name", "already_exists")
    faults.check()


_OF_ID = (teams.c.account_id == bindparam("account"), teams.c.id == bindparam("id"))

_RENAME = Statement(
    update(teams)
    .where(*_OF_ID)
    .values(name=bindparam("name"), name_key=bindparam("name_key"), updated_at=bindparam("now"))
)

_DELETE = Statement(delete(teams).where(*_OF_ID))
