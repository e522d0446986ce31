"""Store inbox entries, and delete those of a user."""

from sqlalchemy import bindparam, delete

from hourhook.domain.callers import Caller
from hourhook.domain.search_keys import search_key
from hourhook.store.schema import inbox_entries
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def insert(
    tx: Transaction, caller: Caller, *, date: str, description: str, minutes: int | None, project_name: str | None
) -> int:
    """Insert an entry into the caller's inbox, and return its id."""
    return tx.insert(
        inbox_entries,
        account_id=caller.account_id,
        user_id=caller.user_id,
        date=date,
        minutes=minutes,
        description=description,
        description_key=search_key(description),
        project_name=project_name,
        project_name_key=project_name and search_key(project_name),
        logged=False,
        entry_id=None,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )


def remove_for_user(tx: Transaction, caller: Caller, user_id: int) -> None:
    """Delete the inbox of a user, before the user is deleted."""
    tx.execute(_DELETE_OF_USER, account=caller.account_id, user=user_id)


_DELETE_OF_USER = Statement(
    delete(inbox_entries).where(
        inbox_entries.c.account_id == bindparam("account"), inbox_entries.c.user_id == bindparam("user")
    )
)
