"""Let users create, list and revoke their own personal access tokens (``docs/api/conventions.md#authentication``)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from sqlalchemy import bindparam, delete, func, select, true

from hourhook.domain import tokens as access_tokens
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.listings import Listing
from hourhook.domain.pages import Page, Pagination
from hourhook.errors import NotFound
from hourhook.store.schema import tokens
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction


class TokenCreate(Inputs):
    """A personal access token to create."""

    required: ClassVar = ("name",)
    name: Annotated[Name, "What it is for. Need not be unique."] | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A personal access token, of which only the hash is stored."""

    id: int
    name: str | None
    created_at: int
    last_used_at: int | None


def list_page(tx: Transaction, caller: Caller, pagination: Pagination) -> Page[PersonalToken]:
    """List the caller's personal access tokens, newest first."""
    rows, total = _LISTING.read(tx, caller, pagination, {})
    return Page([PersonalToken(row.id, row.name, row.created_at, row.last_used_at) for row in rows], total)


def create(tx: Transaction, caller: Caller, params: TokenCreate, errors: ValidationErrors) -> str:
    """Create a token of the caller, and return it in plain text; it cannot be shown again."""
    errors.raise_if_any()
    return access_tokens.create(tx, caller.user_id, params.name or "", caller=caller)


def revoke(tx: Transaction, caller: Caller, id: int) -> None:
    """Revoke one of the caller's personal access tokens; raises ``NotFound``."""
    revoked = tx.one(_REVOKE, account=caller.account_id, me=caller.user_id, id=id)
    if revoked is None:
        raise NotFound
    record(tx, caller, "Token", id, "revoked", {"name": revoked.name, "user_id": caller.user_id})


_MINE = (
    (tokens.c.account_id == bindparam("account"))
    & (tokens.c.user_id == bindparam("me"))
    & tokens.c.authorization_id.is_(None)
)
_LISTING = Listing(
    rows=select(tokens.c.id, tokens.c.name, tokens.c.created_at, tokens.c.last_used_at).where(_MINE),
    count_query=select(func.count()).select_from(tokens).where(_MINE),
    id=tokens.c.id,
    order=(tokens.c.id.desc(),),
    visible=lambda _: true(),
    conditions={},
)
_REVOKE = Statement(delete(tokens).where(_MINE, tokens.c.id == bindparam("id")).returning(tokens.c.name))
