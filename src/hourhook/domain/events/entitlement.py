"""Who may follow the event log: leaders with a valid token, as long as their account is not locked."""

from collections.abc import Collection

from sqlalchemy import text

from hourhook.domain.callers import BLOCKED_STATES
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


def find_entitled(tx: Transaction, tokens: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of these tokens, each given as its account and its id, whose users may read the log now."""
    rows = tx.all(_ENTITLED, tokens=encode_rows([*tokens]), now=tx.started_at)
    return {(row.account_id, row.id) for row in rows}


def _entitled(dialect: str) -> str:
    blocked = ", ".join(f"'{state}'" for state in BLOCKED_STATES)
    return f"""
    SELECT t.account_id, t.id
    FROM ({rows_sql(dialect, "tokens", account_id="INTEGER", id="INTEGER")}) AS r
    JOIN tokens AS t ON t.account_id = r.account_id AND t.id = r.id
    JOIN users AS u ON u.account_id = t.account_id AND u.id = t.user_id
    JOIN accounts AS a ON a.id = t.account_id
    WHERE (t.expires_at IS NULL OR t.expires_at > :now)
        AND u.state NOT IN ({blocked})
        AND (u.role IN ('supervisor', 'leader') OR a.owner_id = u.id)
        AND NOT a.is_locked
    """


_ENTITLED = Statement(text(_entitled("sqlite")), text(_entitled("postgresql")))
