"""Remember the accounts of tokens, so that a write begins by locking its account, without a read before it.

The transaction of the write authenticates the token, so a token that was revoked meanwhile is refused all the same.
"""

from collections import OrderedDict

from hourhook.domain.callers import Caller, hash_token

MAX_TOKENS = 10_000


class TokenAccounts:
    """The accounts of the tokens that were used last. A token never changes its account."""

    def __init__(self) -> None:
        # By the hash of the token: tokens themselves are not kept in memory.
        self._accounts: OrderedDict[str, int] = OrderedDict()

    def find(self, token: str) -> int | None:
        """Return the account of a token, or None if it is not known."""
        return self._accounts.get(hash_token(token)) if token.isascii() else None

    def remember(self, token: str, caller: Caller) -> None:
        key = hash_token(token)
        self._accounts[key] = caller.account_id
        self._accounts.move_to_end(key)
        if len(self._accounts) > MAX_TOKENS:
            self._accounts.popitem(last=False)

    def forget(self, token: str) -> None:
        if token.isascii():
            self._accounts.pop(hash_token(token), None)
