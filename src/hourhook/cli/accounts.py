"""``hourhook account``: make accounts, and set what the API leaves to an administrator."""

import json

import click

from hourhook.cli.options import account_option, database_option, json_option, program_name, read_settings
from hourhook.cli.passwords import read_password

_SET = """
Set what the API leaves to an administrator; all of the values or, where one cannot be used, none.

\b
Keys:
  invoicing=on|off, approvals=on|off      features of the account
  max_users=N, max_projects=N             limits; none lifts one
  tag_creation_role=ROLE                  who may create tags: supervisor, leader, coworker, contractor
  default_billing_increment=MINUTES       of new projects: 1, 5, 6, 10, 15, 20, 30 or 60
  utc_offset:EMAIL=SECONDS                of one user, seconds east of UTC: decides what is today
  locked=on|off                           the migration lock: the API answers 503

\b
Examples:
  hourhook account set --account northwind max_users=25 approvals=off
  hourhook account set --account northwind utc_offset:ada@northwind.test=3600
"""


@click.group(short_help="Make an account; set its features, limits and lock.")
def account() -> None:
    """Make an account, or set what the API leaves to an administrator."""


@account.command(short_help="Make an account and its owner.")
@click.option("--name", metavar="NAME", required=True, help="Unique; letters, digits and . _ ~ -")
@click.option("--email", metavar="EMAIL", required=True, help="The owner's e-mail address.")
@click.option("--first-name", metavar="NAME", required=True, help="The owner's first name.")
@click.option("--last-name", metavar="NAME", required=True, help="The owner's last name.")
@click.option(
    "--password", metavar="PASSWORD", help="The owner's; - reads a line of standard input. Asked for if left out."
)
@json_option("account_id, user_id, token")
@database_option
def create(
    name: str, email: str, first_name: str, last_name: str, password: str | None, as_json: bool, database: str | None
) -> None:
    """Make an account and its owner, and print a personal access token, which is never shown again.

    Works beside a running server, and makes an embedded database that does not exist yet.

    \b
    Example:
      hourhook account create --name northwind --email ada@northwind.test \\
          --first-name Ada --last-name Byron --password -
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts
    from hourhook.domain.passwords import hash_password

    settings = read_settings(database)
    password_hash = hash_password(
        password if password not in (None, "-") else read_password(may_prompt=password is None)
    )
    with command_database(settings, may_create=True) as db:
        made = db.run_now(
            accounts.create,
            name=name,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password_hash=password_hash,
        )
    if as_json:
        click.echo(json.dumps({"account_id": made.account_id, "user_id": made.user_id, "token": made.token}))
        return
    address = settings.base_url or "http://127.0.0.1:8080"
    click.echo(f"Account {name} is made (id {made.account_id}), and its owner {email} (id {made.user_id}).")
    click.echo(f"A personal access token, shown this once:\n\n  {made.token}\n")
    click.echo(
        f"Try it while `{program_name()} serve` runs:\n\n  curl -H 'X-NokoToken: {made.token}' {address}/v2/account"
    )


@account.command("set", short_help="Set features, limits, habits and the migration lock.", help=_SET)
@account_option("The account's name.", required=True)
@click.argument("values", metavar="KEY=VALUE...", nargs=-1, required=True)
@database_option
@click.pass_context
def set_(ctx: click.Context, account: str, values: tuple[str, ...], database: str | None) -> None:
    """Set what the API leaves to an administrator."""
    from hourhook.cli.databases import command_database
    from hourhook.domain import account_settings, accounts

    given: dict[str, str] = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"{text!r} is not KEY=VALUE", ctx)
        if key in given:
            raise click.UsageError(f"{key} is given twice", ctx)
        given[key] = value
    with command_database(read_settings(database)) as db:
        db.write_now(db.read_now(accounts.find, account), account_settings.update_settings, given)
