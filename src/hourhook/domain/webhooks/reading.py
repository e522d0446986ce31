"""Find and list webhooks."""

from typing import Annotated

from sqlalchemy import bindparam, exists, func, select, true

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.callers import Caller
from hourhook.domain.enums import RECEIVER_STATES
from hourhook.domain.events.catalogue import SUBSCRIBABLE_TYPES, Subscriptions
from hourhook.domain.inputs import UNSET, Inputs, Text, UnsetType, ValidationErrors, choice
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.domain.webhooks.representations import COLUMNS, WITH_LANE, Webhook, represent
from hourhook.errors import NotFound
from hourhook.store.schema import lanes, subscriptions, webhooks
from hourhook.store.statements import Row, Statement, any_of, contains
from hourhook.store.transaction import Transaction

State = Annotated[str, choice(*RECEIVER_STATES)]


class WebhookFilters(Inputs):
    """Filters of webhooks."""

    name: Annotated[Text, "Name contains this text."] | UnsetType = UNSET
    events: (
        Annotated[Subscriptions, "Subscribes to at least one of these; a `*` subscription matches any."] | UnsetType
    ) = UNSET
    state: Annotated[State, "State is exactly this."] | UnsetType = UNSET


def list_page(
    tx: Transaction, caller: Caller, params: WebhookFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[Webhook]:
    """List the webhooks of the account, newest first."""
    caller.require_role("leader")
    check_known(errors, "events", params.events or (), SUBSCRIBABLE_TYPES)
    errors.raise_if_any()
    filters = active_filters(params)
    if "name" in filters:
        filters["name"] = search_key(filters["name"])
    if events := filters.pop("events", None):
        # A subscription to everything includes each of them.
        filters["events"] = [*events, EVERYTHING]
    if "state" in filters:
        filters["state"] = filters["state"] == "enabled"
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page(represent(tx, caller.links, rows), total)


def show(tx: Transaction, caller: Caller, id: int) -> Webhook:
    return represent(tx, caller.links, [find(tx, caller, id)])[0]


def find(tx: Transaction, caller: Caller, id: int) -> Row:
    """Return the row of a webhook that the caller may see and change; raises ``NotFound``, then ``Forbidden``."""
    row = find_in_account(tx, caller, id)
    caller.require_role("leader")
    return row


def find_in_account(tx: Transaction, caller: Caller, id: int) -> Row:
    """Return the row of a webhook of the account, without checking a role; raises ``NotFound``."""
    row = tx.one(_FIND, account=caller.account_id, id=id)
    if row is None:
        raise NotFound
    return row


_OF_ACCOUNT = select(*COLUMNS).select_from(WITH_LANE).where(webhooks.c.account_id == bindparam("account"))
_FIND = Statement(_OF_ACCOUNT.where(webhooks.c.id == bindparam("id")))

_LISTING = Listing(
    rows=_OF_ACCOUNT,
    count_query=select(func.count()).select_from(WITH_LANE).where(webhooks.c.account_id == bindparam("account")),
    # Ids are given in the order of creation.
    id=webhooks.c.id,
    order=(webhooks.c.id.desc(),),
    # A caller who may see webhooks sees all of them.
    visible=lambda _: true(),
    conditions={
        "name": contains(webhooks.c.name_key, "name"),
        "events": exists(
            select(subscriptions.c.event).where(
                subscriptions.c.account_id == webhooks.c.account_id,
                subscriptions.c.webhook_id == webhooks.c.id,
                any_of(subscriptions.c.event, "events"),
            )
        ),
        "state": lanes.c.enabled == bindparam("state"),
    },
)
