"""Store users."""

from hourhook.domain.search_keys import search_key
from hourhook.store.schema import users
from hourhook.store.transaction import Transaction


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
        time_format="fraction",
        week_start="Sunday",
        utc_offset=0,
        send_personal_weekly_report_email=True,
        send_team_weekly_report_email=True,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )


def name_key(first_name: str | None, last_name: str | None) -> str:
    """Return the search key of a full name: first and last name, separated by a space."""
    return search_key(" ".join(name for name in (first_name, last_name) if name))
