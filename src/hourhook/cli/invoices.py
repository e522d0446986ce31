"""``hourhook invoice``: the states of invoices that the API only shows."""

import click

from hourhook.cli.options import ID, account_option, database_option, read_settings

STATES = ("unpaid", "awaiting_payment", "in_progress", "paid", "none")


@click.group(short_help="Set the state of an invoice.")
def invoice() -> None:
    """What an administrator does for invoices."""


@invoice.command("set", short_help="Set the state of an invoice.")
@account_option("The account's name.", required=True)
@click.option("--invoice", "id", metavar="ID", type=ID, required=True, help="The invoice's id.")
@click.argument("state", metavar="STATE", type=click.Choice(STATES))
@database_option
def set_(account: str, id: int, state: str, database: str | None) -> None:
    """Set the state of an invoice: unpaid, awaiting_payment, in_progress, paid or none.

    While it is awaiting_payment or in_progress, the API refuses to change it. The account's webhooks are told, so set
    HOURHOOK_BASE_URL as the server has it: it is in what they get.

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
    click.echo(f"Invoice {id} is {state}.", err=True)
