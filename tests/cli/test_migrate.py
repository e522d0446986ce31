"""``hourhook migrate``, and the commands that refuse a database that is not migrated."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.commands import KEY, CliRunner
from tests.support.databases import PostgresServer


@pytest.fixture
def cli_on_empty_database(unconfigured_cli: CliRunner, _postgres_server: PostgresServer) -> Iterator[CliRunner]:
    """A runner on a PostgreSQL database without tables."""
    with _postgres_server.empty() as url:
        yield unconfigured_cli.with_settings(database_url=url, secret_key=KEY)


def test_an_empty_postgresql_database_is_refused_until_it_is_migrated(cli_on_empty_database: CliRunner) -> None:
    for arguments in (("serve", "--port", "0"), ("worker",), ("token", "list")):
        result = cli_on_empty_database.run(*arguments)
        assert (result.status, result.stderr.count("\n")) == (1, 1)
        assert "the database is empty: run `hourhook migrate`" in result.stderr

    first, second = cli_on_empty_database.run("migrate"), cli_on_empty_database.run("migrate")
    assert first.stdout.endswith("has been upgraded to this version\n"), first.stderr
    assert second.stdout.endswith("is already at this version\n"), second.stderr
    cli_on_empty_database.create_account()


def test_a_newer_schema_is_refused_by_every_command(cli_on_empty_database: CliRunner) -> None:
    assert cli_on_empty_database.run("migrate").status == 0
    with psycopg.connect(cli_on_empty_database.database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    for arguments in (("serve", "--port", "0"), ("worker",), ("token", "list"), ("migrate",)):
        result = cli_on_empty_database.run(*arguments)
        assert (result.status, result.stderr.count("\n")) == (1, 1)
        assert "newer than this version of Hourhook: install the version that migrated the database" in result.stderr


def test_migrate_creates_a_missing_sqlite_database(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("migrate", "--database", "sqlite:///new.db")

    assert result.stdout == f"{unconfigured_cli.folder / 'new.db'} has been upgraded to this version\n"
    assert unconfigured_cli.with_settings(database_url="sqlite:///new.db").run("token", "list").status == 0


def test_a_sqlite_database_in_use_by_a_server_is_not_migrated(unconfigured_cli: CliRunner) -> None:
    with unconfigured_cli.serving():
        result = unconfigured_cli.run("migrate")

    assert result.status == 1
    assert "in use by another hourhook process: stop that process first" in result.stderr
