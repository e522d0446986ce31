"""``hourhook webhook``: list, create, inspect and ping webhooks."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from hourhook.cli.options import ID, account_option, database_option, json_option, read_settings
from hourhook.cli.tables import print_table

if TYPE_CHECKING:
    from hourhook.settings import Settings
    from hourhook.store.database import Database

_COLUMNS = ("id", "account", "name", "state", "payload_uri")


@click.group(short_help="List, create, inspect and ping webhooks.")
def webhook() -> None:
    """List, create, inspect and ping webhooks."""


@webhook.command("list", short_help="List webhooks with their states.")
@account_option("Only the webhooks of this account.")
@json_option("a list of objects", what="Print JSON")
@database_option
def list_(account: str | None, as_json: bool, database: str | None) -> None:
    """List webhooks. The state is enabled, failing, stalled or disabled."""
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts, directory

    with command_database(read_settings(database)) as db:
        account_id = None if account is None else db.read_now(accounts.find, account)
        found = db.read_now(directory.list_webhooks, account_id)
    rows = [(row.id, row.account, row.name, _state(row), row.payload_uri) for row in found]
    if as_json:
        click.echo(json.dumps([dict(zip(_COLUMNS, row, strict=True)) for row in rows]))
    else:
        print_table(_COLUMNS, [tuple(map(str, row)) for row in rows])


@webhook.command(short_help="Create a webhook.")
@click.option("--name", metavar="NAME", required=True, help="A name to tell webhooks apart.")
@click.option("--url", metavar="URL", required=True, help="Where payloads are sent.")
@click.option("--events", metavar="LIST", required=True, help="Event names, separated by commas; * for all.")
@account_option("The account's name; needed only if there are several accounts.")
@click.option("--email", metavar="EMAIL", help="The user who creates it; the account's owner if omitted.")
@json_option("id, secret")
@database_option
def create(
    name: str, url: str, events: str, account: str | None, email: str | None, as_json: bool, database: str | None
) -> None:
    """Create a webhook, and print its id and secret. The secret cannot be shown again. A ping is sent at once.

    Set HOURHOOK_ALLOWED_NETWORKS to the same value as for the server.

    \b
    Example:
      hourhook webhook create --name Books --url https://books.example.com/hook \\
          --events entry.created,entry.updated
    """
    from hourhook.cli.databases import command_database
    from hourhook.cli.trigger import require_event
    from hourhook.domain import accounts, directory
    from hourhook.domain.events.catalogue import SUBSCRIBABLE_TYPES
    from hourhook.domain.inputs import parse
    from hourhook.domain.webhooks import editing
    from hourhook.store.transaction import Transaction

    settings = read_settings(database)
    names = [part.strip() for part in events.split(",") if part.strip()]
    for each in names:
        if each not in SUBSCRIBABLE_TYPES:
            require_event(each)

    def create_webhook(tx: Transaction, user_id: int | None) -> Any:
        links = _links(settings)
        caller = (
            directory.act_as_owner(tx, tx.account_id, links)
            if user_id is None
            else directory.act_as(tx, tx.account_id, user_id, links)
        )
        raw = {"name": name, "payload_uri": url, "events": names}
        params, errors = parse(editing.WebhookCreate, raw, resource="Webhook")
        return editing.create(tx, caller, dependencies, params, errors)

    with command_database(settings) as db:
        dependencies = _dependencies(settings, db)
        user_id = None
        if email is not None:
            user = db.read_now(accounts.find_user, email, account)
            account_id, user_id = user.account_id, user.id
        elif account is not None:
            account_id = db.read_now(accounts.find, account)
        else:
            account_id = db.read_now(directory.find_only_account)
        created = db.write_now(account_id, create_webhook, user_id)
    if as_json:
        click.echo(json.dumps({"id": created.id, "secret": created.secret}))
    else:
        click.echo(f"id      {created.id}\nsecret  {created.secret}")


@webhook.command(short_help="Show how the delivery to a webhook stands.")
@click.argument("id", type=ID)
@json_option("as GET /v2/webhooks/ID/status")
@database_option
def status(id: int, as_json: bool, database: str | None) -> None:
    """Show the delivery status of a webhook: what is waiting, failing or lost."""
    import msgspec

    from hourhook.domain.payloads import reading

    found = msgspec.to_builtins(_with_webhook(id, database, reading.show_status, is_write=False))
    if as_json:
        click.echo(json.dumps(found))
        return
    width = max(map(len, found))
    for name, value in found.items():
        shown = "-" if value is None else value if isinstance(value, str) else json.dumps(value)
        click.echo(f"{name.ljust(width)}  {shown}")


@webhook.command(short_help="Send a ping to a webhook.")
@click.argument("id", type=ID)
@json_option("id")
@database_option
def ping(id: int, as_json: bool, database: str | None) -> None:
    """Queue a ping to a webhook. A running server or worker sends it, and its delivery log shows the result."""
    from hourhook.domain.webhooks import states

    _with_webhook(id, database, states.ping, is_write=True)
    if as_json:
        click.echo(json.dumps({"id": id}))
    else:
        click.echo(f"A ping to webhook {id} is queued; a running server or worker sends it.", err=True)


def _with_webhook(id: int, database: str | None, function: Callable[..., Any], *, is_write: bool) -> Any:
    """Call a rule on a webhook as the owner of its account."""
    from hourhook.cli.databases import command_database
    from hourhook.domain import directory
    from hourhook.store.transaction import Transaction

    settings = read_settings(database)
    with command_database(settings) as db:
        account_id = db.read_now(directory.find_webhook_account, id)

        def call(tx: Transaction) -> Any:
            return function(tx, directory.act_as_owner(tx, account_id, _links(settings)), id)

        return db.write_now(account_id, call) if is_write else db.read_now(call)


def _links(settings: "Settings") -> Any:
    from hourhook.domain.links import DEFAULT_BASE_URL, Links

    return Links(settings.base_url or DEFAULT_BASE_URL)


def _dependencies(settings: "Settings", database: "Database") -> Any:
    from urllib.parse import urlsplit

    from hourhook.delivery.transports.http.address_guard import AddressGuard
    from hourhook.domain import key_canary
    from hourhook.domain.dependencies import Dependencies
    from hourhook.process.bootstrap import is_loopback, load_keyring

    # As for a server that listens on loopback only. What is connected to is checked again at each attempt.
    host = urlsplit(settings.base_url or "http://127.0.0.1").hostname or ""
    guard = AddressGuard(settings.allowed_networks, allow_loopback=is_loopback(host))
    keyring = load_keyring(settings, database)
    database.run_now(key_canary.store, keyring)
    return Dependencies(guard, keyring)


def _state(row: Any) -> str:
    if not row.enabled:
        return "disabled"
    return "stalled" if row.stalled else "failing" if row.failing_since is not None else "enabled"
