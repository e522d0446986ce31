"""``hourhook app``: OAuth applications, which users may let act for them."""

import json
import sys

import click

from hourhook.cli.options import database_option, json_option, read_settings
from hourhook.cli.tables import print_table

_COLUMNS = ("client id", "name", "kind", "site", "callback", "created", "authorizations")


@click.group(short_help="Register, list and revoke OAuth applications.")
def app() -> None:
    """Register, list and revoke OAuth applications."""


@app.command(short_help="Register an application.")
@click.option("--name", metavar="NAME", required=True, help="What users know it by; up to 100 characters.")
@click.option("--site", metavar="URL", required=True, help="Where users read about it.")
@click.option(
    "--callback", metavar="URL", required=True, help="Where users are sent back to: this path, or one below it."
)
@click.option("--public", is_flag=True, help="It can keep no secret, as an app on a phone: it has to use PKCE.")
@click.option(
    "--scope",
    "chosen_scopes",
    metavar="SCOPE",
    multiple=True,
    help="What it is for, as project; may be given several times. Nothing is refused for want of one.",
)
@json_option("client_id, client_secret (null for a public one)")
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
    """Register an application and print its client id and secret, which are shown this once.

    It may ask users of every account of this server. Works beside a running server.

    \b
    Example:
      hourhook app create --name Planner --site https://planner.example.com \\
          --callback https://planner.example.com/oauth/callback
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain.oauth import applications

    with command_database(read_settings(database)) as db:
        made = db.run_now(
            applications.register,
            name=name,
            site_url=site,
            callback_url=callback,
            is_public=public,
            chosen_scopes=chosen_scopes,
        )
    if as_json:
        click.echo(json.dumps({"client_id": made.client_id, "client_secret": made.client_secret}))
        return
    click.echo(f"client_id      {made.client_id}")
    if made.client_secret is not None:
        click.echo(f"client_secret  {made.client_secret}")
        if sys.stdout.isatty():
            click.echo("Keep the secret: it is never shown again.", err=True)


@app.command("list", short_help="List applications, never their secrets.")
@database_option
def list_(database: str | None) -> None:
    """List the applications, with how many times users have let each of them in."""
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
            row.site_url,
            row.callback_url,
            format_timestamp(row.created_at),
            str(row.authorizations),
        )
        for row in found
    ]
    print_table(_COLUMNS, rows)


@app.command(short_help="Shut an application out, with all its tokens.")
@click.argument("client_id", metavar="CLIENT_ID")
@database_option
def revoke(client_id: str, database: str | None) -> None:
    """Delete an application: whatever users allowed it is revoked, and its tokens open nothing from now on."""
    from hourhook.cli.databases import command_database
    from hourhook.domain.oauth import applications, revoking

    with command_database(read_settings(database)) as db:
        # Closed first, so that nothing new comes of it while account after account lets go of it.
        id = db.run_now(applications.mark_revoked, client_id)
        for account_id in db.read_now(revoking.find_accounts, id):
            db.write_now(account_id, revoking.revoke_for_application, id)
        db.run_now(applications.remove, id)
    click.echo(f"The application {client_id} is revoked.", err=True)
