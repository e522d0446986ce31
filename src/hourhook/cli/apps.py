"""``hourhook app``: register, list and revoke OAuth applications."""

import json
import sys

import click

from hourhook.cli.options import database_option, json_option, read_settings
from hourhook.cli.tables import print_table

_COLUMNS = ("client id", "name", "kind", "account", "site", "callback", "created", "authorizations")


@click.group(short_help="Register, list and revoke OAuth applications.")
def app() -> None:
    """Register, list and revoke OAuth applications."""


@app.command(short_help="Register an application.")
@click.option("--name", metavar="NAME", required=True, help="The name shown to users; up to 100 characters.")
@click.option("--site", metavar="URL", required=True, help="The application's website.")
@click.option(
    "--callback",
    metavar="URL",
    required=True,
    help="Where users are redirected to: this path or one below it. With --public also a private-use scheme, e.g. "
    "com.example.app:/cb.",
)
@click.option(
    "--public",
    is_flag=True,
    help="For clients that cannot keep a secret (desktop, mobile or browser apps); PKCE is then required.",
)
@click.option(
    "--scope",
    "chosen_scopes",
    metavar="SCOPE",
    multiple=True,
    help='A scope, e.g. "project"; repeatable. Scopes are recorded but not enforced.',
)
@json_option("client_id, client_secret (null if public)")
@database_option
def create(
    name: str,
    site: str,
    callback: str,
    public: bool,
    chosen_scopes: tuple[str, ...],
    as_json: bool,
    database: str | None,
) -> None:
    """Register an application and print its client id and secret. The secret cannot be shown again.

    Users of every account on this server can authorize it. A server may be running meanwhile.

    \b
    Example:
      hourhook app create --name Planner --site https://planner.example.com \\
          --callback https://planner.example.com/oauth/callback
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain.oauth import applications

    with command_database(read_settings(database)) as db:
        created = db.run_now(
            applications.register,
            name=name,
            site_url=site,
            callback_url=callback,
            is_public=public,
            chosen_scopes=chosen_scopes,
        )
    if as_json:
        click.echo(json.dumps({"client_id": created.client_id, "client_secret": created.client_secret}))
        return
    click.echo(f"client_id      {created.client_id}")
    if created.client_secret is not None:
        click.echo(f"client_secret  {created.client_secret}")
        if sys.stdout.isatty():
            click.echo("Store the secret now: it cannot be shown again.", err=True)


@app.command("list", short_help="List applications, without their secrets.")
@database_option
def list_(database: str | None) -> None:
    """List all applications, with the number of users who have authorized each of them."""
    from hourhook.cli.databases import command_database
    from hourhook.clock import format_timestamp
    from hourhook.domain.oauth import applications

    with command_database(read_settings(database)) as db:
        found = db.read_now(applications.list_all)
    rows = [
        (
            row.client_id,
            row.name,
            "public" if row.is_public else "confidential",
            row.account or "all",
            row.site_url,
            row.callback_url,
            format_timestamp(row.created_at),
            str(row.authorizations),
        )
        for row in found
    ]
    print_table(_COLUMNS, rows)


@app.command(short_help="Revoke an application and all its tokens.")
@click.argument("client_id", metavar="CLIENT_ID")
@database_option
def revoke(client_id: str, database: str | None) -> None:
    """Delete an application and revoke all of its authorizations and tokens.

    CLIENT_ID is shown by `hourhook app list`.
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain.oauth import applications, revoking

    with command_database(read_settings(database)) as db:
        # Marked first, so that no new authorization is made while its authorizations are revoked account by account.
        id = db.run_now(applications.mark_revoked, client_id)
        for account_id in db.read_now(revoking.find_accounts, id):
            db.write_now(account_id, revoking.revoke_for_application, id)
        db.run_now(applications.remove, id)
    click.echo(f"Revoked application {client_id}.", err=True)
