"""Find and list broadcast receivers, which only their user can see (``docs/api/broadcast_receivers.md#filters``)."""

from typing import Annotated

from sqlalchemy import bindparam, exists, func, select

from hourhook.delivery.event_log import EVERYTHING
from hourhook.domain.broadcast_receivers.representations import COLUMNS, BroadcastReceiver, represent
from hourhook.domain.broadcast_subjects import SUBJECTS, Subjects
from hourhook.domain.callers import Caller
from hourhook.domain.enums import RECEIVER_STATES
from hourhook.domain.inputs import UNSET, Inputs, Text, UnsetType, ValidationErrors, choice
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.search_keys import search_key
from hourhook.domain.visibility import visible_broadcast_receivers
from hourhook.errors import NotFound
from hourhook.store.schema import broadcast_receivers, broadcast_subjects
from hourhook.store.statements import Row, Statement, any_of, contains
from hourhook.store.transaction import Transaction

State = Annotated[str, choice(*RECEIVER_STATES)]


class BroadcastReceiverFilters(Inputs):
    """Filters of the list of broadcast receivers."""

    name: Annotated[Text, "Name contains this text."] | UnsetType = UNSET
    subjects: (
        Annotated[Subjects, "Subscribes to at least one of these; a `*` subscription matches any."] | UnsetType
    ) = UNSET
    state: Annotated[State, "State is exactly this."] | UnsetType = UNSET


def list_page(
    tx: Transaction, caller: Caller, params: BroadcastReceiverFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[BroadcastReceiver]:
    """List the caller's broadcast receivers, newest first."""
    check_known(errors, "subjects", params.subjects or (), SUBJECTS)
    errors.raise_if_any()
    filters = active_filters(params)
    if "name" in filters:
        filters["name"] = search_key(filters["name"])
    if subjects := filters.pop("subjects", None):
        # A wildcard subscription includes each of them.
        filters["subjects"] = [*subjects, EVERYTHING]
    if "state" in filters:
        filters["state"] = filters["state"] == "enabled"
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    return Page(represent(tx, caller.links, rows), total)


def show(tx: Transaction, caller: Caller, id: int) -> BroadcastReceiver:
    """Return one of the caller's broadcast receivers (raises ``NotFound``)."""
    return represent(tx, caller.links, [find(tx, caller, id)])[0]


def find(tx: Transaction, caller: Caller, id: int) -> Row:
    """Return the row of one of the caller's broadcast receivers (raises ``NotFound``)."""
    row = tx.one(_FIND, account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return row


_IN_ACCOUNT = broadcast_receivers.c.account_id == bindparam("account")
_FIND = Statement(
    select(*COLUMNS).where(_IN_ACCOUNT, visible_broadcast_receivers(), broadcast_receivers.c.id == bindparam("id"))
)

_LISTING = Listing(
    rows=select(*COLUMNS).where(_IN_ACCOUNT),
    count_query=select(func.count()).select_from(broadcast_receivers).where(_IN_ACCOUNT),
    # Ids ascend in the order of creation.
    id=broadcast_receivers.c.id,
    order=(broadcast_receivers.c.id.desc(),),
    visible=lambda _: visible_broadcast_receivers(),
    conditions={
        "name": contains(broadcast_receivers.c.name_key, "name"),
        "subjects": exists(
            select(broadcast_subjects.c.subject).where(
                broadcast_subjects.c.account_id == broadcast_receivers.c.account_id,
                broadcast_subjects.c.broadcast_receiver_id == broadcast_receivers.c.id,
                any_of(broadcast_subjects.c.subject, "subjects"),
            )
        ),
        "state": broadcast_receivers.c.enabled == bindparam("state"),
    },
)
