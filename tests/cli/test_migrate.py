"""``hourhook migrate``, and who refuses what is not migrated."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.commands import KEY, Commands
from tests.support.databases import PostgresServer


@pytest.fixture
def empty(bare: Commands, _postgres_server: PostgresServer) -> Iterator[Commands]:
    """The commands on a PostgreSQL database without a table."""
    with _postgres_server.empty() as url:
        yield bare.with_settings(database_url=url, secret_key=KEY)


def test_an_empty_database_on_a_server_is_refused_until_it_is_migrated(empty: Commands) -> None:
    for words in (("serve", "--port", "0"), ("worker",), ("token", "list")):
        result = empty.run(*words)
        assert (result.status, result.complaint.count("\n")) == (1, 1)
        assert "the database is empty: run `hourhook migrate`" in result.complaint

    first, second = empty.run("migrate"), empty.run("migrate")
    assert first.output.endswith("is at this version now\n"), first.complaint
    assert second.output.endswith("was at this version\n"), second.complaint
    empty.create_account()


def test_a_newer_schema_is_refused_by_everybody(empty: Commands) -> None:
    assert empty.run("migrate").status == 0
    with psycopg.connect(empty.database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    for words in (("serve", "--port", "0"), ("worker",), ("token", "list"), ("migrate",)):
        result = empty.run(*words)
        assert (result.status, result.complaint.count("\n")) == (1, 1)
        assert "newer than this Hourhook knows: install the newer Hourhook" in result.complaint


def test_an_embedded_database_is_made(bare: Commands) -> None:
    result = bare.run("migrate", "--database", "sqlite:///new.db")

    assert result.output == f"{bare.folder / 'new.db'} is at this version now\n"
    assert bare.with_settings(database_url="sqlite:///new.db").run("token", "list").status == 0


def test_an_embedded_database_is_not_migrated_beside_its_server(bare: Commands) -> None:
    with bare.serving():
        result = bare.run("migrate")

    assert result.status == 1
    assert "in use by another hourhook process: stop that one first" in result.complaint
