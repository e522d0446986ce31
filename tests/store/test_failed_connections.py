"""PostgreSQL connections after a failed statement: prepared statements still work."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from hourhook.errors import NotFound
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.databases import PostgresServer

DIVIDE = Statement(text("SELECT 1 / CAST(:by AS INTEGER)"))
NUMBER = Statement(text("SELECT CAST(:by AS INTEGER)"))


@pytest.fixture
def database_url(_postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    with _postgres_server.fresh(tmp_path) as url:
        yield url


def divide(tx: Transaction, by: int) -> int:
    tx.execute_later(DIVIDE, by=by)
    return int(tx.value(NUMBER, by=by))


# The number of executions decides when a statement is prepared; refused writes matter if that is forgotten.
@pytest.mark.parametrize("refusals", [0, 1, 2, 3])
@pytest.mark.parametrize("successes", range(6))
def test_a_statement_pipelined_with_a_failed_one_works_afterwards(
    database: Database, refusals: int, successes: int
) -> None:
    for _ in range(refusals):
        with pytest.raises(NotFound):
            database.write_now(-1, divide, 1)
    for _ in range(successes):
        database.run_now(divide, 1)
    with pytest.raises(psycopg.errors.DivisionByZero):
        database.run_now(divide, 0)

    assert [database.run_now(divide, 1) for _ in range(5)] == [1] * 5
