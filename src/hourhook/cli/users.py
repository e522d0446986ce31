"""``hourhook user``: set passwords and re-invite users."""

import json

import click

from hourhook.cli.options import account_option, database_option, email_option, json_option, read_settings
from hourhook.cli.passwords import read_password
from hourhook.cli.tables import print_table

_COLUMNS = ("id", "account", "email", "name", "role", "state", "time_zone")


@click.group(short_help="List users; set a password or time zone; re-invite a user.")
def user() -> None:
    """List users, set a user's password or time zone, or re-invite a user."""


@user.command("list", short_help="List users with roles and states.")
@account_option("Only the users of this account.")
@json_option("a list of objects", what="Print JSON")
@database_option
def list_(account: str | None, as_json: bool, database: str | None) -> None:
    """List the users of one account, or of all accounts."""
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts, directory

    with command_database(read_settings(database)) as db:
        account_id = None if account is None else db.read_now(accounts.find, account)
        found = db.read_now(directory.list_users, account_id)
    rows = [
        (
            row.id,
            row.account,
            row.email,
            " ".join(filter(None, (row.first_name, row.last_name))),
            "owner" if row.is_owner else row.role,
            row.state,
            row.time_zone,
        )
        for row in found
    ]
    if as_json:
        click.echo(json.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in rows]))
    else:
        print_table([title.replace("_", " ") for title in _COLUMNS], [tuple(map(str, row)) for row in rows])


@user.command(short_help="Set a user's password.")
@email_option
@account_option("The account's name; needed only if the address exists in several accounts.")
@database_option
def password(email: str, account: str | None, database: str | None) -> None:
    """Set a user's password. It is prompted for on a terminal, and otherwise read as one line of standard input.

    \b
    Examples:
      hourhook user password --email ada@northwind.test
      hourhook user password --email ada@northwind.test < password.txt
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts, passwords

    with command_database(read_settings(database)) as db:
        # Looked up before the prompt, so that an unknown user is reported first.
        found = db.read_now(accounts.find_user, email, account)
        password_hash = passwords.hash_password(read_password())
        db.write_now(found.account_id, passwords.store, found.id, password_hash)
    click.echo(f"The password of {email} has been set.", err=True)


@user.command("set", short_help="Set a user's time zone.")
@email_option
@account_option("The account's name; needed only if the address exists in several accounts.")
@click.option("--time-zone", metavar="ZONE", required=True, help="An IANA name, or an offset from UTC.")
@json_option("id, time_zone")
@database_option
def set_(email: str, account: str | None, time_zone: str, as_json: bool, database: str | None) -> None:
    """Set a user's time zone. It determines which day is today for this user.

    ZONE is an IANA name such as Europe/Berlin, which follows the changes of clocks, or a fixed offset such as +01:00.

    \b
    Example:
      hourhook user set --email ada@northwind.test --time-zone Europe/Berlin
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import account_settings, accounts
    from hourhook.time_zones import parse_zone

    try:
        name = parse_zone(time_zone.strip())
    except ValueError as error:
        raise click.BadParameter(f"{time_zone!r}: {error}", param_hint="--time-zone") from None
    with command_database(read_settings(database)) as db:
        found = db.read_now(accounts.find_user, email, account)
        db.write_now(found.account_id, account_settings.set_time_zone, found.id, name)
    if as_json:
        click.echo(json.dumps({"id": found.id, "time_zone": name}))
    else:
        click.echo(f"The time zone of {email} is {name}.", err=True)


@user.command(short_help="Re-invite a pending user.")
@email_option
@account_option("The account's name; needed only if the address exists in several accounts.")
@json_option("link, expires_at, is_mailed")
@database_option
def invite(email: str, account: str | None, as_json: bool, database: str | None) -> None:
    """Create and print a new invitation link for a pending user. Earlier links stop working.

    The link leads to a page where the user chooses a password. If HOURHOOK_SMTP_URL is set, a running server or worker
    also sends the link by e-mail. HOURHOOK_BASE_URL is the start of the link.

    \b
    Example:
      hourhook user invite --email grace@northwind.test
    """
    from hourhook.cli.databases import command_database
    from hourhook.clock import format_timestamp
    from hourhook.domain import accounts
    from hourhook.domain.invitations import issuing
    from hourhook.domain.invitations.mail import format_date_time
    from hourhook.domain.links import DEFAULT_BASE_URL, Links
    from hourhook.process.bootstrap import open_outbox

    settings = read_settings(database)
    with command_database(settings) as db:
        outbox = open_outbox(settings, db)
        found = db.read_now(accounts.find_user, email, account)
        links = Links(settings.base_url or DEFAULT_BASE_URL)
        issued = db.write_now(found.account_id, issuing.reissue, found.id, links=links, outbox=outbox)
    if as_json:
        expires_at = format_timestamp(issued.expires_at)
        click.echo(json.dumps({"link": issued.link, "expires_at": expires_at, "is_mailed": issued.is_mailed}))
        return
    click.echo(issued.link)
    click.echo(f"The link works once, until {format_date_time(issued.expires_at)}.", err=True)
    if issued.is_mailed:
        click.echo(f"It is also sent to {found.email} by e-mail as soon as a server or worker is running.", err=True)
    if settings.base_url is None:
        click.echo("HOURHOOK_BASE_URL is not set: the link may not work from other machines.", err=True)
