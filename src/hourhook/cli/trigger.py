"""``hourhook trigger``: send test events."""

import json
from typing import Any

import click

from hourhook.cli.options import ID, account_option, database_option, json_option, read_settings


@click.command(short_help="Send a test event to webhooks.")
@click.argument("type", metavar="TYPE")
@click.option("--webhook", "webhook_id", type=ID, metavar="ID", help="Only this webhook, in whatever state it is.")
@account_option("The account's name; needed only if there are several accounts.")
@json_option("type, webhook_ids")
@database_option
def trigger(type: str, webhook_id: int | None, account: str | None, as_json: bool, database: str | None) -> None:
    """Queue a test event of a TYPE such as entry.created: an example, which changes nothing.

    Without --webhook it goes to every enabled webhook that subscribes to the event. A running server or worker sends
    it, with the header X-Hourhook-Test and without a sequence, and the delivery logs show the result.

    \b
    Example:
      hourhook trigger entry.updated.approved --webhook 1
    """
    from hourhook.cli.databases import command_database
    from hourhook.domain import accounts, directory
    from hourhook.domain.links import DEFAULT_BASE_URL, Links
    from hourhook.domain.webhooks import test_events
    from hourhook.errors import OperatorError
    from hourhook.store.transaction import Transaction

    require_event(type)
    settings = read_settings(database)
    links = Links(settings.base_url or DEFAULT_BASE_URL)

    def queue(tx: Transaction, *_: Any) -> list[int]:
        caller = directory.act_as_owner(tx, tx.account_id, links)
        if webhook_id is None:
            return [*test_events.send_to_subscribers(tx, caller, type)]
        test_events.send_example(tx, caller, webhook_id, type)
        return [webhook_id]

    with command_database(settings) as db:
        if webhook_id is not None:
            account_id = db.read_now(directory.find_webhook_account, webhook_id)
        elif account is not None:
            account_id = db.read_now(accounts.find, account)
        else:
            account_id = db.read_now(directory.find_only_account)
        ids = db.write_now(account_id, queue)
    if not ids:
        raise OperatorError(f"no enabled webhook subscribes to {type}: choose a webhook with --webhook ID")
    if as_json:
        click.echo(json.dumps({"type": type, "webhook_ids": ids}))
    else:
        names = f"webhook {ids[0]}" if len(ids) == 1 else f"the webhooks {', '.join(map(str, ids))}"
        click.echo(f"A test event {type} to {names} is queued; a running server or worker sends it.", err=True)


def require_event(type: str) -> None:
    """Raise ``OperatorError`` unless there is an event of this type."""
    from difflib import get_close_matches

    from hourhook.domain.events.catalogue import LOGGED_TYPES
    from hourhook.errors import OperatorError

    if type not in LOGGED_TYPES:
        near = get_close_matches(type, LOGGED_TYPES, 1)
        guess = f"did you mean {near[0]}?" if near else "docs/api/events.md lists all names"
        raise OperatorError(f"there is no event named {type!r}: {guess}")
