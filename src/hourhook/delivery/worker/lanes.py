"""What a worker knows of the lanes it holds.

A lane is one webhook's row in the engine: which payload is next (its head), when it is due, and who is at work on it.
"""

from dataclasses import dataclass, field

from sqlalchemy import text

from hourhook.delivery.worker.readahead import Payload
from hourhook.store.rows import as_rows, rows_sql
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

Key = tuple[int, int]
"""What names a lane: its account's id and its webhook's."""


@dataclass(slots=True, eq=False)
class Target:
    """Where a webhook's payloads go, and what they are called and signed with."""

    name: str
    payload_uri: str
    # Encrypted, as it is stored.
    secret: bytes


@dataclass(slots=True, eq=False)
class Lane:
    """A lane under our lease; ``token`` 0 once the lease is given back."""

    account_id: int
    webhook_id: int
    token: int
    revision: int
    destination: str
    head_sequence: int
    last_sequence: int
    replayed_through: int
    attempts_count: int
    failures_count: int
    window_started_at: int | None
    stalled: bool
    last_succeeded: bool
    target: Target | None = None
    # Payloads read ahead, the head first.
    waiting: list[Payload] = field(default_factory=list)
    # How many were sent in this lease.
    sent_count: int = 0

    @property
    def key(self) -> Key:
        """What names the lane."""
        return self.account_id, self.webhook_id


def read_targets(tx: Transaction, keys: list[Key]) -> dict[Key, Target]:
    """Read where the payloads of these webhooks go; a webhook that is gone is missing."""
    return {
        (row.account_id, row.webhook_id): Target(row.name, row.payload_uri, bytes(row.secret))
        for row in tx.all(_TARGETS, rows=as_rows(keys))
    }


def _targets(dialect: str) -> str:
    return f"""
    SELECT w.account_id, w.id AS webhook_id, w.name, w.payload_uri, w.secret
    FROM ({rows_sql(dialect, "rows", account_id="INTEGER", webhook_id="INTEGER")}) AS r
    JOIN webhooks AS w ON w.account_id = r.account_id AND w.id = r.webhook_id
    """


_TARGETS = Statement(text(_targets("sqlite")), text(_targets("postgresql")))
