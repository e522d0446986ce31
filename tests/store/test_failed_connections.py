"""A connection on which a statement failed does no harm afterwards: on PostgreSQL, where statements are prepared."""

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


# How often a statement was sent decides when it is prepared, and refused writes when that is forgotten.
@pytest.mark.parametrize("refusals", [0, 1, 2, 3])
@pytest.mark.parametrize("successes", range(6))
def test_a_statement_that_travelled_with_one_that_failed_works_afterwards(
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
