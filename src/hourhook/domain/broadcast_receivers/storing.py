"""Delete broadcast receivers: one, or all of a user."""

from sqlalchemy import bindparam, delete, exists, select

from hourhook.delivery import broadcasts
from hourhook.store.schema import broadcast_receivers, broadcast_subjects
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def remove(tx: Transaction, id: int) -> None:
    """Delete a broadcast receiver with its subjects and pending broadcasts."""
    for statement in (_DELETE_SUBJECTS, _DELETE):
        tx.execute(statement, account=tx.account_id, id=id)
    broadcasts.discard(tx, id)


def remove_for_user(tx: Transaction, user_id: int) -> None:
    """Delete the broadcast receivers of a user, before the user is deleted, with their pending broadcasts."""
    broadcasts.discard_for_user(tx, user_id)
    for statement in (_DELETE_SUBJECTS_OF_USER, _DELETE_OF_USER):
        tx.execute(statement, account=tx.account_id, user=user_id)


_IS_OF_USER = (broadcast_receivers.c.account_id == bindparam("account")) & (
    broadcast_receivers.c.user_id == bindparam("user")
)

_DELETE_SUBJECTS = Statement(
    delete(broadcast_subjects).where(
        broadcast_subjects.c.account_id == bindparam("account"),
        broadcast_subjects.c.broadcast_receiver_id == bindparam("id"),
    )
)
_DELETE = Statement(
    delete(broadcast_receivers).where(
        broadcast_receivers.c.account_id == bindparam("account"), broadcast_receivers.c.id == bindparam("id")
    )
)
_DELETE_SUBJECTS_OF_USER = Statement(
    delete(broadcast_subjects).where(
        broadcast_subjects.c.account_id == bindparam("account"),
        exists(
            select(broadcast_receivers.c.id).where(
                _IS_OF_USER, broadcast_receivers.c.id == broadcast_subjects.c.broadcast_receiver_id
            )
        ),
    )
)
_DELETE_OF_USER = Statement(delete(broadcast_receivers).where(_IS_OF_USER))
