"""Refuse connection poolers that give each transaction another session.

See ``docs/operating/postgresql.md#connection-poolers``.
"""

import psycopg

from hourhook.errors import OperatorError
from hourhook.settings import DatabaseLimits
from hourhook.store.postgres_connections import connect
from hourhook.store.sqlstates import translating_outages

# How often to look: a pooler may by chance keep two clients apart.
_ROUNDS = 4
_BACKEND = "SELECT pg_backend_pid()"
_REFUSAL = (
    "this database is behind a connection pooler that shares sessions between clients (transaction or statement "
    "pooling), where locks, notifications and prepared statements do not work: use session pooling, or connect to "
    "PostgreSQL directly"
)


def require_own_sessions(url: str, limits: DatabaseLimits) -> None:
    """Raise ``OperatorError`` if two connections that are open at the same time share a session of the server."""
    with translating_outages():
        first = connect(url, limits, answer_seconds=limits.connect_seconds)
        second = connect(url, limits, answer_seconds=limits.connect_seconds)
        try:
            for _ in range(_ROUNDS):
                if first.execute(_BACKEND).fetchone() == second.execute(_BACKEND).fetchone():
                    raise OperatorError(_REFUSAL)
                # While one is in a transaction, it keeps its session: a pooler gives the other one a new one.
                first.execute("BEGIN")
                first.execute("ROLLBACK")
        except psycopg.errors.ProtocolViolation:
            # With statement pooling, BEGIN is refused.
            raise OperatorError(_REFUSAL) from None
        finally:
            first.close()
            second.close()
