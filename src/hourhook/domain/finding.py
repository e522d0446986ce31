"""Find objects by their names: projects, people, tags, invoices and webhooks that the caller sees, and payloads by id.

That takes one statement, and one more for a text that can be the id of a payload.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, bindparam, case, false, func, literal_column, or_, select, union_all

from hourhook.delivery.history.contents import find_webhook_of_payload
from hourhook.domain.callers import Caller
from hourhook.domain.search_keys import search_key
from hourhook.domain.visibility import scope_of, visible_projects, visible_tags, visible_users
from hourhook.store.schema import invoices, projects, tags, users, webhooks
from hourhook.store.statements import Statement, contains
from hourhook.store.transaction import Transaction

# Of each kind.
MAX_FOUND = 8
_MAX_LENGTH = 200
_TEXT: Any = bindparam("text", type_=Text())


@dataclass(frozen=True, slots=True)
class Found:
    """An object: what it is, its id, its name, and what tells it from others of this name."""

    kind: str
    id: int
    name: str
    detail: str
    # Of a payload, whose webhook has the id.
    payload_id: str | None = None


def find(tx: Transaction, caller: Caller, text: str) -> Sequence[Found]:
    """Return what has a name that contains the text: of each kind at most ``MAX_FOUND``, those first that begin so."""
    key = search_key(text.strip())[:_MAX_LENGTH]
    if not key or "\0" in key:
        return []
    statement = _statement(scope_of(caller), caller.has_role("leader"), caller.has_feature("invoicing"))
    rows = tx.all(statement, account=caller.account_id, me=caller.user_id, text=key)
    found = [Found(row.kind, row.id, row.name, row.detail or "") for row in rows]
    webhook = find_webhook_of_payload(tx, caller.account_id, key) if caller.has_role("leader") else None
    if webhook is not None:
        found.append(Found("payload", webhook.id, key, webhook.name, key))
    return found


@cache
def _statement(scope: str, is_leader: bool, has_invoices: bool) -> Statement:
    is_seen: Any = visible_users(scope) if scope != "contractor" else false()
    parts = [
        _part("project", projects, visible_projects(scope), case((projects.c.enabled.is_(False), "archived"))),
        _part("person", users, is_seen, users.c.email, _whole_name(), [users.c.name_key, users.c.email_key]),
        _part("tag", tags, visible_tags(scope)),
    ]
    if is_leader:
        parts.append(_part("webhook", webhooks, None, webhooks.c.payload_uri))
    if is_leader and has_invoices:
        searched = [invoices.c.reference_key, invoices.c.recipient_details_key, invoices.c.project_name_key]
        parts.append(_part("invoice", invoices, None, invoices.c.recipient_details, invoices.c.reference, searched))
    return Statement(union_all(*parts))


def _part(
    kind: str,
    table: Table,
    is_visible: ColumnElement[bool] | None,
    detail: ColumnElement[Any] | None = None,
    name: ColumnElement[Any] | None = None,
    searched: Sequence[ColumnElement[Any]] = (),
) -> Any:
    keys = [*searched] or [table.c.name_key]
    matches = or_(*(contains(key, "text") for key in keys))
    begins = func.substr(keys[0], 1, func.length(_TEXT)) == _TEXT
    found = (
        select(
            literal_column(f"'{kind}'").label("kind"),
            table.c.id,
            (table.c.name if name is None else name).label("name"),
            (literal_column("''") if detail is None else detail).label("detail"),
        )
        .where(table.c.account_id == bindparam("account"), matches)
        .order_by(case((begins, 0), else_=1), keys[0].desc() if kind == "invoice" else keys[0], table.c.id)
        .limit(MAX_FOUND)
    )
    found = found if is_visible is None else found.where(is_visible)
    return select(found.subquery())


def _whole_name() -> ColumnElement[Any]:
    first, last = (func.coalesce(column, "") for column in (users.c.first_name, users.c.last_name))
    return func.coalesce(func.nullif(func.trim(first.concat(" ").concat(last)), ""), users.c.email)
