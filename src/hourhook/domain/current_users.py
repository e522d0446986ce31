"""The current user: the caller's own profile and preferences (``docs/api/current_user.md``)."""

from typing import Annotated, Any, ClassVar

import msgspec
from sqlalchemy import bindparam, select, update

from hourhook.clock import format_timestamp
from hourhook.domain.callers import Caller
from hourhook.domain.enums import TIME_FORMATS, Role, TimeFormat, UserState, WeekStart
from hourhook.domain.events import recording
from hourhook.domain.inputs import UNSET, Boolean, Inputs, Name, UnsetType, ValidationErrors, choice
from hourhook.domain.summaries import Timestamp, Url, UrlOrBlank
from hourhook.domain.users import reading, storing
from hourhook.domain.users.representations import COUNTS
from hourhook.errors import NotFound
from hourhook.store.schema import users
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction
from hourhook.time_zones import utc_offset


class CurrentUser(msgspec.Struct, frozen=True):
    """The calling user, with their preferences."""

    id: int
    email: str
    first_name: str | None
    last_name: str | None
    profile_image_url: UrlOrBlank
    url: Url
    state: UserState
    role: Role
    entries: int
    entries_url: Url
    expenses: int
    expenses_url: Url
    time_format: TimeFormat
    week_start: WeekStart
    utc_offset: int
    send_personal_weekly_report_email: bool
    send_team_weekly_report_email: bool
    created_at: Timestamp
    updated_at: Timestamp


class CurrentUserUpdate(Inputs):
    """Changes to your own profile and preferences; absent keys stay unchanged."""

    aliases: ClassVar = {
        "send_personal_weekly_report_email": "send_personal_weekly_report",
        "send_team_weekly_report_email": "send_team_weekly_report",
    }
    first_name: Annotated[Name, "The user's first name."] | UnsetType | None = UNSET
    last_name: Annotated[Name, "The user's last name."] | UnsetType | None = UNSET
    time_format: Annotated[str, choice(*TIME_FORMATS), "How durations are shown to this user."] | UnsetType = UNSET
    week_start: (
        Annotated[str, choice("sunday", "monday", ignore_case=True), "The first day of the week."] | UnsetType
    ) = UNSET
    send_personal_weekly_report: Annotated[Boolean, "The weekly personal report, by e-mail."] | UnsetType = UNSET
    send_team_weekly_report: (
        Annotated[Boolean, "The weekly team report, by e-mail; ignored unless the caller is a supervisor."] | UnsetType
    ) = UNSET


def show(tx: Transaction, caller: Caller) -> CurrentUser:
    """Return the caller."""
    return _represent(caller, _read(tx, caller), tx.started_at)


def edit(tx: Transaction, caller: Caller, params: CurrentUserUpdate, errors: ValidationErrors) -> CurrentUser:
    """Change the caller's name and preferences; only a new name raises ``user.updated``."""
    if not caller.has_role("supervisor"):
        # The key is ignored for these callers, and so are its errors.
        errors.discard("send_team_weekly_report")
    errors.raise_if_any()
    row = _read(tx, caller)
    values = _new_values(caller, params, row)
    if all(getattr(row, column) == value for column, value in values.items()):
        return _represent(caller, row, tx.started_at)
    before = reading.show(tx, caller, caller.user_id)
    tx.execute(
        _EDIT,
        **values,
        account=caller.account_id,
        id=caller.user_id,
        name_key=storing.name_key(values["first_name"], values["last_name"]),
        updated_at=tx.event_time,
    )
    recording.record_update(tx, "user", before, reading.show(tx, caller, caller.user_id))
    return show(tx, caller)


def _new_values(caller: Caller, params: CurrentUserUpdate, row: Row) -> dict[str, Any]:
    requested = {
        "first_name": params.first_name,
        "last_name": params.last_name,
        "time_format": params.time_format,
        "week_start": params.week_start if params.week_start is UNSET else params.week_start.capitalize(),
        "send_personal_weekly_report_email": params.send_personal_weekly_report,
        "send_team_weekly_report_email": params.send_team_weekly_report if caller.has_role("supervisor") else UNSET,
    }
    return {column: getattr(row, column) if value is UNSET else value for column, value in requested.items()}


def _read(tx: Transaction, caller: Caller) -> Row:
    row = tx.one(_FIND, account=caller.account_id, id=caller.user_id)
    if row is None:
        raise NotFound
    return row


def _represent(caller: Caller, row: Row, now: int) -> CurrentUser:
    url = caller.links.user(row.id)
    return CurrentUser(
        id=row.id,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        profile_image_url=row.profile_image_url or "",
        url=url,
        state=row.state,
        role=row.role,
        entries=row.entries_count,
        entries_url=f"{url}/entries",
        expenses=row.expenses_count,
        expenses_url=f"{url}/expenses",
        time_format=row.time_format,
        week_start=row.week_start,
        utc_offset=utc_offset(row.time_zone, now),
        send_personal_weekly_report_email=row.send_personal_weekly_report_email,
        send_team_weekly_report_email=row.send_team_weekly_report_email,
        created_at=format_timestamp(row.created_at),
        updated_at=format_timestamp(row.updated_at),
    )


_IS_CALLER = (users.c.account_id == bindparam("account"), users.c.id == bindparam("id"))

_FIND = Statement(
    select(
        *users.c,
        *COUNTS,
    ).where(*_IS_CALLER)
)

_EDIT = Statement(
    update(users)
    .where(*_IS_CALLER)
    .values(
        {
            column: bindparam(column)
            for column in (
                "first_name",
                "last_name",
                "name_key",
                "time_format",
                "week_start",
                "send_personal_weekly_report_email",
                "send_team_weekly_report_email",
                "updated_at",
            )
        }
    )
)
