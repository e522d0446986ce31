"""The JSON representations of authorizations and subdomains (`docs/api/oauth.md`)."""

import msgspec
from sqlalchemy import func, select

from hourhook.clock import format_timestamp
from hourhook.domain.links import Links
from hourhook.domain.oauth import scopes
from hourhook.domain.summaries import Timestamp, Url
from hourhook.store.schema import accounts, applications, authorizations
from hourhook.store.statements import Row


class AuthorizedApp(msgspec.Struct, frozen=True):
    """The application of an authorization."""

    url: Url
    name: str
    client_id: str


class Authorization(msgspec.Struct, frozen=True):
    """A user's permission for an application, with its token."""

    id: int
    url: Url
    scopes: list[str]
    token: str
    app: AuthorizedApp
    note: str | None
    note_url: str | None
    updated_at: Timestamp
    created_at: Timestamp


class Subdomain(msgspec.Struct, frozen=True):
    """An account of a user."""

    name: str
    avatar: Url | None


AUTHORIZATION_SELECT = select(
    authorizations.c.id,
    accounts.c.name.label("account_name"),
    applications.c.site_url,
    applications.c.name.label("application_name"),
    applications.c.client_id,
    authorizations.c.token,
    authorizations.c.scopes,
    authorizations.c.note,
    authorizations.c.note_url,
    func.coalesce(authorizations.c.updated_at, authorizations.c.created_at).label("updated_at"),
    authorizations.c.created_at,
).select_from(
    authorizations.join(accounts, accounts.c.id == authorizations.c.account_id).join(
        applications, applications.c.id == authorizations.c.application_id
    )
)


def represent(links: Links, row: Row, token: str) -> Authorization:
    """Represent a row of ``AUTHORIZATION_SELECT`` with one of its tokens."""
    return Authorization(
        id=row.id,
        url=links.authorization(row.account_name, row.id),
        scopes=scopes.decode(row.scopes),
        token=token,
        app=AuthorizedApp(row.site_url, row.application_name, row.client_id),
        note=row.note,
        note_url=row.note_url,
        updated_at=format_timestamp(row.updated_at),
        created_at=format_timestamp(row.created_at),
    )
