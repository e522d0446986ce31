"""List the audit trail of an account, and the part of it that is the history of a webhook."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from sqlalchemy import bindparam, func, select, true

from hourhook.clock import format_timestamp
from hourhook.domain.audit.actions import RESOURCES
from hourhook.domain.audit.representations import AuditRecord, HistoryRecord
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Id, Inputs, Moment, UnsetType, ValidationErrors, choice
from hourhook.domain.inputs.lists import ListField
from hourhook.domain.listings import Listing, active_filters
from hourhook.domain.pages import Page, Pagination
from hourhook.domain.summaries import SimpleUser, summarize_user
from hourhook.domain.webhooks import reading as webhooks
from hourhook.store.schema import audit_records, users
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

Resources = Annotated[list[str], ListField(choice(*RESOURCES))]


class AuditFilters(Inputs, rename={"from_": "from"}):
    """Filters of the audit trail."""

    resource: Annotated[Resources, "Resource is any of these."] | UnsetType = UNSET
    resource_id: Annotated[Id, "Resource has this id."] | UnsetType = UNSET
    user_id: Annotated[Id, "Done by this user."] | UnsetType = UNSET
    from_: Annotated[Moment, "Done at or after this time."] | UnsetType = UNSET
    to: Annotated[Moment, "Done at or before this time."] | UnsetType = UNSET


def list_history(tx: Transaction, caller: Caller, webhook_id: int, pagination: Pagination) -> Page[HistoryRecord]:
    """List the actions on a webhook, newest first."""
    webhooks.find(tx, caller, webhook_id)
    filters = {"resource": ["Webhook"], "resource_id": webhook_id}
    rows, total = _LISTING.read(tx, caller, pagination, filters)
    actors = _find_actors(tx, caller, rows)
    return Page(
        [
            HistoryRecord(format_timestamp(row.created_at), actors.get(row.user_id), row.action, _details(row))
            for row in rows
        ],
        total,
    )


def list_page(
    tx: Transaction, caller: Caller, params: AuditFilters, errors: ValidationErrors, pagination: Pagination
) -> Page[AuditRecord]:
    """List the actions in the account, newest first."""
    caller.require_role("supervisor")
    errors.raise_if_any()
    rows, total = _LISTING.read(tx, caller, pagination, active_filters(params))
    actors = _find_actors(tx, caller, rows)
    return Page(
        [
            AuditRecord(
                format_timestamp(row.created_at),
                actors.get(row.user_id),
                row.resource,
                row.resource_id,
                row.action,
                _details(row),
            )
            for row in rows
        ],
        total,
    )


def _details(row: Row) -> msgspec.Raw:
    return msgspec.Raw(bytes(row.details))


def _find_actors(tx: Transaction, caller: Caller, rows: Sequence[Row]) -> Mapping[int | None, SimpleUser]:
    """Return the users of these records, also those who were deleted since, with at most two statements."""
    actors: dict[int | None, SimpleUser] = {}
    ids = {row.user_id for row in rows if row.user_id is not None}
    if ids:
        for row in tx.all(_USERS, account=caller.account_id, ids=sorted(ids)):
            actors[row.id] = summarize_user(caller.links, row)
    deleted = ids - actors.keys()
    if deleted:
        for row in tx.all(_DELETED_USERS, account=caller.account_id, ids=sorted(deleted)):
            last: dict[str, Any] = msgspec.json.decode(bytes(row.details))
            actors[row.resource_id] = SimpleUser(
                row.resource_id,
                last["email"],
                last["first_name"],
                last["last_name"],
                "",
                caller.links.user(row.resource_id),
            )
    return actors


_IN_ACCOUNT = audit_records.c.account_id == bindparam("account")
_LISTING = Listing(
    rows=select(audit_records).where(_IN_ACCOUNT),
    count_query=select(func.count()).select_from(audit_records).where(_IN_ACCOUNT),
    id=audit_records.c.id,
    # Ids are given in the order of creation.
    order=(audit_records.c.id.desc(),),
    # Whoever may see the trail sees all of it.
    visible=lambda _: true(),
    conditions={
        "resource": any_of(audit_records.c.resource, "resource"),
        "resource_id": audit_records.c.resource_id == bindparam("resource_id"),
        "user_id": audit_records.c.user_id == bindparam("user_id"),
        "from_": audit_records.c.created_at >= bindparam("from_"),
        "to": audit_records.c.created_at <= bindparam("to"),
    },
)
_USERS = Statement(select(users).where(users.c.account_id == bindparam("account"), any_of(users.c.id, "ids")))
# The record of a deletion is newer than any of the user's own, so it is kept as long as they are.
_DELETED_USERS = Statement(
    select(audit_records.c.resource_id, audit_records.c.details).where(
        _IN_ACCOUNT,
        audit_records.c.resource == "User",
        any_of(audit_records.c.resource_id, "ids"),
        audit_records.c.action == "deleted",
    )
)
