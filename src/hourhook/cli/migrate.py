"""``hourhook migrate``: bring the database schema to this version."""

from contextlib import closing

import click

from hourhook.cli.options import database_option, read_settings


@click.command(short_help="Upgrade the database schema to this version.")
@database_option
def migrate(database: str | None) -> None:
    """Upgrade the database schema to this version of Hourhook, or create it in an empty database.

    SQLite: `hourhook serve` also does this when it starts; stop a running server first. PostgreSQL: stop every hourhook
    process and make a backup first.

    \b
    Example:
      hourhook migrate --database postgresql://hourhook@db.example.com/hourhook
    """
    from hourhook.store.sqlite import SqliteDatabase
    from hourhook.store.upgrades import migrate
    from hourhook.store.urls import describe_database, is_embedded, open_database

    url = read_settings(database).database_url
    with closing(open_database(url)) as opened:
        if is_embedded(url):
            assert isinstance(opened, SqliteDatabase)
            opened.acquire_file_lock()
        has_changed = migrate(url)
    click.echo(
        f"{describe_database(url)} has been upgraded to this version"
        if has_changed
        else f"{describe_database(url)} is already at this version"
    )
