"""``hourhook backup``: copy an SQLite database while it is in use."""

import json
from pathlib import Path

import click

from hourhook.cli.options import database_option, json_option, read_settings


@click.command(short_help="Copy the SQLite database while the server runs.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option("file, bytes, key_file (null with HOURHOOK_SECRET_KEY)")
@database_option
def backup(file: Path, as_json: bool, database: str | None) -> None:
    """Write a consistent copy of the SQLite database to FILE, also while a server uses it.

    The copy does not contain the secret key: store that apart from it. To restore, use FILE as the database, with the
    key beside it as FILE.key. On PostgreSQL, use pg_dump.

    \b
    Example:
      hourhook backup /backups/hourhook-$(date +%F).db
    """
    from hourhook.cli.databases import command_database
    from hourhook.errors import OperatorError
    from hourhook.store.backups import copy_database
    from hourhook.store.urls import check_url, is_embedded, sqlite_path

    settings = read_settings(database)
    check_url(settings.database_url)
    if not is_embedded(settings.database_url):
        raise OperatorError(
            "this command copies SQLite files: on PostgreSQL run "
            "`pg_dump --format=custom --file=hourhook.dump DATABASE`"
        )
    with command_database(settings):
        path = sqlite_path(settings.database_url)
        size = copy_database(path, file)
    key_path = None if settings.secret_key is not None else f"{path}.key"
    if as_json:
        click.echo(json.dumps({"file": str(file), "bytes": size, "key_file": key_path}))
        return
    click.echo(f"Copied {path} to {file} ({size} bytes).")
    key = "HOURHOOK_SECRET_KEY" if key_path is None else key_path
    click.echo(f"The secret key is not part of it: keep {key} apart from the copy.")
