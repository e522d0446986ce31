"""The mail outbox: rows written in the transaction that requires the mail, so that a crash loses none.

A mail is sent after the commit, by the mail worker of any process. The worker leases it by postponing its next attempt;
the attempt number identifies the lease. Once a mail is sent or given up, its row is deleted
(``docs/decisions/0026-mail-outbox.md``).
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
    """A leased mail; ``text`` is still encrypted, and ``number`` is the number of this attempt."""

    account_id: int
    id: int
    recipient: str
    subject: str
    text: bytes
    created_at: int
    number: int


class Outbox:
    """The outbox of a process. Texts are stored encrypted, because they may contain links that grant access.

    ``wake`` is called in the writer's thread once there is a mail to send.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self.wake: Callable[[], None] = _ignore

    def enqueue(self, tx: Transaction, *, user_id: int, kind: str, recipient: str, subject: str, text: str) -> None:
        """Queue a mail to be sent once this transaction is committed."""
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
        """Decrypt the text of a mail.

        Raises ``OperatorError`` if it was encrypted with another key.
        """
        return self._keyring.decrypt_uncached(mail.text)

    def _wake(self) -> None:
        self.wake()


def cancel(tx: Transaction, user_id: int, kind: str) -> None:
    """Delete the unsent mails of one kind about a user."""
    tx.execute_later(_CANCEL, account=tx.account_id, user=user_id, kind=kind)


def is_any_due(tx: Transaction, longest_delay: int) -> bool:
    """Return whether a mail is due; later than in ``longest_delay`` microseconds is due, since a clock was ahead."""
    return bool(tx.value(_ANY_DUE, now=tx.started_at, horizon=tx.started_at + longest_delay))


def lease(tx: Transaction, longest_delay: int, duration: int) -> Mail | None:
    """Lease the mail that has been due longest, for ``duration`` microseconds."""
    now = tx.started_at
    row = tx.one(_LEASE, now=now, horizon=now + longest_delay, leased_until=now + duration)
    if row is None:
        return None
    return Mail(row.account_id, row.id, row.recipient, row.subject, row.text, row.created_at, row.attempts_count)


def remove(tx: Transaction, mail: Mail) -> None:
    """Delete a mail that is sent or given up, unless its lease is lost."""
    tx.execute(_REMOVE, account=mail.account_id, id=mail.id, number=mail.number)


def postpone(tx: Transaction, mail: Mail, delay: int, error: str) -> int:
    """Postpone the next attempt of a mail by ``delay`` microseconds, unless its lease is lost; return its time."""
    next_attempt_at = tx.started_at + delay
    tx.execute(
        _POSTPONE,
        account=mail.account_id,
        id=mail.id,
        number=mail.number,
        next_attempt_at=next_attempt_at,
        error=error,
    )
    return next_attempt_at


def _ignore() -> None:
    """Ignore a wake-up: without a mail worker here, that of another process finds the mail when it polls."""


_IS_DUE = (mails.c.next_attempt_at <= bindparam("now")) | (mails.c.next_attempt_at > bindparam("horizon"))
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
    # Checked again, as for lanes: PostgreSQL may return a row that was leased meanwhile.
    .where(mails.c.account_id == _DUE.c.account_id, mails.c.id == _DUE.c.id, _IS_DUE)
    .values(attempts_count=mails.c.attempts_count + 1, next_attempt_at=bindparam("leased_until"))
    .returning(mails),
    # For any values, PostgreSQL would check every mail that waits.
    replan=True,
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

_CANCEL = Statement(
    delete(mails).where(
        mails.c.account_id == bindparam("account"),
        mails.c.user_id == bindparam("user"),
        mails.c.kind == bindparam("kind"),
    )
)
