"""The reference that an invoice gets where none is given, and the token that opens its public page."""

import re
import secrets

from sqlalchemy import bindparam, func, select

from hourhook.store.schema import invoices
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

FIRST_REFERENCE = "0001"
_BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
# 129 bits.
TOKEN_LENGTH = 25


def next_reference(tx: Transaction) -> str:
    """One more than the newest reference that ends in a number, with as many zeros before it."""
    newest = tx.value(_NEWEST, account=tx.account_id)
    return FIRST_REFERENCE if newest is None else increment_reference(newest)


def increment_reference(reference: str) -> str:
    """The same with the number at its end increased by one: ``NW-0100`` after ``NW-0099``."""
    [digits] = re.findall(r"[0-9]+\Z", reference)
    return f"{reference.removesuffix(digits)}{int(digits) + 1:0{len(digits)}}"


def new_share_token() -> str:
    """A token that nobody guesses."""
    return "".join(secrets.choice(_BASE_36) for _ in range(TOKEN_LENGTH))


_last_character = func.substr(invoices.c.reference, func.length(invoices.c.reference), 1)

_NEWEST = Statement(
    select(invoices.c.reference)
    .where(invoices.c.account_id == bindparam("account"), _last_character.between("0", "9"))
    .order_by(invoices.c.id.desc())
    .limit(1)
)
