"""OAuth applications (clients): registered by an administrator for all accounts, or by an account for its users.

A confidential application has a secret, of which only the hash is stored. A public one, such as a mobile app or a page
in a browser, cannot keep a secret and has to use PKCE.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, delete, func, select, update

from hourhook.domain.callers import hash_token
from hourhook.domain.inputs.texts import TextField
from hourhook.domain.oauth import redirects, scopes
from hourhook.errors import OperatorError
from hourhook.store.schema import accounts, applications, authorizations
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

NAME = TextField(100, is_single_line=True)
_CLIENT_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application."""

    id: int
    client_id: str
    name: str
    site_url: str
    callback_url: str
    secret_hash: str | None
    # The default scopes of its authorizations.
    scopes: Sequence[str]
    # The account whose users alone can let it in; None if those of all accounts can.
    account_id: int | None

    def is_open_to(self, account_id: int) -> bool:
        return self.account_id in (None, account_id)

    @property
    def token_name(self) -> str:
        """The name of its access tokens in lists of tokens."""
        return f"OAuth: {self.name}"

    @property
    def is_public(self) -> bool:
        return self.secret_hash is None

    def is_secret_valid(self, secret: str) -> bool:
        """Return whether this is its secret, in constant time; False for a public application."""
        return self.secret_hash is not None and secrets.compare_digest(self.secret_hash, hash_token(secret))


@dataclass(frozen=True, slots=True)
class NewApplication:
    """The credentials of a new application. The secret cannot be read again; a public application has none."""

    id: int
    client_id: str
    client_secret: str | None


def register(
    tx: Transaction,
    *,
    name: str,
    site_url: str,
    callback_url: str,
    is_public: bool,
    chosen_scopes: Sequence[str] = (),
) -> NewApplication:
    """Register an application for all accounts; raises ``OperatorError`` for an invalid name, URL or scope."""
    try:
        name = NAME.parse(name) or ""
    except ValueError:
        name = ""
    if not name:
        raise OperatorError("an application's name must be one line of 1 to 100 characters: choose another")
    for kind, url in (("site", site_url), ("callback", callback_url)):
        if not is_valid_url(url, is_callback=kind == "callback"):
            raise OperatorError(
                f"{url!r} cannot be the {kind} URL: it must be an absolute http or https URL in ASCII, without "
                "a user name, a fragment or a backslash"
            )
    if redirects.is_private_use(callback_url) and not is_public:
        raise OperatorError(
            f"{callback_url!r} cannot be the callback URL of a confidential application: any application on a device "
            "can claim a private-use scheme, so register a public one, which uses PKCE"
        )
    for scope in chosen_scopes:
        if scope not in scopes.SCOPES:
            raise OperatorError(f"there is no scope {scope!r}: choose from {', '.join(scopes.SCOPES)}")
    return store(tx, name, site_url, callback_url, is_public=is_public, chosen_scopes=chosen_scopes)


def is_valid_url(url: str, *, is_callback: bool) -> bool:
    """Return whether an application can have this website or callback."""
    return redirects.parse(url) is not None or (is_callback and redirects.is_private_use(url))


def store(
    tx: Transaction,
    name: str,
    site_url: str,
    callback_url: str,
    *,
    is_public: bool,
    account_id: int | None = None,
    chosen_scopes: Sequence[str] = (),
) -> NewApplication:
    """Store a new application, whose inputs must be valid, and return its credentials."""
    client_id, client_secret = secrets.token_hex(16), None if is_public else secrets.token_hex(32)
    id = tx.insert(
        applications,
        account_id=account_id,
        client_id=client_id,
        secret_hash=client_secret and hash_token(client_secret),
        name=name,
        site_url=site_url,
        callback_url=callback_url,
        created_at=tx.event_time,
        revoked_at=None,
        scopes=scopes.encode(scopes.filter_known(chosen_scopes)),
    )
    return NewApplication(id, client_id, client_secret)


def list_all(tx: Transaction) -> list[Row]:
    """Return all applications by name.

    ``account`` is None for those of an administrator; ``authorizations`` is the number of those whose code was
    exchanged.
    """
    return tx.all(_ALL)


def find(tx: Transaction, client_id: str) -> Application | None:
    """Return the application with this client id; None if there is none or it is being revoked."""
    return _find(tx, _FIND, client_id)


def find_for_share(tx: Transaction, client_id: str) -> Application | None:
    """Find an application that is open to the transaction's account, and lock it.

    It cannot be revoked until the transaction ends.
    """
    found = _find(tx, _FIND_FOR_SHARE, client_id)
    return found if found is not None and found.is_open_to(tx.account_id) else None


def mark_revoked(tx: Transaction, client_id: str) -> int:
    """Mark an application as revoked, so that it gets no new authorizations; returns its id.

    The caller then revokes its authorizations. Raises ``OperatorError`` for an unknown client id.
    """
    id = tx.value(_ID, client_id=client_id) if _CLIENT_ID.fullmatch(client_id) else None
    if id is None:
        raise OperatorError(
            f"there is no application with the client id {client_id!r}: list them with `hourhook app list`"
        )
    tx.execute(_MARK_REVOKED, id=id, now=tx.event_time)
    return int(id)


def remove(tx: Transaction, id: int) -> None:
    """Delete a revoked application that has no authorizations left."""
    tx.execute(_REMOVE, id=id)


def _find(tx: Transaction, statement: Statement, client_id: str) -> Application | None:
    row = tx.one(statement, client_id=client_id) if _CLIENT_ID.fullmatch(client_id) else None
    if row is None:
        return None
    return Application(
        row.id,
        row.client_id,
        row.name,
        row.site_url,
        row.callback_url,
        row.secret_hash,
        scopes.decode(row.scopes),
        row.account_id,
    )


def _by_client_id() -> Select[tuple[object, ...]]:
    return select(
        applications.c.id,
        applications.c.client_id,
        applications.c.name,
        applications.c.site_url,
        applications.c.callback_url,
        applications.c.secret_hash,
        applications.c.scopes,
        applications.c.account_id,
    ).where(applications.c.client_id == bindparam("client_id"), applications.c.revoked_at.is_(None))


_FIND = Statement(_by_client_id())
_FIND_FOR_SHARE = Statement(_by_client_id().with_for_update(read=True))
_ID = Statement(select(applications.c.id).where(applications.c.client_id == bindparam("client_id")))
_MARK_REVOKED = Statement(
    update(applications).where(applications.c.id == bindparam("id")).values(revoked_at=bindparam("now"))
)
_REMOVE = Statement(delete(applications).where(applications.c.id == bindparam("id")))

_ALL = Statement(
    select(
        accounts.c.name.label("account"),
        applications.c.client_id,
        applications.c.name,
        applications.c.site_url,
        applications.c.callback_url,
        applications.c.secret_hash.is_(None).label("is_public"),
        applications.c.created_at,
        select(func.count())
        .select_from(authorizations)
        .where(authorizations.c.application_id == applications.c.id, authorizations.c.code_used_at.is_not(None))
        .scalar_subquery()
        .label("authorizations"),
    )
    .select_from(applications.outerjoin(accounts, accounts.c.id == applications.c.account_id))
    .order_by(applications.c.name, applications.c.id)
)
