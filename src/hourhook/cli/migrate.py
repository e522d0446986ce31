"""``hourhook migrate``."""

from contextlib import closing

import click

from hourhook.cli.options import database_option, read_settings


@click.command(short_help="Bring a database to this version.")
@database_option
def migrate(database: str | None) -> None:
    """Bring a database to this version of Hourhook, or make it if it is new.

    An embedded one is also migrated by `hourhook serve` when it starts, and cannot be while one is running. On
    PostgreSQL stop every hourhook process first, and make a backup.

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
        f"{describe_database(url)} is at this version now"
        if has_changed
        else f"{describe_database(url)} was at this version"
    )
