"""List and revoke the applications that a user has let in (``docs/api/oauth.md``)."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, true

from hourhook.domain.callers import Caller
from hourhook.domain.listings import Listing
from hourhook.domain.oauth import revoking
from hourhook.domain.pages import Page, Pagination
from hourhook.errors import NotFound
from hourhook.store.schema import applications, authorizations, tokens
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An authorization of the caller, granted in the browser or with the password; ``id`` is that of the grant."""

    id: int
    name: str
    site_url: str
    note: str | None
    created_at: int
    last_used_at: int | None


def list_page(tx: Transaction, caller: Caller, pagination: Pagination) -> Page[ConnectedApp]:
    """List the applications that the caller has let in, newest first."""
    rows, total = _LISTING.read(tx, caller, pagination, {})
    return Page(
        [ConnectedApp(row.id, row.name, row.site_url, row.note, row.created_at, row.last_used_at) for row in rows],
        total,
    )


def revoke(tx: Transaction, caller: Caller, id: int) -> None:
    """Revoke an authorization of the caller with all its tokens; raises ``NotFound``."""
    if tx.one(_FIND, account=caller.account_id, me=caller.user_id, id=id) is None:
        raise NotFound
    revoking.revoke(tx, caller, id)


# A grant whose code was never exchanged let nobody in.
_MINE = (
    (authorizations.c.account_id == bindparam("account"))
    & (authorizations.c.user_id == bindparam("me"))
    & authorizations.c.code_used_at.is_not(None)
)
_LAST_USE = (
    select(func.max(tokens.c.last_used_at))
    .where(tokens.c.account_id == authorizations.c.account_id, tokens.c.authorization_id == authorizations.c.id)
    .scalar_subquery()
    .label("last_used_at")
)
_LISTING = Listing(
    rows=select(
        authorizations.c.id,
        applications.c.name,
        applications.c.site_url,
        authorizations.c.note,
        authorizations.c.created_at,
        _LAST_USE,
    )
    .join_from(authorizations, applications, applications.c.id == authorizations.c.application_id)
    .where(_MINE),
    count_query=select(func.count()).select_from(authorizations).where(_MINE),
    id=authorizations.c.id,
    order=(authorizations.c.id.desc(),),
    visible=lambda _: true(),
    conditions={},
)
_FIND = Statement(select(authorizations.c.id).where(_MINE, authorizations.c.id == bindparam("id")))
