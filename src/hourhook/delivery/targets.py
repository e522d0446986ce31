"""Delivery targets: the URI, name and secret of a webhook."""

from dataclasses import dataclass

from sqlalchemy import text

from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

Key = tuple[int, int]
"""The key of a lane: account id and webhook id."""


@dataclass(slots=True, eq=False)
class Target:
    """The URI that payloads are sent to, and the name and secret they carry."""

    name: str
    payload_uri: str
    # Encrypted, as stored.
    secret: bytes
    # At most this many payloads in one request.
    batch_limit: int = 1
    # The deadline of an attempt, if it is shorter than that of the transport.
    timeout_seconds: float | None = None


def read_targets(tx: Transaction, keys: list[Key]) -> dict[Key, Target]:
    """Read the targets of these webhooks; deleted webhooks are omitted."""
    return {
        (row.account_id, row.webhook_id): Target(
            row.name,
            row.payload_uri,
            bytes(row.secret),
            row.batch_limit,
            None if row.timeout_seconds is None else row.timeout_seconds / 100,
        )
        for row in tx.all(_TARGETS, rows=encode_rows(keys))
    }


def _targets(dialect: str) -> str:
    return f"""
    SELECT w.account_id, w.id AS webhook_id, w.name, w.payload_uri, w.secret, w.batch_limit, w.timeout_seconds
    FROM ({rows_sql(dialect, "rows", account_id="INTEGER", webhook_id="INTEGER")}) AS r
    JOIN webhooks AS w ON w.account_id = r.account_id AND w.id = r.webhook_id
    """


_TARGETS = Statement(text(_targets("sqlite")), text(_targets("postgresql")))
