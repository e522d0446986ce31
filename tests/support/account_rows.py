"""Account rows for tests of the store."""

from hourhook.store.schema import accounts
from hourhook.store.transaction import Transaction


def add_account(tx: Transaction, name: str) -> int:
    """Insert an account without users; return its id."""
    return tx.insert(
        accounts,
        name=name,
        owner_id=None,
        invoicing_enabled=True,
        approvals_enabled=True,
        max_users=None,
        max_projects=None,
        tag_creation_role="contractor",
        default_billing_increment=15,
        is_locked=False,
        last_position=0,
        last_event_at=0,
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
