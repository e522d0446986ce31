"""The OAuth applications of an account: supervisors register and remove them, and only its users can let them in."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, func, select, true

from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Boolean, Inputs, UnsetType, ValidationErrors
from hourhook.domain.inputs.texts import TextField
from hourhook.domain.listings import Listing
from hourhook.domain.oauth import applications as registry
from hourhook.domain.oauth import redirects, revoking
from hourhook.domain.oauth.applications import NewApplication
from hourhook.domain.pages import Page, Pagination
from hourhook.errors import NotFound
from hourhook.store.schema import applications, authorizations
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction

Url = Annotated[str, TextField(redirects.MAX_LENGTH, is_single_line=True)]


class ApplicationCreate(Inputs):
    """An application to register."""

    required: ClassVar = ("name", "site_url", "callback_url")
    name: Annotated[str, registry.NAME] | UnsetType = UNSET
    site_url: Url | UnsetType = UNSET
    callback_url: Url | UnsetType = UNSET
    is_public: Boolean | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class OwnApplication:
    """An application of the account, and how many of its users have let it in."""

    id: int
    client_id: str
    name: str
    site_url: str
    callback_url: str
    is_public: bool
    created_at: int
    authorizations: int


def list_page(tx: Transaction, caller: Caller, pagination: Pagination) -> Page[OwnApplication]:
    """List the applications of the account, newest first; raises ``Forbidden``."""
    caller.require_role("supervisor")
    rows, total = _LISTING.read(tx, caller, pagination, {})
    return Page([_represent(row) for row in rows], total)


def show(tx: Transaction, caller: Caller, id: int) -> OwnApplication:
    """Return an application of the account; raises ``Forbidden`` and ``NotFound``."""
    caller.require_role("supervisor")
    row = tx.one(_FIND, account=caller.account_id, id=id)
    if row is None:
        raise NotFound
    return _represent(row)


def register(tx: Transaction, caller: Caller, params: ApplicationCreate, errors: ValidationErrors) -> NewApplication:
    """Register an application for the users of the account; its secret is shown only here. Raises ``Forbidden``."""
    caller.require_role("supervisor")
    callback_url, is_public = params.callback_url or "", bool(params.is_public)
    for name, url in (("site_url", params.site_url or ""), ("callback_url", callback_url)):
        if not errors.has(name) and not registry.is_valid_url(url, is_callback=name == "callback_url"):
            errors.add(name, "invalid")
    if redirects.is_private_use(callback_url) and not is_public:
        errors.add("callback_url", "confidential")
    errors.raise_if_any()
    name, site_url = params.name or "", params.site_url or ""
    created = registry.store(tx, name, site_url, callback_url, is_public=is_public, account_id=caller.account_id)
    details = {"name": name, "site_url": site_url, "callback_url": callback_url, "is_public": is_public}
    record(tx, caller, "Application", created.id, "created", details)
    return created


def remove(tx: Transaction, caller: Caller, id: int) -> None:
    """Remove an application of the account, with all its authorizations and tokens; raises as ``show`` does."""
    found = show(tx, caller, id)
    # First, so that a user who lets it in at this moment is refused.
    registry.mark_revoked(tx, found.client_id)
    revoking.revoke_for_application(tx, id)
    registry.remove(tx, id)
    record(tx, caller, "Application", id, "deleted", {"name": found.name})


def _represent(row: Row) -> OwnApplication:
    return OwnApplication(
        row.id,
        row.client_id,
        row.name,
        row.site_url,
        row.callback_url,
        row.secret_hash is None,
        row.created_at,
        row.authorizations,
    )


_OWN = (applications.c.account_id == bindparam("account")) & applications.c.revoked_at.is_(None)
_ROWS = select(
    applications.c.id,
    applications.c.client_id,
    applications.c.name,
    applications.c.site_url,
    applications.c.callback_url,
    applications.c.secret_hash,
    applications.c.created_at,
    select(func.count())
    .select_from(authorizations)
    .where(
        authorizations.c.account_id == bindparam("account"),
        authorizations.c.application_id == applications.c.id,
        authorizations.c.code_used_at.is_not(None),
    )
    .scalar_subquery()
    .label("authorizations"),
).where(_OWN)
_FIND = Statement(_ROWS.where(applications.c.id == bindparam("id")))
_LISTING = Listing(
    rows=_ROWS,
    count_query=select(func.count()).select_from(applications).where(_OWN),
    id=applications.c.id,
    order=(applications.c.id.desc(),),
    visible=lambda _: true(),
    conditions={},
)
