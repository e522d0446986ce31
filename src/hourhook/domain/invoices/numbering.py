"""Default references of invoices, and the share tokens of their public pages."""

import re
import secrets

from sqlalchemy import bindparam, func, select

from hourhook.store.schema import invoices
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

FIRST_REFERENCE = "0001"
_BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
TOKEN_LENGTH = 25


def next_reference(tx: Transaction, account_id: int) -> str:
    """Increment the newest reference that ends in a number."""
    newest = tx.value(_NEWEST, account=account_id)
    return FIRST_REFERENCE if newest is None else increment_reference(newest)


def increment_reference(reference: str) -> str:
    """Increment the number at the end, keeping its width: ``NW-0100`` follows ``NW-0099``."""
    [digits] = re.findall(r"[0-9]+\Z", reference)
    return f"{reference.removesuffix(digits)}{int(digits) + 1:0{len(digits)}}"


def new_share_token() -> str:
    """Generate a random token of 129 bits."""
    return "".join(secrets.choice(_BASE_36) for _ in range(TOKEN_LENGTH))


_last_character = func.substr(invoices.c.reference, func.length(invoices.c.reference), 1)

_NEWEST = Statement(
    select(invoices.c.reference)
    .where(invoices.c.account_id == bindparam("account"), _last_character.between("0", "9"))
    .order_by(invoices.c.id.desc())
    .limit(1)
)
