"""``hourhook user``."""

import json

import click

from hourhook.cli.options import account_option, database_option, email_option, json_option, read_settings
from hourhook.cli.passwords import read_password


@click.group(short_help="Set a user's password; invite a user anew.")
def user() -> None:
    """What an administrator does for users."""


@user.command(short_help="Set a user's password.")
@email_option
@account_option("The account's name, where several know the address.")
@database_option
def password(email: str, account: str | None, database: str | None) -> None:
    """Set a user's password: asked for on a terminal, else read from standard input, as one line.

    \b
    Examples:
      hourhook user password --email ada@northwind.test
      hourhook user password --email ada@northwind.test < password.txt
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts, passwords

    with command_database(read_settings(database)) as db:
        # Before anybody types: whether there is somebody to type it for.
        found = db.read_now(accounts.find_user, email, account)
        password_hash = passwords.hash_password(read_password())
        db.write_now(found.account_id, passwords.store, found.id, password_hash)
    click.echo(f"The password of {email} is set.", err=True)


@user.command(short_help="Invite a pending user anew.")
@email_option
@account_option("The account's name, where several know the address.")
@json_option("link, expires_at, is_mailed")
@database_option
def invite(email: str, account: str | None, as_json: bool, database: str | None) -> None:
    """Make a new link for a user who is invited and has not joined yet, and print it; older ones open nothing any more.

    Where a mail server is set, a running server sends the link by mail as well. On its page the user chooses a
    password. HOURHOOK_BASE_URL is what the link begins with.

    \b
    Example:
      hourhook user invite --email grace@northwind.test
    """
    from hourhook.cli.databases import command_database
    from hourhook.clock import format_timestamp
    from hourhook.domain import accounts
    from hourhook.domain.invitations import issuing
    from hourhook.domain.invitations.letters import format_date_time
    from hourhook.domain.links import DEFAULT_BASE_URL, Links
    from hourhook.process.bootstrap import open_outbox

    settings = read_settings(database)
    with command_database(settings) as db:
        outbox = open_outbox(settings)
        found = db.read_now(accounts.find_user, email, account)
        links = Links(settings.base_url or DEFAULT_BASE_URL)
        issued = db.write_now(found.account_id, issuing.reissue, found.id, links=links, outbox=outbox)
    if as_json:
        expires_at = format_timestamp(issued.expires_at)
        click.echo(json.dumps({"link": issued.link, "expires_at": expires_at, "is_mailed": issued.is_mailed}))
        return
    click.echo(issued.link)
    click.echo(f"It works once, until {format_date_time(issued.expires_at)}.", err=True)
    if issued.is_mailed:
        click.echo(f"A mail with it goes to {found.email} as soon as a server or worker runs.", err=True)
    if settings.base_url is None:
        click.echo("HOURHOOK_BASE_URL is not set: the link may lead nowhere from other machines.", err=True)
