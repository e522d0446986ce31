"""``hourhook invoice``: set invoice states that the API only shows."""

import click

from hourhook.cli.options import ID, account_option, database_option, read_settings

STATES = ("unpaid", "awaiting_payment", "in_progress", "paid", "none")


@click.group(short_help="Set the state of an invoice.")
def invoice() -> None:
    """Manage invoices."""


@invoice.command("set", short_help="Set the state of an invoice.")
@account_option("The account's name.", required=True)
@click.option("--invoice", "id", metavar="ID", type=ID, required=True, help="The invoice's id.")
@click.argument("state", metavar="STATE", type=click.Choice(STATES))
@database_option
def set_(account: str, id: int, state: str, database: str | None) -> None:
    """Set the state of an invoice: unpaid, awaiting_payment, in_progress, paid or none.

    In the states awaiting_payment and in_progress, the API refuses to change the invoice. The change raises events, so
    set HOURHOOK_BASE_URL to the same value as for the server: it is part of the URLs in webhook payloads.

    \b
    Example:
      hourhook invoice set --account northwind --invoice 5150 in_progress
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts
    from hourhook.domain.invoices import paying
    from hourhook.domain.links import Links

    settings = read_settings(database)
    with command_database(settings) as db:
        links = Links(settings.base_url or "http://127.0.0.1:8080")
        db.write_now(db.read_now(accounts.find, account), paying.set_state, links, id, state)
    click.echo(f"Invoice {id} is now {state}.", err=True)
