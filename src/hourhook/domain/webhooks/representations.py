"""The JSON representation of a webhook (`docs/api/webhooks.md`)."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, select

from hourhook.domain.enums import ReceiverState
from hourhook.domain.links import Links
from hourhook.domain.summaries import Url
from hourhook.store.schema import lanes, subscriptions, webhooks
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class Webhook(msgspec.Struct, frozen=True):
    """A webhook."""

    id: int
    name: str
    state: ReceiverState
    events: list[str]
    payload_uri: Url
    url: Url
    add_events_url: Url
    remove_events_url: Url
    reroll_secret_url: Url
    enable_url: Url
    disable_url: Url


class WebhookWithSecret(Webhook, frozen=True):
    """A new webhook, with its secret, which is shown only once."""

    secret: str


class WebhookSecret(msgspec.Struct, frozen=True):
    """A new secret, which is shown only once."""

    secret: str


# The columns that ``represent`` reads, from ``WITH_LANE``.
COLUMNS = (webhooks.c.account_id, webhooks.c.id, webhooks.c.name, webhooks.c.payload_uri, lanes.c.enabled)
WITH_LANE = webhooks.join(lanes, (lanes.c.account_id == webhooks.c.account_id) & (lanes.c.webhook_id == webhooks.c.id))


def represent(tx: Transaction, links: Links, rows: Sequence[Row]) -> list[Webhook]:
    """Represent rows of ``COLUMNS``, all of one account, with one statement for any number of them."""
    if not rows:
        return []
    events: dict[int, list[str]] = {row.id: [] for row in rows}
    for subscription in tx.all(_SUBSCRIPTIONS, account=rows[0].account_id, ids=[*events]):
        events[subscription.webhook_id].append(subscription.event)
    return [_represent(links, row, events[row.id]) for row in rows]


def _represent(links: Links, row: Row, events: list[str]) -> Webhook:
    url = links.webhook(row.id)
    return Webhook(
        id=row.id,
        name=row.name,
        state="enabled" if row.enabled else "disabled",
        events=events,
        payload_uri=row.payload_uri,
        url=url,
        add_events_url=f"{url}/add_events",
        remove_events_url=f"{url}/remove_events",
        reroll_secret_url=f"{url}/reroll_secret",
        enable_url=f"{url}/enable",
        disable_url=f"{url}/disable",
    )


_SUBSCRIPTIONS = Statement(
    select(subscriptions.c.webhook_id, subscriptions.c.event)
    .where(subscriptions.c.account_id == bindparam("account"), any_of(subscriptions.c.webhook_id, "ids"))
    .order_by(subscriptions.c.webhook_id, subscriptions.c.place)
)
