"""Store users."""

from sqlalchemy import bindparam, update

from hourhook.domain.search_keys import search_key
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# Of users who have not chosen any.
DEFAULT_PREFERENCES = {
    "time_format": "fraction",
    "week_start": "Sunday",
    "time_zone": "UTC",
    "send_personal_weekly_report_email": True,
    "send_team_weekly_report_email": True,
}


def insert(
    tx: Transaction,
    account_id: int,
    *,
    email: str,
    first_name: str | None,
    last_name: str | None,
    role: str,
    state: str,
    password_hash: str | None = None,
) -> int:
    """Insert a user with default preferences; returns the id."""
    return tx.insert(
        users,
        account_id=account_id,
        email=email,
        email_key=search_key(email),
        first_name=first_name,
        last_name=last_name,
        name_key=name_key(first_name, last_name),
        profile_image_url=None,
        role=role,
        state=state,
        password_hash=password_hash,
        **DEFAULT_PREFERENCES,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )


def set_time_zone(tx: Transaction, id: int, time_zone: str) -> None:
    """Set the time zone of a user, by a name that ``time_zones.parse_zone`` returned. It is in no event."""
    tx.execute(_SET_TIME_ZONE, account=tx.account_id, id=id, time_zone=time_zone, now=tx.event_time)


def name_key(first_name: str | None, last_name: str | None) -> str:
    """Return the search key of a full name: first and last name, separated by a space."""
    return search_key(" ".join(name for name in (first_name, last_name) if name))


_SET_TIME_ZONE = Statement(
    update(users)
    .where(users.c.account_id == bindparam("account"), users.c.id == bindparam("id"))
    .values(time_zone=bindparam("time_zone"), updated_at=bindparam("now"))
)
