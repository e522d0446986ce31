"""``hourhook token``: tokens that open the API."""

import json
import sys

import click

from hourhook.cli.options import ID, account_option, database_option, email_option, json_option, read_settings
from hourhook.cli.tables import print_table

_COLUMNS = ("id", "name", "account", "user", "created", "last used", "expires")


@click.group(short_help="Make, list and revoke personal access tokens.")
def token() -> None:
    """Make, list and revoke personal access tokens."""


@token.command(short_help="Make a token for a user.")
@email_option
@account_option("The account's name, where several know the address.")
@click.option("--name", metavar="NAME", help="What the token is for, as the list shows it.")
@json_option("token")
@database_option
def create(email: str, account: str | None, name: str | None, as_json: bool, database: str | None) -> None:
    """Make a token for a user and print it, which is the only time it can be seen.

    The user may be in any state but disabled or suspended, and stays in it.

    \b
    Example:
      hourhook token create --email ada@northwind.test --name "import script"
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts, tokens

    with command_database(read_settings(database)) as db:
        found = db.read_now(accounts.find_user, email, account)
        made = db.write_now(found.account_id, tokens.create, found.id, name)
    click.echo(json.dumps({"token": made}) if as_json else made)
    if not as_json and sys.stdout.isatty():
        click.echo("Keep it: it is never shown again.", err=True)


@token.command("list", short_help="List tokens, never the tokens themselves.")
@database_option
def list_(database: str | None) -> None:
    """List the tokens of all accounts, with name, owner and last use, never the token itself.

    Those named OAuth, and whatever expires, are access tokens of OAuth applications; `hourhook app list` shows these.
    """
    from hourhook.cli.databases import command_database
    from hourhook.clock import format_timestamp
    from hourhook.domain import tokens

    with command_database(read_settings(database)) as db:
        found = db.read_now(tokens.list_all)
    rows = [
        (
            str(row.id),
            row.name or "-",
            row.account,
            row.email,
            format_timestamp(row.created_at),
            "never" if row.last_used_at is None else format_timestamp(row.last_used_at),
            "never" if row.expires_at is None else format_timestamp(row.expires_at),
        )
        for row in found
    ]
    print_table(_COLUMNS, rows)


@token.command(short_help="Make a token open nothing any more.")
@click.argument("id", type=ID)
@database_option
def revoke(id: int, database: str | None) -> None:
    """Make a token open nothing from now on; ID is that of `hourhook token list`.

    With the token of an OAuth application goes everything else that the user's permission gave it.
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import tokens

    with command_database(read_settings(database)) as db:
        db.write_now(db.read_now(tokens.find_account, id), tokens.revoke, id)
    click.echo(f"Token {id} is revoked.", err=True)
