"""``hourhook migrate``, and who refuses what is not migrated."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.commands import KEY, CliRunner
from tests.support.databases import PostgresServer


@pytest.fixture
def empty(unconfigured_cli: CliRunner, _postgres_server: PostgresServer) -> Iterator[CliRunner]:
    """The commands on a PostgreSQL database without a table."""
    with _postgres_server.empty() as url:
        yield unconfigured_cli.with_settings(database_url=url, secret_key=KEY)


def test_an_empty_database_on_a_server_is_refused_until_it_is_migrated(empty: CliRunner) -> None:
    for words in (("serve", "--port", "0"), ("worker",), ("token", "list")):
        result = empty.run(*words)
        assert (result.status, result.stderr.count("\n")) == (1, 1)
        assert "the database is empty: run `hourhook migrate`" in result.stderr

    first, second = empty.run("migrate"), empty.run("migrate")
    assert first.stdout.endswith("has been upgraded to this version\n"), first.stderr
    assert second.stdout.endswith("is already at this version\n"), second.stderr
    empty.create_account()


def test_a_newer_schema_is_refused_by_everybody(empty: CliRunner) -> None:
    assert empty.run("migrate").status == 0
    with psycopg.connect(empty.database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    for words in (("serve", "--port", "0"), ("worker",), ("token", "list"), ("migrate",)):
        result = empty.run(*words)
        assert (result.status, result.stderr.count("\n")) == (1, 1)
        assert "newer than this version of Hourhook: install the version that migrated the database" in result.stderr


def test_an_embedded_database_is_made(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("migrate", "--database", "sqlite:///new.db")

    assert result.stdout == f"{unconfigured_cli.folder / 'new.db'} has been upgraded to this version\n"
    assert unconfigured_cli.with_settings(database_url="sqlite:///new.db").run("token", "list").status == 0


def test_an_embedded_database_is_not_migrated_beside_its_server(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving():
        result = unconfigured_cli.run("migrate")

    assert result.status == 1
    assert "in use by another hourhook process: stop that process first" in result.stderr
