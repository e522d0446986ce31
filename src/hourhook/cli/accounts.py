"""``hourhook account``: create accounts and change settings that the API does not expose."""

import json

import click

from hourhook.cli.options import account_option, database_option, json_option, program_name, read_settings
from hourhook.cli.passwords import read_password
from hourhook.cli.tables import print_table

_COLUMNS = ("id", "name", "owner", "users", "locked", "created_at")

_SET = """
Change settings that the API does not expose. If any value is invalid, nothing is changed.

\b
Keys:
  invoicing=on|off, approvals=on|off  features of the account
  max_users=N, max_projects=N         limits; none removes a limit
  tag_creation_role=ROLE              lowest role that may create tags:
                                      supervisor, leader, coworker, contractor
  default_billing_increment=MINUTES   for new projects: 1, 5, 6, 10, 15,
                                      20, 30 or 60
  utc_offset:EMAIL=SECONDS|ZONE       a user's offset east of UTC, or time
                                      zone, as `hourhook user set` sets it
  event_time=now                      after a clock that was ahead: times of
                                      new events go back to the clock's
  locked=on|off                       migration lock: the API answers 503

\b
Examples:
  hourhook account set --account northwind max_users=25 approvals=off
  hourhook account set --account northwind \\
      utc_offset:ada@northwind.test=Europe/Berlin
"""


@click.group(short_help="List and create accounts; set features, limits and lock.")
def account() -> None:
    """Create an account, or change settings that the API does not expose."""


@account.command(short_help="Create an account and its owner.")
@click.option("--name", metavar="NAME", required=True, help="A unique name: letters, digits and . _ ~ -")
@click.option("--email", metavar="EMAIL", required=True, help="The owner's e-mail address.")
@click.option("--first-name", metavar="NAME", required=True, help="The owner's first name.")
@click.option("--last-name", metavar="NAME", required=True, help="The owner's last name.")
@click.option(
    "--password",
    metavar="PASSWORD",
    help="The owner's password; - reads it from standard input. Prompted for if omitted.",
)
@json_option("account_id, user_id, token")
@database_option
def create(
    name: str, email: str, first_name: str, last_name: str, password: str | None, as_json: bool, database: str | None
) -> None:
    """Create an account and its owner, and print a personal access token. The token cannot be shown again.

    A server may be running meanwhile. An SQLite database that does not exist yet is created.

    \b
    Example:
      hourhook account create --name northwind --email ada@northwind.test \\
          --first-name Ada --last-name Byron --password -
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts
    from hourhook.domain.passwords import hash_password
    from hourhook.store.urls import describe_database, is_embedded, sqlite_path

    settings = read_settings(database)
    url = settings.database_url
    is_new = is_embedded(url) and not sqlite_path(url).exists()
    password_hash = hash_password(
        password if password not in (None, "-") else read_password(may_prompt=password is None)
    )
    with command_database(settings, may_create=True) as db:
        created = db.run_now(
            accounts.create,
            name=name,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password_hash=password_hash,
        )
    if is_new:
        # Possibly by mistake, beside the database of a server that was started elsewhere.
        click.echo(
            f"Created the database {describe_database(url)}. If your server uses another one, delete this one and name "
            "the other with --database or HOURHOOK_DATABASE_URL.",
            err=True,
        )
    if as_json:
        click.echo(json.dumps({"account_id": created.account_id, "user_id": created.user_id, "token": created.token}))
        return
    address = settings.base_url or "http://127.0.0.1:8080"
    click.echo(f"Created account {name} (id {created.account_id}) with owner {email} (id {created.user_id}).")
    click.echo(f"Personal access token, which cannot be shown again:\n\n  {created.token}\n")
    click.echo(f"Try it while `{program_name()} serve` is running:\n")
    click.echo(f"  curl -H 'X-NokoToken: {created.token}' {address}/v2/account")


@account.command("list", short_help="List accounts with their owners.")
@json_option("a list of objects", what="Print JSON")
@database_option
def list_(as_json: bool, database: str | None) -> None:
    """List all accounts, with their owners and how many users they have."""
    from hourhook.cli.databases import command_database
    from hourhook.clock import format_timestamp
    from hourhook.domain import directory

    with command_database(read_settings(database)) as db:
        found = db.read_now(directory.list_accounts)
    rows = [
        (row.id, row.name, row.owner, row.users_count, bool(row.is_locked), format_timestamp(row.created_at))
        for row in found
    ]
    if as_json:
        click.echo(json.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in rows]))
    else:
        titles = [title.replace("_", " ") for title in _COLUMNS]
        print_table(titles, [(*map(str, row[:4]), "yes" if row[4] else "no", row[5]) for row in rows])


@account.command("set", short_help="Set features, limits, defaults and the migration lock.", help=_SET)
@account_option("The account's name.", required=True)
@click.argument("values", metavar="KEY=VALUE...", nargs=-1, required=True)
@database_option
@click.pass_context
def set_(ctx: click.Context, account: str, values: tuple[str, ...], database: str | None) -> None:
    from hourhook.cli.databases import command_database
    from hourhook.domain import account_settings, accounts

    given: dict[str, str] = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"{text!r} is not KEY=VALUE", ctx)
        if key in given:
            raise click.UsageError(f"{key} was given twice", ctx)
        given[key] = value
    with command_database(read_settings(database)) as db:
        db.write_now(db.read_now(accounts.find, account), account_settings.update_settings, given)
