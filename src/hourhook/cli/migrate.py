"""``hourhook migrate``: bring the database schema to this version."""

from contextlib import closing

import click

from hourhook.cli.options import database_option, read_settings


@click.command(short_help="Upgrade the database schema to this version.")
@click.option("--new-key", is_flag=True, help="The secret key is lost: use the current one, or create one (SQLite).")
@click.option(
    "--recount",
    is_flag=True,
    help="Count the kept sums and index the texts again, if `hourhook check` says that they differ.",
)
@database_option
def migrate(new_key: bool, recount: bool, database: str | None) -> None:
    """Upgrade the database schema to this version of Hourhook, or create it in an empty database.

    SQLite: `hourhook serve` also does this when it starts; stop a running server first. PostgreSQL: stop every hourhook
    process and make a backup first.

    With --new-key, secrets that were encrypted with the lost key stay unreadable: re-roll the secret of each webhook
    and broadcast receiver.

    \b
    Example:
      hourhook migrate --database postgresql://hourhook@db.example.com/hourhook
    """
    from hourhook.domain import key_canary, sums
    from hourhook.process.bootstrap import load_keyring
    from hourhook.store import text_index
    from hourhook.store.sqlite import SqliteDatabase
    from hourhook.store.upgrades import migrate
    from hourhook.store.urls import describe_database, is_embedded, open_database

    settings = read_settings(database)
    url = settings.database_url
    with closing(open_database(url)) as opened:
        if is_embedded(url):
            assert isinstance(opened, SqliteDatabase)
            opened.acquire_file_lock()
        has_changed = migrate(url)
        if new_key:
            opened.run_now(key_canary.replace, load_keyring(settings, opened, may_be_new=True))
        if recount:
            opened.run_now(sums.recount)
            opened.run_now(text_index.rebuild)
    click.echo(
        f"{describe_database(url)} has been upgraded to this version"
        if has_changed
        else f"{describe_database(url)} is already at this version"
    )
    if new_key:
        click.echo("The current secret key now belongs to this database. Re-roll the secrets of all webhooks.")
    if recount:
        click.echo("The kept sums have been counted again, and the texts indexed.")
