"""Read the delivery log of a webhook, its payloads and its delivery status."""

from typing import Annotated

from hourhook.delivery.history.contents import find_sequence, read_contents
from hourhook.delivery.history.pages import PayloadFilter, read_page
from hourhook.delivery.history.sequences import STATES
from hourhook.delivery.history.statistics import read_status
from hourhook.domain.callers import Caller
from hourhook.domain.events.catalogue import PAYLOAD_TYPES, PayloadTypes
from hourhook.domain.inputs import UNSET, Inputs, Moment, UnsetType, ValidationErrors, choice, value_or
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.inputs.lists import ListField
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.payloads.representations import (
    Payload,
    PayloadDetails,
    WebhookStatus,
    represent,
    represent_detail,
    represent_status,
)
from hourhook.domain.webhooks import reading as webhooks
from hourhook.errors import NotFound
from hourhook.store.transaction import Transaction

States = Annotated[list[str], ListField(choice(*STATES))]


class PayloadFilters(Inputs, rename={"from_": "from"}):
    """Filters of payloads."""

    state: Annotated[States, "State is any of these."] | UnsetType = UNSET
    type: Annotated[PayloadTypes, "Event type is any of these."] | UnsetType = UNSET
    from_: Annotated[Moment, "Created at or after this time."] | UnsetType = UNSET
    to: Annotated[Moment, "Created at or before this time."] | UnsetType = UNSET


def list_page(
    tx: Transaction,
    caller: Caller,
    webhook_id: int,
    params: PayloadFilters,
    errors: ValidationErrors,
    pagination: Pagination,
) -> Page[Payload]:
    """List the payloads of a webhook, one-off deliveries included, newest first."""
    webhooks.find(tx, caller, webhook_id)
    check_known(errors, "type", params.type or (), PAYLOAD_TYPES)
    errors.raise_if_any()
    payload_filter = PayloadFilter(
        params.state or None, params.type or None, value_or(params.from_, None), value_or(params.to, None)
    )
    payloads, total = read_page(
        tx, caller.account_id, webhook_id, payload_filter, offset=pagination.offset, limit=pagination.limit
    )
    return Page([represent(caller.links, webhook_id, payload) for payload in payloads], total)


def show(tx: Transaction, caller: Caller, webhook_id: int, payload_id: str) -> PayloadDetails:
    """Return a payload with its exact body and its attempts."""
    find(tx, caller, webhook_id, payload_id)
    contents = read_contents(tx, caller.account_id, webhook_id, payload_id)
    assert contents is not None, "the payload was found in this transaction"
    return represent_detail(tx, caller, webhook_id, contents)


def show_status(tx: Transaction, caller: Caller, webhook_id: int) -> WebhookStatus:
    webhooks.find(tx, caller, webhook_id)
    return represent_status(read_status(tx, caller.account_id, webhook_id))


def find(tx: Transaction, caller: Caller, webhook_id: int, payload_id: str) -> int:
    """Return the sequence of a payload that the caller may see; 0 for a one-off delivery.

    Raises ``NotFound`` if there is no such webhook or payload, then ``Forbidden``.
    """
    webhooks.find_in_account(tx, caller, webhook_id)
    sequence = find_sequence(tx, caller.account_id, webhook_id, payload_id)
    if sequence is None:
        raise NotFound
    caller.require_role("leader")
    return sequence
