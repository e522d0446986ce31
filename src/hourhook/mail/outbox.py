"""Mails that are to be sent: rows, written in the transaction of what they tell, so that a crash loses none.

A mail is sent after the commit, by the mailer of some process. It is leased for that, by putting off its next attempt;
the number of the attempt says whose lease it is. Once it is sent, or given up, its row goes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update

from hourhook.crypto import Keyring
from hourhook.store.schema import mails
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail under our lease; ``text`` is still encrypted, and ``number`` is that of this attempt."""

    account_id: int
    id: int
    recipient: str
    subject: str
    text: bytes
    created_at: int
    number: int


class Outbox:
    """Where the mails of a process are put; its texts are encrypted, since they may hold what opens something.

    ``wake`` is called, in the writer's thread, once there is a mail to be sent.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self.wake: Callable[[], None] = _ignore

    def enqueue(self, tx: Transaction, *, user_id: int, kind: str, recipient: str, subject: str, text: str) -> None:
        """Have a mail sent once this transaction is committed."""
        tx.insert(
            mails,
            account_id=tx.account_id,
            user_id=user_id,
            kind=kind,
            recipient=recipient,
            subject=subject,
            text=self._keyring.encrypt(text),
            created_at=tx.event_time,
            next_attempt_at=tx.started_at,
            attempts_count=0,
            last_error=None,
        )
        tx.after_commit(self._wake)

    def decrypt_text(self, mail: Mail) -> str:
        """The text of a mail (raises ``OperatorError`` where another key encrypted it)."""
        return self._keyring.decrypt_uncached(mail.text)

    def _wake(self) -> None:
        self.wake()


def cancel(tx: Transaction, user_id: int, kind: str) -> None:
    """Take back the mails of one kind about a user that have not been sent yet."""
    tx.execute_later(_WITHDRAW, account=tx.account_id, user=user_id, kind=kind)


def is_any_due(tx: Transaction, now: int) -> bool:
    """Whether there is a mail to be sent now."""
    return bool(tx.value(_ANY_DUE, now=now))


def lease(tx: Transaction, now: int, leased_until: int) -> Mail | None:
    """Take the mail that is due longest, so that nobody else tries it before ``leased_until``."""
    row = tx.one(_LEASE, now=now, leased_until=leased_until)
    if row is None:
        return None
    return Mail(row.account_id, row.id, row.recipient, row.subject, row.text, row.created_at, row.attempts_count)


def remove(tx: Transaction, mail: Mail) -> None:
    """Forget a mail that is done with, unless somebody else is at work on it by now."""
    tx.execute(_REMOVE, account=mail.account_id, id=mail.id, number=mail.number)


def postpone(tx: Transaction, mail: Mail, next_attempt_at: int, error: str) -> None:
    """Have a mail tried again later, unless somebody else is at work on it by now."""
    tx.execute(
        _POSTPONE,
        account=mail.account_id,
        id=mail.id,
        number=mail.number,
        next_attempt_at=next_attempt_at,
        error=error,
    )


def _ignore() -> None:
    """What is hinted while no mailer runs here: that of another process finds the mail when it polls."""


_IS_DUE = mails.c.next_attempt_at <= bindparam("now")
_ANY_DUE = Statement(select(select(mails.c.id).where(_IS_DUE).exists().label("due")))

_DUE = (
    select(mails.c.account_id, mails.c.id)
    .where(_IS_DUE)
    .order_by(mails.c.next_attempt_at, mails.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .cte("due")
)
_LEASE = Statement(
    update(mails)
    # The condition stands once more, as for lanes: PostgreSQL may hand on a row that somebody has leased meanwhile.
    .where(mails.c.account_id == _DUE.c.account_id, mails.c.id == _DUE.c.id, _IS_DUE)
    .values(attempts_count=mails.c.attempts_count + 1, next_attempt_at=bindparam("leased_until"))
    .returning(mails)
)

_IS_OURS = (
    (mails.c.account_id == bindparam("account"))
    & (mails.c.id == bindparam("id"))
    & (mails.c.attempts_count == bindparam("number"))
)
_REMOVE = Statement(delete(mails).where(_IS_OURS))
_POSTPONE = Statement(
    update(mails).where(_IS_OURS).values(next_attempt_at=bindparam("next_attempt_at"), last_error=bindparam("error"))
)

_WITHDRAW = Statement(
    delete(mails).where(
        mails.c.account_id == bindparam("account"),
        mails.c.user_id == bindparam("user"),
        mails.c.kind == bindparam("kind"),
    )
)
