"""``hourhook user``."""

import click

from hourhook.cli.options import account_option, database_option, email_option, read_settings
from hourhook.cli.passwords import read_password


@click.group(short_help="Set a user's password.")
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
    from hourhook.cli.databases import opened
    from hourhook.domain import accounts, passwords

    with opened(read_settings(database)) as db:
        # Before anybody types: whether there is somebody to type it for.
        found = db.read_now(accounts.find_user, email, account)
        password_hash = passwords.hash_password(read_password())
        db.write_now(found.account_id, passwords.store, found.id, password_hash)
    click.echo(f"The password of {email} is set.", err=True)
