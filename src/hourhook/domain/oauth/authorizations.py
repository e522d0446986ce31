"""Authorizations that users create with their password (`docs/api/oauth.md#without-a-browser`).

Their tokens do not expire and can be read again, so they are stored encrypted, like the secrets of webhooks.
Authorizations granted in the browser are not listed here, since only the hashes of their tokens are stored.
"""

import secrets
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, func, select, true, update

from hourhook.domain import tokens
from hourhook.domain.audit.recording import record, record_edit
from hourhook.domain.callers import Caller, hash_token
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import UNSET, Inputs, NameList, Text, UnsetType, ValidationErrors, value_or
from hourhook.domain.listings import Listing
from hourhook.domain.oauth import applications, revoking, scopes
from hourhook.domain.oauth.applications import Application
from hourhook.domain.oauth.representations import AUTHORIZATION_SELECT, Authorization, represent
from hourhook.domain.pages import Page, Pagination
from hourhook.errors import InvalidClient, NotFound, OperatorError
from hourhook.store.schema import authorizations
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

Secret = Annotated[Text, "The application's secret."]
Scopes = Annotated[NameList, "Scopes to grant; unknown ones are skipped. Default: the scopes chosen at registration."]
Note = Annotated[Text, "A note on why it exists."]
NoteUrl = Annotated[Text, "A URL that identifies the application it is for."]


class AuthorizationGetOrCreate(Inputs):
    """An authorization to create unless there is one."""

    required: ClassVar = ("client_secret",)
    client_secret: Secret | UnsetType = UNSET
    scopes: Scopes | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET
    note_url: NoteUrl | UnsetType | None = UNSET


class AuthorizationCreate(Inputs):
    """An authorization to create."""

    required: ClassVar = ("client_id", "client_secret")
    client_id: Annotated[Text, "The client id of the registered application."] | UnsetType = UNSET
    client_secret: Secret | UnsetType = UNSET
    scopes: Scopes | UnsetType | None = UNSET
    note: Note | UnsetType | None = UNSET
    note_url: NoteUrl | UnsetType | None = UNSET


class AuthorizationUpdate(Inputs):
    """Changes to an authorization. Absent properties keep their values."""

    note: Note | UnsetType | None = UNSET
    note_url: NoteUrl | UnsetType | None = UNSET
    add_scopes: (
        Annotated[NameList, "Scopes to add; unknown ones and those it already has are skipped."] | UnsetType | None
    ) = UNSET
    remove_scopes: Annotated[NameList, "Scopes to remove; those it does not have are skipped."] | UnsetType | None = (
        UNSET
    )


@dataclass(frozen=True, slots=True)
class GetOrCreateResult:
    """The authorization, and whether it is a new one."""

    authorization: Authorization
    is_new: bool


def list_page(
    tx: Transaction, caller: Caller, dependencies: Dependencies, pagination: Pagination
) -> Page[Authorization]:
    """List the authorizations that the caller created, newest first."""
    rows, total = _LISTING.read(tx, caller, pagination, {})
    return Page([_represent(caller, dependencies, row) for row in rows], total)


def show(tx: Transaction, caller: Caller, dependencies: Dependencies, id: int) -> Authorization:
    return _represent(caller, dependencies, _find(tx, caller, id))


def create(
    tx: Transaction, caller: Caller, dependencies: Dependencies, params: AuthorizationCreate, errors: ValidationErrors
) -> Authorization:
    """Authorize an application; raises ``InvalidClient`` for a wrong secret or a public application."""
    errors.raise_if_any()
    application = _check_secret(applications.find_for_share(tx, params.client_id or ""), params)
    return _create(tx, caller, dependencies, application, params)


def get_or_create(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    client_id: str,
    params: AuthorizationGetOrCreate,
    errors: ValidationErrors,
) -> GetOrCreateResult:
    """Return the caller's oldest authorization of an application, unchanged, or create one (see ``create``).

    Idempotent: the PUT for an application may be repeated.
    """
    application = applications.find_for_share(tx, client_id)
    if application is None:
        raise NotFound
    errors.raise_if_any()
    _check_secret(application, params)
    row = tx.one(_OF_APPLICATION, account=caller.account_id, me=caller.user_id, application=application.id)
    if row is not None:
        return GetOrCreateResult(_represent(caller, dependencies, row), is_new=False)
    return GetOrCreateResult(_create(tx, caller, dependencies, application, params), is_new=True)


def edit(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    id: int,
    params: AuthorizationUpdate,
    errors: ValidationErrors,
) -> Authorization:
    """Change the note or the scopes of an authorization."""
    before = _find(tx, caller, id)
    errors.raise_if_any()
    note, note_url = value_or(params.note, before.note), value_or(params.note_url, before.note_url)
    changed = scopes.encode(
        scopes.apply_changes(
            scopes.decode(before.scopes), add=params.add_scopes or (), remove=params.remove_scopes or ()
        )
    )
    if (note, note_url, changed) != (before.note, before.note_url, before.scopes):
        tx.execute(
            _EDIT,
            account=caller.account_id,
            id=id,
            note=note,
            note_url=note_url,
            scopes=changed,
            updated_at=tx.event_time,
        )
        record_edit(
            tx,
            caller,
            "Authorization",
            id,
            {"note": before.note, "note_url": before.note_url, "scopes": scopes.decode(before.scopes)},
            {"note": note, "note_url": note_url, "scopes": scopes.decode(changed)},
        )
    return show(tx, caller, dependencies, id)


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Revoke an authorization and its token."""
    revoking.revoke(tx, caller, _find(tx, caller, id).id)


def _create(
    tx: Transaction,
    caller: Caller,
    dependencies: Dependencies,
    application: Application,
    params: AuthorizationCreate | AuthorizationGetOrCreate,
) -> Authorization:
    granted = scopes.filter_known(params.scopes) if isinstance(params.scopes, list) else application.scopes
    token = f"at_{secrets.token_hex(32)}"
    id = tx.insert(
        authorizations,
        account_id=caller.account_id,
        user_id=caller.user_id,
        application_id=application.id,
        # A code is required, but this one is never shown and counts as used.
        code_hash=hash_token(secrets.token_hex(32)),
        code_challenge=None,
        redirect_uri=None,
        code_expires_at=tx.event_time,
        code_used_at=tx.event_time,
        token=dependencies.keyring.encrypt(token),
        scopes=scopes.encode(granted),
        note=value_or(params.note, None),
        note_url=value_or(params.note_url, None),
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    tokens.store(tx, token, caller.user_id, application.token_name, authorization_id=id)
    details = {"application": application.name, "user_id": caller.user_id, "scopes": granted}
    record(tx, caller, "Authorization", id, "created", details)
    return show(tx, caller, dependencies, id)


def _check_secret(
    application: Application | None, params: AuthorizationCreate | AuthorizationGetOrCreate
) -> Application:
    if application is None or not application.is_secret_valid(params.client_secret or ""):
        raise InvalidClient
    return application


def _find(tx: Transaction, caller: Caller, id: int) -> Row:
    row = tx.one(_FIND, account=caller.account_id, me=caller.user_id, id=id)
    if row is None:
        raise NotFound
    return row


def _represent(caller: Caller, dependencies: Dependencies, row: Row) -> Authorization:
    try:
        token = dependencies.keyring.decrypt_uncached(row.token)
    except OperatorError:
        # The server's key has changed since: the token still works, but can no longer be shown.
        token = ""
    return represent(caller.links, row, token)


_MINE = (
    (authorizations.c.account_id == bindparam("account"))
    & (authorizations.c.user_id == bindparam("me"))
    & authorizations.c.token.is_not(None)
)
_FIND = Statement(AUTHORIZATION_SELECT.where(_MINE, authorizations.c.id == bindparam("id")))
_OF_APPLICATION = Statement(
    AUTHORIZATION_SELECT.where(_MINE, authorizations.c.application_id == bindparam("application")).order_by(
        authorizations.c.id
    )
)
_LISTING = Listing(
    rows=AUTHORIZATION_SELECT.where(_MINE),
    count_query=select(func.count()).select_from(authorizations).where(_MINE),
    id=authorizations.c.id,
    order=(authorizations.c.id.desc(),),
    visible=lambda _: true(),
    conditions={},
)
_EDIT = Statement(
    update(authorizations)
    .where(authorizations.c.account_id == bindparam("account"), authorizations.c.id == bindparam("id"))
    .values({name: bindparam(name) for name in ("note", "note_url", "scopes", "updated_at")})
)
