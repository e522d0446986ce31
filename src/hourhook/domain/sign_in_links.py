"""Links that sign their bearer in without a password, until they expire or the password changes.

Only the command line makes them, so nobody can be led into the account of somebody else by one.
"""

from hmac import compare_digest

from hourhook.clock import SECOND
from hourhook.crypto import Keyring
from hourhook.domain.inputs.numbers import MAX_ID
from hourhook.domain.sign_ins import Candidate, find_candidate
from hourhook.store.transaction import Transaction

PREFIX = "/sign_in/link/"
_MAX_DIGITS = 18


def make_path(tx: Transaction, keyring: Keyring, account_id: int, user_id: int, lifetime_seconds: int) -> str:
    """Return the path of a link for a user, who must have a password."""
    candidate = find_candidate(tx, account_id, user_id)
    assert candidate is not None
    return PREFIX + _code(keyring, candidate, tx.started_at // SECOND + lifetime_seconds)


def find_user(tx: Transaction, keyring: Keyring, code: str) -> Candidate | None:
    """Return the user of a link; None if it is invalid or has expired, or the user can no longer sign in."""
    numbers = code.split("-")[:3]
    if len(numbers) < 3 or not all(map(_is_number, numbers)):
        return None
    account_id, user_id, expires_at = map(int, numbers)
    if max(account_id, user_id) > MAX_ID:
        return None
    candidate = find_candidate(tx, account_id, user_id)
    if candidate is None or not compare_digest(code.encode(), _code(keyring, candidate, expires_at).encode()):
        return None
    return candidate if tx.started_at < expires_at * SECOND else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _code(keyring: Keyring, candidate: Candidate, expires_at: int) -> str:
    numbers = f"{candidate.account_id}-{candidate.user_id}-{expires_at}"
    return f"{numbers}-{keyring.sign('sign-in link', f'{numbers}-{candidate.password_hash}')[:32]}"
