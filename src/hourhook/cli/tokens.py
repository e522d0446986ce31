"""``hourhook token``: create, list and revoke personal access tokens."""

import json
import sys

import click

from hourhook.cli.options import ID, account_option, database_option, email_option, json_option, read_settings
from hourhook.cli.tables import print_table

_COLUMNS = ("id", "name", "account", "user", "created", "last used", "expires")


@click.group(short_help="Create, list and revoke personal access tokens.")
def token() -> None:
    """Create, list and revoke personal access tokens."""


@token.command(short_help="Create a token for a user.")
@email_option
@account_option("The account's name; needed only if the address exists in several accounts.")
@click.option("--name", metavar="NAME", help="A note on what the token is for, shown by `token list`.")
@json_option("token")
@database_option
def create(email: str, account: str | None, name: str | None, as_json: bool, database: str | None) -> None:
    """Create a token for a user. It is printed once and cannot be shown again.

    The user may be in any state except disabled or suspended. The state does not change.

    \b
    Example:
      hourhook token create --email ada@northwind.test --name "import script"
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts, tokens

    with command_database(read_settings(database)) as db:
        found = db.read_now(accounts.find_user, email, account)
        created = db.write_now(found.account_id, tokens.create, found.id, name)
    click.echo(json.dumps({"token": created}) if as_json else created)
    if not as_json and sys.stdout.isatty():
        click.echo("Store the token now: it cannot be shown again.", err=True)


@token.command("list", short_help="List tokens by name and owner.")
@database_option
def list_(database: str | None) -> None:
    """List the tokens of all accounts with id, name, owner and last use. The tokens themselves are not shown.

    Tokens that are named "OAuth: …" or that expire belong to OAuth applications; see `hourhook app list`.
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


@token.command(short_help="Revoke a token.")
@click.argument("id", type=ID)
@database_option
def revoke(id: int, database: str | None) -> None:
    """Revoke a token. ID is shown by `hourhook token list`.

    For a token of an OAuth application, the user's whole authorization is revoked.
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import tokens

    with command_database(read_settings(database)) as db:
        db.write_now(db.read_now(tokens.find_account, id), tokens.revoke, id)
    click.echo(f"Revoked token {id}.", err=True)
